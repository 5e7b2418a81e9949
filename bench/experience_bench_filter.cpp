// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// filter/<percent>/<who>: one query for 10 neighbours among those of 100,000 experiences that a
// filter lets through, at the least effort whose recall is 0.95:
//
//   frys        the public call, ranking off
//   exact       every vector that is let through compared, and nothing else done
//   unfiltered  the public call without the filter, at the least effort for the same recall

#include <benchmark/benchmark.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "experience_rows.hpp"
#include "experience_stored_set.hpp"
#include "support/exact_neighbours.hpp"

namespace frys::bench {
namespace {

constexpr std::size_t count = 100'000;
constexpr std::size_t asked_queries = 200;
constexpr double wanted_recall = 0.95;

struct Share {
  const char* percent;
  std::function<void(SimilarityQuery&)> set_filter;
  std::function<bool(const Experience&)> lets_through;
};

std::vector<Share> shares() {
  const auto step = [](const char* name) {
    return std::pair{[name](SimilarityQuery& query) { query.step_type = name; },
                     [name](const Experience& e) { return e.step_type == name; }};
  };
  const auto [set_thousandth, is_thousandth] = step("thousandth");
  const auto [set_hundredth, is_hundredth] = step("hundredth");
  return {{"0.1", set_thousandth, is_thousandth},
          {"1", set_hundredth, is_hundredth},
          {"10", [](SimilarityQuery& query) { query.agent = "tenth"; },
           [](const Experience& e) { return e.agent == "tenth"; }},
          {"50", [](SimilarityQuery& query) { query.workflow = "half"; },
           [](const Experience& e) { return e.workflow == "half"; }}};
}

/// What is let through of the set, and how far the tenth nearest of it is.
struct Filtered {
  std::vector<std::size_t> let_through;
  std::vector<double> kth_distances;
};

Filtered filter_set(const VectorSet& set, const Share* share) {
  Filtered filtered;
  for (std::size_t i = 0; i < count; ++i) {
    if (share == nullptr || share->lets_through(experience_of(set, i))) {
      filtered.let_through.push_back(i);
    }
  }
  for (std::size_t q = 0; q < asked_queries; ++q) {
    std::vector<double> distances;
    for (const std::size_t i : filtered.let_through) {
      distances.push_back(
          exact_distance(set.metric, set.query(q).data(), set.vector(i).data(), set.dimension));
    }
    std::ranges::nth_element(distances, distances.begin() + neighbours - 1);
    filtered.kth_distances.push_back(distances[neighbours - 1]);
  }
  return filtered;
}

SimilarityQuery make_query(const VectorSet& set, const Share* share, std::size_t q,
                           std::size_t effort) {
  SimilarityQuery query = plain_query(set.query(q), effort);
  if (share != nullptr) share->set_filter(query);
  return query;
}

double measure_recall(const ExperienceStore& store, const VectorSet& set, const Share* share,
                      const Filtered& filtered, std::size_t effort) {
  std::size_t hits = 0;
  for (std::size_t q = 0; q < asked_queries; ++q) {
    const auto matches = store.find_similar(make_query(set, share, q, effort));
    if (!matches) fail(matches.error().to_string());
    for (const Match& match : *matches) {
      const double distance = exact_distance(set.metric, set.query(q).data(),
                                             set.vector(match.sequence - 1).data(), set.dimension);
      hits += is_hit(set.metric, distance, filtered.kth_distances[q]) ? 1 : 0;
    }
  }
  return static_cast<double>(hits) / static_cast<double>(asked_queries * neighbours);
}

/// The store's call, filtered or not.
void store_row(benchmark::State& state, const Share* share) {
  const VectorSet& set = clustered(count);
  const ExperienceStore store = open_store(stored_set(count));
  wait_until_linked(store);
  wait_until_quiet();
  const Filtered filtered = filter_set(set, share);
  std::size_t effort = neighbours;
  double recall = 0;
  for (; effort <= 2048; effort += std::max<std::size_t>(2, effort / 8)) {
    recall = measure_recall(store, set, share, filtered, effort);
    if (recall >= wanted_recall) break;
  }
  if (recall < wanted_recall) return state.SkipWithError("no effort reaches the recall");
  std::size_t q = 0;
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(store.find_similar(make_query(set, share, q, effort)));
    q = (q + 1) % asked_queries;
  }
  state.counters["recall"] = recall;
  state.counters["effort"] = static_cast<double>(effort);
}

float dot(const float* a, const float* b, std::size_t length) {
  constexpr std::size_t lanes = 32;
  float sums[lanes] = {};
  for (std::size_t i = 0; i < length; i += lanes) {
    for (std::size_t l = 0; l < lanes; ++l) sums[l] += a[i + l] * b[i + l];
  }
  float sum = 0;
  for (const float part : sums) sum += part;
  return sum;
}

void exact_row(benchmark::State& state, const Share& share) {
  const VectorSet& set = clustered(count);
  const Filtered filtered = filter_set(set, &share);
  std::vector<std::pair<float, std::size_t>> nearest;
  std::size_t q = 0;
  for ([[maybe_unused]] auto _ : state) {
    nearest.clear();
    for (const std::size_t i : filtered.let_through) {
      const float likeness = dot(set.query(q).data(), set.vector(i).data(), set.dimension);
      if (nearest.size() == neighbours && likeness <= nearest.front().first) continue;
      if (nearest.size() == neighbours) {
        std::ranges::pop_heap(nearest, std::greater());
        nearest.pop_back();
      }
      nearest.emplace_back(likeness, i);
      std::ranges::push_heap(nearest, std::greater());
    }
    benchmark::DoNotOptimize(nearest.data());
    q = (q + 1) % asked_queries;
  }
}

}  // namespace

void add_filter_rows() {
  static const std::vector<Share> all = shares();
  for (const Share& share : all) {
    const std::string name = std::string("filter/") + share.percent;
    const auto add = [&](const char* who, auto row) {
      benchmark::RegisterBenchmark((name + "/" + who).c_str(), row)->Unit(benchmark::kMicrosecond);
    };
    add("frys", [&share](benchmark::State& state) { store_row(state, &share); });
    add("exact", [&share](benchmark::State& state) { exact_row(state, share); });
    add("unfiltered", [](benchmark::State& state) { store_row(state, nullptr); });
  }
}

}  // namespace frys::bench
