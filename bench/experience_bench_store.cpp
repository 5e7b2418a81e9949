// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The experience store, beside RocksDB alone where it only writes. Rows:
//
//   store/1, store/64                 one experience a call, 64 a call, buffered, in bursts between
//                                     which the graph catches up; RocksDB puts the same bytes under
//                                     the same keys in one batch a call
//   open/empty, open/clean, open/killed  until the store answers its first query: one that is made,
//                                     one of 100,000 that was closed, and one that was not
//   build/store-<n>/frys              from opening the store of n until each vector is linked
//   find_similar/<set>@<recall>/frys  the public call, ranking off, at the least effort that
//                                     reaches the recall

#include <benchmark/benchmark.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "experience_rows.hpp"
#include "experience_stored_set.hpp"
#include "frys/experience/experience_store.hpp"
#include "frys/scheduler/thread_pool.hpp"
#include "support/exact_neighbours.hpp"
#include "support/temporary_folder.hpp"

namespace frys::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;
namespace fs = std::filesystem;

constexpr double wanted_recall = 0.95;

/// The share of true neighbours found at `ef`.
double measure_recall(const ExperienceStore& store, const VectorSet& set, std::size_t ef) {
  std::size_t hits = 0;
  for (std::size_t q = 0; q < set.query_count(); ++q) {
    const auto matches = store.find_similar(plain_query(set.query(q), ef));
    if (!matches) fail(matches.error().to_string());
    for (const Match& match : *matches) {
      const float* found = set.vector(match.sequence - 1).data();
      const double distance = exact_distance(set.metric, set.query(q).data(), found, set.dimension);
      if (is_hit(set.metric, distance, set.kth_distances[q])) ++hits;
    }
  }
  return static_cast<double>(hits) / static_cast<double>(set.query_count() * neighbours);
}

/// The least ef of a grid whose recall is enough, and that recall.
std::pair<std::size_t, double> least_ef(const ExperienceStore& store, const VectorSet& set) {
  double recall = 0;
  for (std::size_t ef = neighbours; ef <= 2048; ef += std::max<std::size_t>(2, ef / 8)) {
    recall = measure_recall(store, set, ef);
    if (recall >= wanted_recall) return {ef, recall};
  }
  return {2048, recall};
}

void find_similar_row(benchmark::State& state, std::size_t count) {
  const VectorSet& set = clustered(count);
  const ExperienceStore store = open_store(stored_set(count));
  wait_until_linked(store);
  wait_until_quiet();
  const auto [ef, recall] = least_ef(store, set);
  SimilarityQuery query = plain_query(set.query(0), ef);
  std::vector<double> latencies_us;
  std::size_t q = 0;
  for ([[maybe_unused]] auto _ : state) {
    const auto start = SteadyClock::now();
    query.vector.assign(set.query(q).begin(), set.query(q).end());
    benchmark::DoNotOptimize(store.find_similar(query));
    latencies_us.push_back(
        std::chrono::duration<double, std::micro>(SteadyClock::now() - start).count());
    q = (q + 1) % set.query_count();
  }
  std::sort(latencies_us.begin(), latencies_us.end());
  state.counters["recall"] = recall;
  state.counters["effort"] = static_cast<double>(ef);
  state.counters["p50_us"] = latencies_us[latencies_us.size() / 2];
  state.counters["p99_us"] = latencies_us[latencies_us.size() * 99 / 100];
}

void build_row(benchmark::State& state, std::size_t count) {
  const std::string path = stored_set(count);
  for (auto _ : state) {
    fs::remove_all(path + "/graph");
    const ExperienceStore store = open_store(path);
    wait_until_linked(store);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(count));
}

void open_row(benchmark::State& state, const std::function<std::string()>& folder,
              std::size_t count) {
  for (auto _ : state) {
    state.PauseTiming();
    const std::string path = folder();
    state.ResumeTiming();
    ExperienceStore store = open_store(path);
    if (count > 0) {
      const auto matches = store.find_similar(plain_query(clustered(count).query(0), 64));
      if (!matches) fail(matches.error().to_string());
    }
    state.PauseTiming();
    (void)store.close();
    state.ResumeTiming();
  }
}

/// So many that no writer has to wait for the graph, which catches up before the next.
constexpr std::size_t burst = 192;

/// Nothing is linked before there are 1,024.
void wait_until_few_wait(const ExperienceStore& store) {
  while (store.size() > 1'024 && store.stats().indexed + 256 <= store.size()) {
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

/// Experiences to store, each different from all stored before.
class Supply {
 public:
  explicit Supply(std::size_t batch) : set_(clustered(2'000)), batch_(batch) {}
  const std::vector<Experience>& next() {
    if (cut_ == chunks_.size()) refill();
    return chunks_[cut_++];
  }
  [[nodiscard]] bool empty() const { return cut_ == chunks_.size(); }
  void refill() {
    chunks_.assign(burst / batch_, {});
    cut_ = 0;
    for (std::vector<Experience>& chunk : chunks_) {
      for (std::size_t i = 0; i < batch_; ++i) {
        chunk.push_back(experience_of(set_, number_ % set_.size()));
        chunk.back().duration_ns = static_cast<std::int64_t>(number_++);
      }
    }
  }

 private:
  const VectorSet& set_;
  std::size_t batch_;
  std::vector<std::vector<Experience>> chunks_;
  std::size_t cut_ = 0;
  std::size_t number_ = 0;
};

void store_frys(benchmark::State& state, std::size_t batch) {
  const std::string path = scratch_folder() + "/store-" + std::to_string(batch);
  fs::remove_all(path);
  ExperienceStore store = open_store(path);
  Supply supply(batch);
  for (auto _ : state) {
    if (supply.empty()) {
      state.PauseTiming();
      supply.refill();
      wait_until_few_wait(store);
      state.ResumeTiming();
    }
    const auto ids = store.store_many(supply.next());
    if (!ids) fail(ids.error().to_string());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch));
}

/// The bytes that the store writes for one experience: row, vector, log entry.
struct PlainRow {
  std::string id, row, key, vector, entry;
};

void store_peer(benchmark::State& state, std::size_t batch) {
  const std::string path = scratch_folder() + "/plain-" + std::to_string(batch);
  fs::remove_all(path);
  rocksdb::Options options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.write_buffer_size = std::size_t{8} << 20;
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  rocksdb::DB* opened = nullptr;
  const rocksdb::ColumnFamilyOptions family(options);
  if (!rocksdb::DB::Open(
           options, path,
           {{"default", family}, {"rows", family}, {"vectors", family}, {"log", family}}, &families,
           &opened)
           .ok()) {
    fail("the peer's database can't be opened");
  }
  const std::unique_ptr<rocksdb::DB> db(opened);
  std::mt19937_64 random(1);
  std::vector<PlainRow> rows(4096);
  std::uint64_t sequence = 0;
  const auto renew = [&] {
    for (PlainRow& r : rows) {
      const std::uint64_t number = __builtin_bswap64(++sequence);
      r.key.assign(reinterpret_cast<const char*>(&number), sizeof(number));
      r.id.resize(16);
      for (char& c : r.id) c = static_cast<char>(random());
      r.row.resize(224 + stored_dimension * 4);
      r.vector.resize(4 + stored_dimension * 4);
      r.entry.resize(84);
      for (std::string* text : {&r.row, &r.vector, &r.entry}) {
        for (std::size_t i = 0; i + 8 <= text->size(); i += 8) {
          const std::uint64_t word = random();
          text->replace(i, 8, reinterpret_cast<const char*>(&word), 8);
        }
      }
    }
  };
  renew();
  std::size_t at = 0;
  for (auto _ : state) {
    if (at + batch > rows.size()) {
      state.PauseTiming();
      renew();
      at = 0;
      state.ResumeTiming();
    }
    rocksdb::WriteBatch writes;
    for (std::size_t i = 0; i < batch; ++i, ++at) {
      (void)writes.Put(families[1], rows[at].id, rows[at].row);
      (void)writes.Put(families[2], rows[at].key, rows[at].vector);
      (void)writes.Put(families[3], rows[at].key, rows[at].entry);
    }
    if (!db->Write(rocksdb::WriteOptions(), &writes).ok()) fail("the peer can't write");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch));
  for (rocksdb::ColumnFamilyHandle* handle : families) {
    (void)db->DestroyColumnFamilyHandle(handle);
  }
}

std::string short_count(std::size_t count) {
  return count % 1000 == 0 && count > 0 ? std::to_string(count / 1000) + "k"
                                        : std::to_string(count);
}

}  // namespace

void add_store_rows(bool full) {
  using benchmark::kMicrosecond;
  using benchmark::kMillisecond;
  using benchmark::RegisterBenchmark;
  for (const std::size_t batch : {std::size_t{1}, std::size_t{64}}) {
    const std::string name = "store/" + std::to_string(batch);
    RegisterBenchmark((name + "/frys").c_str(), store_frys, batch)->Unit(kMicrosecond);
    RegisterBenchmark((name + "/rocksdb").c_str(), store_peer, batch)->Unit(kMicrosecond);
  }
  constexpr std::size_t opened = 100'000;
  const auto empty = [round = 0]() mutable {
    return scratch_folder() + "/empty-" + std::to_string(round++);
  };
  const auto clean = [] { return stored_set(opened); };
  const auto killed = [] { return killed_set(opened); };
  const auto add_open = [](const char* name, auto folder, std::size_t count) {
    RegisterBenchmark(name, open_row, folder, count)->Unit(kMillisecond)->UseRealTime();
  };
  add_open("open/empty/frys", empty, 0);
  add_open("open/clean/frys", clean, opened);
  add_open("open/killed/frys", killed, opened);
  std::vector<std::size_t> sizes = {20'000};
  if (full) sizes.push_back(100'000);
  for (const std::size_t size : sizes) {
    const std::string count = short_count(size);
    RegisterBenchmark(("find_similar/clustered-" + count + "@0.95/frys").c_str(), find_similar_row,
                      size)
        ->Unit(kMicrosecond);
    RegisterBenchmark(("build/store-" + count + "/frys").c_str(), build_row, size)
        ->Unit(kMillisecond)
        ->UseRealTime()
        ->Iterations(1);
  }
}

}  // namespace frys::bench
