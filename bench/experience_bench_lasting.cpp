// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The experience store under changes that do not end. Rows:
//
//   churn/10, churn/short      all of it replaced ten times and twice: the oldest are removed, new
//                              ones stored; time is until the graph knows of the last change
//   ingest/sustained, /short   one thread stores as fast as it can for 60 and 5 s while another
//                              searches, and the graph is linked in the background
//
// Vectors are windows of recorded images, and made ones where those are not at hand; in the short
// rows always made ones.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "experience_rows.hpp"
#include "experience_stored_set.hpp"
#include "frys/index/vector_index.hpp"
#include "support/exact_neighbours.hpp"

namespace frys::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t effort = 64;
constexpr std::size_t changed_at_once = 250;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

ExperienceStore fresh_store() {
  const std::string path = scratch_folder() + "/lasting";
  std::filesystem::remove_all(path);
  return open_store(path);
}

/// The experience `i`, again and again over the set, but never the same.
Experience numbered(const VectorSet& set, std::size_t i) {
  Experience e = experience_of(set, i % set.size());
  e.started_at_ns = static_cast<std::int64_t>(i);
  return e;
}

/// Vectors that are not in the graph yet.
std::uint64_t lag_of(const ExperienceStoreStats& stats) {
  return stats.experiences + stats.removed - stats.indexed;
}

/// Waits until the graph knows of all changes, but the few it does not begin for, and the process
/// rests.
void wait_until_settled(const ExperienceStore& store) {
  for (ExperienceStoreStats stats = store.stats();
       lag_of(stats) >= 256 || stats.removed > 512 + stats.experiences / 8; stats = store.stats()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  wait_until_quiet();
}

/// In bytes, as the system counts: `VmRSS`, or `VmHWM`, the most since `forget_most_resident`.
double resident_bytes(const std::string& which) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kibibytes = 0;
    if (word == which + ":" && status >> kibibytes) return kibibytes * 1024;
  }
  fail("/proc/self/status has no " + which);
}
void forget_most_resident() { std::ofstream("/proc/self/clear_refs") << 5; }

// ---- churn -----------------------------------------------------------------------------------

/// A store whose oldest are replaced: it holds the experiences [oldest, newest).
class Churned {
 public:
  explicit Churned(const VectorSet& set) : set_(set), store_(fresh_store()) {}

  void add(std::size_t count) {
    std::vector<Experience> some;
    for (std::size_t i = 0; i < count; ++i) some.push_back(numbered(set_, ids_.size() + i));
    const auto ids = store_.store_many(some);
    if (!ids) fail(ids.error().to_string());
    ids_.insert(ids_.end(), ids->begin(), ids->end());
  }
  void replace(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const Status status = store_.remove(ids_[oldest_++]);
      if (!status.ok()) fail(status.to_string());
    }
    add(count);
    most_bytes_ = std::max(most_bytes_, bytes_per_live());
  }
  void settle() const { wait_until_settled(store_); }
  /// The share of true neighbours that is found.
  [[nodiscard]] double recall() const {
    const std::span live =
        std::span(set_.vectors)
            .subspan(oldest_ * set_.dimension, (ids_.size() - oldest_) * set_.dimension);
    const std::vector<double> truth =
        kth_distances(set_.metric, live, set_.queries, set_.dimension, neighbours);
    std::size_t hits = 0;
    for (std::size_t q = 0; q < truth.size(); ++q) {
      const auto matches = store_.find_similar(plain_query(set_.query(q), effort));
      if (!matches) fail(matches.error().to_string());
      for (const Match& match : *matches) {
        const auto found = static_cast<std::size_t>(match.started_at_ns);
        if (found < oldest_) fail("a removed experience was found");
        const double distance = exact_distance(set_.metric, set_.query(q).data(),
                                               set_.vector(found).data(), set_.dimension);
        if (is_hit(set_.metric, distance, truth[q])) ++hits;
      }
    }
    return static_cast<double>(hits) / static_cast<double>(truth.size() * neighbours);
  }
  [[nodiscard]] double bytes_per_live() const {
    const ExperienceStoreStats stats = store_.stats();
    return static_cast<double>(stats.index_bytes) / static_cast<double>(stats.experiences);
  }
  [[nodiscard]] double most_bytes_per_live() const { return most_bytes_; }

 private:
  const VectorSet& set_;
  ExperienceStore store_;
  std::vector<ExperienceId> ids_;
  std::size_t oldest_ = 0;
  double most_bytes_ = 0;
};

void churn_row(benchmark::State& state, std::size_t live, std::size_t rounds, bool recorded) {
  const VectorSet set = vectors_to_store(live * (rounds + 1), recorded);
  Churned churned(set);
  for (std::size_t added = 0; added < live; added += changed_at_once) churned.add(changed_at_once);
  churned.settle();
  state.counters["recall_before"] = churned.recall();
  state.counters["bytes_per_live_before"] = churned.bytes_per_live();
  const double resident = resident_bytes("VmRSS");
  forget_most_resident();
  for ([[maybe_unused]] auto _ : state) {
    for (std::size_t done = 0; done < live * rounds; done += changed_at_once) {
      churned.replace(changed_at_once);
    }
    churned.settle();
  }
  // That is of all memory of the process, the set's vectors included.
  state.counters["resident_grew_most_per_live"] =
      (resident_bytes("VmHWM") - resident) / static_cast<double>(live);
  state.counters["resident_grew_per_live"] =
      (resident_bytes("VmRSS") - resident) / static_cast<double>(live);
  state.counters["bytes_per_live_most"] = churned.most_bytes_per_live();
  state.counters["bytes_per_live_after"] = churned.bytes_per_live();
  state.counters["recall_after"] = churned.recall();
  state.SetItemsProcessed(static_cast<std::int64_t>(live * rounds * 2));
}

// ---- ingest ----------------------------------------------------------------------------------

/// Microseconds of single calls.
class Latencies {
 public:
  template <typename F>
  void measure(F&& call) {
    const auto start = SteadyClock::now();
    call();
    taken_us_.push_back(seconds_since(start) * 1e6);
  }
  /// That many hundredths took no longer.
  double percentile(std::size_t percent) {
    const std::size_t place = std::min(taken_us_.size() * percent / 100, taken_us_.size() - 1);
    std::nth_element(taken_us_.begin(), taken_us_.begin() + static_cast<std::ptrdiff_t>(place),
                     taken_us_.end());
    return taken_us_[place];
  }
  [[nodiscard]] std::size_t count() const { return taken_us_.size(); }

 private:
  std::vector<double> taken_us_;
};

/// Asks until `done` says so.
template <typename F>
Latencies ask(const ExperienceStore& store, const VectorSet& set, F&& done) {
  Latencies latencies;
  for (std::size_t q = 0; latencies.count() == 0 || !done(); q = (q + 1) % set.query_count()) {
    latencies.measure([&] {
      const auto matches = store.find_similar(plain_query(set.query(q), effort));
      if (!matches) fail(matches.error().to_string());
    });
  }
  return latencies;
}

Latencies ask_for(const ExperienceStore& store, const VectorSet& set, double seconds) {
  const auto start = SteadyClock::now();
  return ask(store, set, [&] { return seconds_since(start) >= seconds; });
}

struct Ingest {
  std::size_t stored = 0;
  double seconds = 0;
  double mean_lag = 0;
  std::uint64_t most_lag = 0;
  Latencies writes;
  Latencies reads;
};

/// Stores what follows the first `stored` for so many seconds; this thread looks on.
Ingest ingest(ExperienceStore& store, const VectorSet& set, std::size_t stored, double seconds) {
  Ingest result;
  std::atomic<bool> done{false};
  const auto start = SteadyClock::now();
  std::thread writer([&] {
    while (seconds_since(start) < seconds) {
      Experience next = numbered(set, stored + result.stored);
      result.writes.measure([&] {
        const auto id = store.store(std::move(next));
        if (!id) fail(id.error().to_string());
      });
      ++result.stored;
    }
    result.seconds = seconds_since(start);
    done.store(true);
  });
  std::thread reader([&] { result.reads = ask(store, set, [&] { return done.load(); }); });
  std::size_t samples = 0;
  for (double sum = 0; !done.load(); std::this_thread::sleep_for(std::chrono::milliseconds(1))) {
    const std::uint64_t lag = lag_of(store.stats());
    sum += static_cast<double>(lag);
    result.mean_lag = sum / static_cast<double>(++samples);
    result.most_lag = std::max(result.most_lag, lag);
  }
  writer.join();
  reader.join();
  return result;
}

/// Vectors a second that one thread links, of the first `count`, with the store's options.
double build_rate(const VectorSet& set, std::size_t count) {
  VectorIndexOptions options;
  options.dimension = set.dimension;
  options.metric = set.metric;
  options.links = stored_links;
  options.build_effort = stored_build_effort;
  options.max_vectors = count;
  Result<VectorIndex> index = VectorIndex::create(options);
  if (!index) fail(index.error().to_string());
  const auto start = SteadyClock::now();
  for (std::size_t from = 0; from < count; from += set.size()) {
    const std::size_t some = std::min(count - from, set.size());
    const auto added = index->add(std::span(set.vectors).first(some * set.dimension));
    if (!added) fail(added.error().to_string());
  }
  return static_cast<double>(count) / seconds_since(start);
}

void ingest_row(benchmark::State& state, double seconds, std::size_t most, bool recorded) {
  constexpr std::size_t at_first = 20'000;
  const VectorSet set = vectors_to_store(most, recorded);
  ExperienceStore store = fresh_store();
  for (std::size_t i = 0; i < at_first; i += changed_at_once) {
    std::vector<Experience> some;
    for (std::size_t j = i; j < i + changed_at_once; ++j) some.push_back(numbered(set, j));
    const auto ids = store.store_many(some);
    if (!ids) fail(ids.error().to_string());
  }
  wait_until_settled(store);
  const double idle_seconds = std::min(seconds / 5, 3.0);
  Latencies idle = ask_for(store, set, idle_seconds);
  Ingest result;
  for ([[maybe_unused]] auto _ : state) result = ingest(store, set, at_first, seconds);
  wait_until_settled(store);
  Latencies after = ask_for(store, set, idle_seconds);
  const double rate = static_cast<double>(result.stored) / result.seconds;
  state.counters["stored_per_second"] = rate;
  state.counters["share_of_build_rate"] = rate / build_rate(set, at_first + result.stored);
  state.counters["lag_mean"] = result.mean_lag;
  state.counters["lag_most"] = static_cast<double>(result.most_lag);
  state.counters["write_p50_us"] = result.writes.percentile(50);
  state.counters["write_p99_us"] = result.writes.percentile(99);
  state.counters["write_most_us"] = result.writes.percentile(100);
  state.counters["p50_us_idle"] = idle.percentile(50);
  state.counters["p99_us_idle"] = idle.percentile(99);
  state.counters["p50_us"] = result.reads.percentile(50);
  state.counters["p99_us"] = result.reads.percentile(99);
  // Of the store as it is then, with all that was stored.
  state.counters["p50_us_after"] = after.percentile(50);
  state.counters["p99_us_after"] = after.percentile(99);
}

}  // namespace

void add_lasting_rows(bool full) {
  const auto add = [](const char* name, auto... row) {
    benchmark::RegisterBenchmark(name, row...)
        ->Unit(benchmark::kMillisecond)
        ->UseRealTime()
        ->Iterations(1);
  };
  add("churn/short/frys", churn_row, 2'000, 2, false);
  add("ingest/short/frys", ingest_row, 5, 60'000, false);
  if (!full) return;
  add("churn/10/frys", churn_row, 20'000, 10, true);
  add("ingest/sustained/frys", ingest_row, 60, 750'000, true);
}

}  // namespace frys::bench
