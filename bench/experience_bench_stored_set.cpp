// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience_stored_set.hpp"

#include <chrono>
#include <ctime>
#include <filesystem>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "experience_rows.hpp"
#include "frys/scheduler/thread_pool.hpp"
#include "support/temporary_folder.hpp"

namespace frys::bench {
namespace {

namespace fs = std::filesystem;

Environment bench_environment() {
  static const std::unique_ptr<ThreadPool> pool = [] {
    auto made = ThreadPool::create({}, Environment());
    if (!made) fail(made.error().to_string());
    return std::move(*made);
  }();
  Environment environment;
  environment.executor = pool.get();
  return environment;
}

std::string killed_path(std::size_t count) {
  return scratch_folder() + "/set-" + std::to_string(count) + "-killed";
}

}  // namespace

const std::string& scratch_folder() {
  static const TemporaryFolder folder;
  if (folder.path().empty()) fail("no temporary folder");
  return folder.path();
}

const VectorSet& clustered(std::size_t count) {
  static std::map<std::size_t, VectorSet> sets;
  const auto known = sets.find(count);
  if (known != sets.end()) return known->second;
  VectorTable vectors = clustered_vectors(count / 20 * 21, stored_dimension, count);
  VectorTable queries = hold_out(vectors, 21);
  Result<VectorSet> made =
      make_set("", Metric::inner_product, std::move(vectors), std::move(queries), BenchCache(""));
  if (!made) fail(made.error().to_string());
  return sets[count] = std::move(*made);
}

Experience experience_of(const VectorSet& set, std::size_t i) {
  Experience e;
  e.workflow = i % 2 == 0 ? "half" : "the others";
  e.agent = i % 10 == 1 ? "tenth" : "agent-" + std::to_string(i % 16);
  e.step_type = i % 100 == 3    ? "hundredth"
                : i % 1000 == 5 ? "thousandth"
                                : "type-" + std::to_string(i % 8);
  e.situation = "situation " + std::to_string(i) + ": the reader found a passage of the contract";
  e.action = "summarise it and hand it on to the analyst";
  e.outcome = i % 4 == 0 ? Outcome::failure : Outcome::success;
  e.reward = static_cast<double>(i % 100) / 100;
  e.started_at_ns = static_cast<std::int64_t>(i) * 1'000'000;
  const std::span<const float> vector = set.vector(i);
  e.embedding.assign(vector.begin(), vector.end());
  return e;
}

ExperienceStore open_store(const std::string& path) {
  ExperienceStoreOptions options;
  options.path = path;
  options.dimension = stored_dimension;
  options.graph_links = stored_links;
  options.graph_build_effort = stored_build_effort;
  auto store = ExperienceStore::open(options, bench_environment());
  if (!store) fail(store.error().to_string());
  return std::move(*store);
}

void wait_until_linked(const ExperienceStore& store) {
  while (store.stats().indexed < store.size()) {
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

void wait_until_quiet() {
  std::clock_t before = 0;
  do {
    before = std::clock();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  } while (std::clock() - before > CLOCKS_PER_SEC / 500);
}

std::string stored_set(std::size_t count) {
  const std::string path = scratch_folder() + "/set-" + std::to_string(count);
  if (fs::exists(path)) return path;
  const VectorSet& set = clustered(count);
  ExperienceStore store = open_store(path);
  std::vector<Experience> some;
  for (std::size_t i = 0; i < count; ++i) {
    some.push_back(experience_of(set, i));
    if (some.size() < 256 && i + 1 < count) continue;
    const auto ids = store.store_many(some);
    if (!ids) fail(ids.error().to_string());
    some.clear();
  }
  wait_until_linked(store);
  wait_until_quiet();
  // What a process that is killed here leaves to the next.
  fs::copy(path, killed_path(count), fs::copy_options::recursive);
  const Status closed = store.close();
  if (!closed.ok()) fail(closed.to_string());
  return path;
}

std::string killed_set(std::size_t count) {
  stored_set(count);
  const std::string path = scratch_folder() + "/killed";
  fs::remove_all(path);
  fs::copy(killed_path(count), path, fs::copy_options::recursive);
  return path;
}

SimilarityQuery plain_query(std::span<const float> vector, std::size_t ef) {
  SimilarityQuery query;
  query.vector.assign(vector.begin(), vector.end());
  query.k = neighbours;
  query.effort = ef;
  query.outcome_weight = 0;
  query.recency_weight = 0;
  query.minimum_score = -1;
  return query;
}

}  // namespace frys::bench
