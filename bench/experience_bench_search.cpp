// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// search/<set>@<recall>/<who>, build/<set>/<who>, memory/<set>/<who>: `VectorIndex` beside hnswlib
// and faiss, one thread, the same M and ef_construction. frys searches with the least effort (ef)
// that reaches the recall, a peer with the least whose recall is not below that of frys there.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "experience_index.hpp"
#include "experience_rows.hpp"
#include "frys/core/machine.hpp"
#include "support/exact_neighbours.hpp"

namespace frys::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::array<const char*, 4> recalls = {"0.9", "0.95", "0.99", "0.995"};
constexpr std::size_t max_effort = 4096;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

/// The share of true neighbours that are found.
double recall_at(SearchIndex& index, const VectorSet& set, std::size_t effort) {
  std::array<std::uint32_t, neighbours> found;
  std::size_t hits = 0;
  for (std::size_t q = 0; q < set.query_count(); ++q) {
    const std::size_t count = index.search(set.query(q), effort, found);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t* at = found.data() + i;
      if (std::find<const std::uint32_t*>(found.data(), at, *at) != at)
        continue;  // A neighbour counts once.
      const double distance = exact_distance(set.metric, set.query(q).data(),
                                             set.vector(found[i]).data(), set.dimension);
      if (is_hit(set.metric, distance, set.kth_distances[q])) ++hits;
    }
  }
  return static_cast<double>(hits) / static_cast<double>(set.query_count() * neighbours);
}

struct Tuned {
  std::size_t effort = 0;
  double recall = 0;
};

/// A graph, and what recall it was seen to have at which effort.
struct Built {
  std::unique_ptr<SearchIndex> index;
  std::map<std::size_t, double> recalls;

  double recall(const VectorSet& set, std::size_t effort) {
    const auto known = recalls.find(effort);
    if (known != recalls.end()) return known->second;
    return recalls[effort] = recall_at(*index, set, effort);
  }
  /// The least effort that reaches `wanted`, by halving; the greatest where none does.
  Tuned tune(const VectorSet& set, double wanted) {
    std::size_t below = neighbours - 1;
    std::size_t enough = neighbours;
    while (recall(set, enough) < wanted) {
      if (enough == max_effort) return {enough, recall(set, enough)};
      below = enough;
      enough = std::min(2 * enough, max_effort);
    }
    while (enough - below > 1) {
      const std::size_t middle = below + (enough - below) / 2;
      (recall(set, middle) < wanted ? below : enough) = middle;
    }
    return {enough, recall(set, enough)};
  }
};

/// A set with its graphs.
struct Loaded {
  VectorSet set;
  std::map<std::string, Built> built;
};

/// All sets that rows ran on: repetitions come back to them in any order.
class Workbench {
 public:
  explicit Workbench(const BenchCache& cache) : cache_(cache) {}

  Loaded& use(const SetSource& source) {
    const auto known = sets_.find(source.name);
    if (known != sets_.end()) return known->second;
    Result<VectorSet> made = source.make();
    if (!made) fail("no set " + source.name + ": " + std::string(made.error().message()));
    return sets_[source.name] = Loaded{std::move(*made), {}};
  }
  /// Built before, in this run or in an earlier one, or built now.
  Built& built(Loaded& loaded, const Contender& contender) {
    Built& known = loaded.built[contender.who];
    if (known.index != nullptr) return known;
    known.index = kept(loaded.set, contender);
    return known.index != nullptr
               ? known
               : take(loaded, contender, contender.build(loaded.set, machine().cores));
  }
  /// Takes a graph of the set over, and keeps it for later runs.
  Built& take(Loaded& loaded, const Contender& contender, std::unique_ptr<SearchIndex> index) {
    Built& known = loaded.built[contender.who] = Built{std::move(index), {}};
    const std::string name = key(loaded.set, contender);
    if (!contender.load || cache_.find(name)) return known;
    const Status written = cache_.keep(name, [&](const std::string& path) {
      try {
        known.index->save(path);
      } catch (const std::exception& error) {
        return Status(ErrorCode::io_error, error.what());
      }
      return Status();
    });
    if (!written.ok()) std::fprintf(stderr, "experience_bench: %s\n", written.to_string().c_str());
    return known;
  }

 private:
  static std::string key(const VectorSet& set, const Contender& contender) {
    char text[96];
    std::snprintf(text, sizeof(text), "%s-m%zu-ef%zu-%016llx", contender.who.c_str(), graph_links,
                  build_effort, static_cast<unsigned long long>(set.content_hash));
    return text;
  }
  std::unique_ptr<SearchIndex> kept(const VectorSet& set, const Contender& contender) const {
    if (!contender.load) return nullptr;
    const std::optional<std::string> path = cache_.find(key(set, contender));
    if (!path) return nullptr;
    try {
      return contender.load(set, *path);
    } catch (const std::exception&) {
      cache_.forget(key(set, contender));  // Of another version of the peer, say.
      return nullptr;
    }
  }

  const BenchCache cache_;
  std::map<std::string, Loaded> sets_;
};

/// What this thread computed: a search never waits, and what other processes take is not its own.
double thread_seconds() {
  timespec now;
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// The time of a query: the median over passes through all of them.
double median_pass_s(SearchIndex& index, const VectorSet& set, std::size_t effort) {
  std::array<std::uint32_t, neighbours> found;
  std::vector<double> passes;
  const auto begin = SteadyClock::now();
  while (passes.size() < 3 || (passes.size() < 101 && seconds_since(begin) < 0.4)) {
    const double pass = thread_seconds();
    for (std::size_t q = 0; q < set.query_count(); ++q) {
      benchmark::DoNotOptimize(index.search(set.query(q), effort, found));
    }
    passes.push_back(thread_seconds() - pass);
  }
  const auto middle = passes.begin() + static_cast<std::ptrdiff_t>(passes.size() / 2);
  std::nth_element(passes.begin(), middle, passes.end());
  return *middle / static_cast<double>(set.query_count());
}

/// By the clock, of single queries, sorted, in µs: apart from the passes, which no clock slows.
std::vector<double> latencies_us(SearchIndex& index, const VectorSet& set, std::size_t effort) {
  std::array<std::uint32_t, neighbours> found;
  std::vector<double> latencies;
  const auto begin = SteadyClock::now();
  while (latencies.empty() || (latencies.size() < 5'000 && seconds_since(begin) < 0.4)) {
    for (std::size_t q = 0; q < set.query_count(); ++q) {
      const auto start = SteadyClock::now();
      benchmark::DoNotOptimize(index.search(set.query(q), effort, found));
      latencies.push_back(seconds_since(start) * 1e6);
    }
  }
  std::sort(latencies.begin(), latencies.end());
  return latencies;
}

struct IndexRows {
  Workbench bench;
  std::vector<Contender> contenders = {frys_contender(), hnswlib_contender(), faiss_contender()};

  const Contender& frys() const { return contenders.front(); }
};

/// What is thrown fails the row.
template <typename Row>
void guarded(benchmark::State& state, Row&& row) {
  try {
    row();
  } catch (const std::exception& error) {
    state.SkipWithError(error.what());
  }
}

void search_row(benchmark::State& state, IndexRows& rows, const SetSource& source,
                const Contender& contender, double wanted) {
  Loaded& loaded = rows.bench.use(source);
  const VectorSet& set = loaded.set;
  const Tuned ours = rows.bench.built(loaded, rows.frys()).tune(set, wanted);
  Built& built = rows.bench.built(loaded, contender);
  // Where frys does not get there, its peers still may.
  const double aim = contender.who == "frys" ? wanted : std::max(wanted, ours.recall);
  const Tuned tuned = built.tune(set, aim);
  if (tuned.recall < aim) {
    char text[96];
    std::snprintf(text, sizeof(text), "recall %.4f, not %.4f, at the greatest effort, %zu",
                  tuned.recall, aim, tuned.effort);
    return state.SkipWithError(text);
  }
  for ([[maybe_unused]] auto _ : state) {
    state.SetIterationTime(median_pass_s(*built.index, set, tuned.effort));
  }
  const std::vector<double> latencies = latencies_us(*built.index, set, tuned.effort);
  state.counters["recall"] = tuned.recall;
  state.counters["effort"] = static_cast<double>(tuned.effort);
  state.counters["p50_us"] = latencies[latencies.size() / 2];
  state.counters["p99_us"] = latencies[latencies.size() * 99 / 100];
}

void build_row(benchmark::State& state, IndexRows& rows, const SetSource& source,
               const Contender& contender) {
  Loaded& loaded = rows.bench.use(source);
  for ([[maybe_unused]] auto _ : state) {
    std::unique_ptr<SearchIndex> index = contender.build(loaded.set, 1);
    state.PauseTiming();
    rows.bench.take(loaded, contender, std::move(index));
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(loaded.set.size()));
}

void memory_row(benchmark::State& state, IndexRows& rows, const SetSource& source,
                const Contender& contender) {
  Loaded& loaded = rows.bench.use(source);
  const SearchIndex& index = *rows.bench.built(loaded, contender).index;
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(index.bytes());
  state.counters["bytes_per_vector"] =
      static_cast<double>(index.bytes()) / static_cast<double>(loaded.set.size());
}

void add_set(const std::shared_ptr<IndexRows>& rows, const SetSource& source, bool full) {
  const auto add = [&](const std::string& name, auto&& row) {
    return benchmark::RegisterBenchmark(
        name.c_str(), [row](benchmark::State& state) { guarded(state, [&] { row(state); }); });
  };
  for (const Contender& contender : rows->contenders) {
    if (source.large && contender.builds_slowly && !full) continue;
    add("build/" + source.name + "/" + contender.who,
        [=, &contender](benchmark::State& state) { build_row(state, *rows, source, contender); })
        ->Unit(benchmark::kMillisecond)
        ->UseRealTime()
        ->Iterations(1);
  }
  for (const char* recall : recalls) {
    for (const Contender& contender : rows->contenders) {
      add("search/" + source.name + "@" + recall + "/" + contender.who,
          [=, &contender](benchmark::State& state) {
            search_row(state, *rows, source, contender, std::atof(recall));
          })
          ->Unit(benchmark::kMicrosecond)
          ->UseManualTime()
          ->Iterations(1);
    }
  }
  for (const Contender& contender : rows->contenders) {
    add("memory/" + source.name + "/" + contender.who, [=, &contender](benchmark::State& state) {
      memory_row(state, *rows, source, contender);
    })->Iterations(1);
  }
}

}  // namespace

std::vector<float> unit_vectors(std::span<const float> vectors, std::size_t dimension) {
  std::vector<float> units(vectors.begin(), vectors.end());
  for (std::size_t at = 0; at < units.size(); at += dimension) {
    double squares = 0;
    for (std::size_t d = 0; d < dimension; ++d) squares += units[at + d] * units[at + d];
    if (squares == 0) continue;
    const auto scale = static_cast<float>(1 / std::sqrt(squares));
    for (std::size_t d = 0; d < dimension; ++d) units[at + d] *= scale;
  }
  return units;
}

void add_index_rows(const std::vector<SetSource>& sets, const BenchCache& cache, bool full) {
  const auto rows = std::make_shared<IndexRows>(IndexRows{Workbench(cache)});
  for (const SetSource& source : sets) add_set(rows, source, full);
}

}  // namespace frys::bench
