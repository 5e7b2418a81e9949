// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What most tests of the store need.

#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "frys/experience/experience_store.hpp"
#include "support/temporary_folder.hpp"
#include "support/test_executor.hpp"

namespace frys::testing {

/// A vector with a direction of its own for each seed.
inline std::vector<float> random_vector(std::size_t dimension, std::uint32_t seed) {
  std::minstd_rand generator(seed + 1);
  generator.discard(8);
  std::normal_distribution<float> normal;
  std::vector<float> vector(dimension);
  for (float& value : vector) value = normal(generator);
  return vector;
}

inline Experience numbered_experience(int number) {
  Experience e;
  e.workflow = "workflow-" + std::to_string(number % 3);
  e.agent = "agent-" + std::to_string(number % 5);
  e.step_type = "type-" + std::to_string(number % 7);
  e.situation = "situation number " + std::to_string(number) + " of the test";
  e.action = "action " + std::to_string(number);
  e.outcome = static_cast<Outcome>(number % 3);
  e.reward = number / 2.0;
  e.started_at_ns = 1'000'000'000LL + number;
  e.duration_ns = number;
  return e;
}

/// With a payload of some KiB that does not get smaller by compression.
inline Experience large_experience(int number) {
  Experience e = numbered_experience(number);
  e.embedding = random_vector(32, static_cast<std::uint32_t>(number));
  e.payload.resize(3000 + number % 5000);
  for (std::size_t i = 0; i < e.payload.size(); ++i) {
    e.payload[i] = static_cast<std::byte>(i * i * static_cast<std::size_t>(number) >> 7);
  }
  return e;
}

/// All of them.
inline std::vector<ScanRow> rows_of(const ExperienceStore& store) {
  std::vector<ScanRow> rows;
  ScanQuery query;
  query.limit = 65536;
  query.with_experience = true;
  Result<ScanPage> page = store.scan(query);
  if (!page) ADD_FAILURE() << page.error().to_string();
  return page ? std::move(page->rows) : rows;
}

/// A folder, an executor with threads, and the store's usual options.
class StoreTest : public ::testing::Test {
 protected:
  [[nodiscard]] ExperienceStoreOptions options() const {
    ExperienceStoreOptions options;
    options.path = folder_ / "store";
    options.dimension = 32;
    return options;
  }
  [[nodiscard]] Environment environment() {
    Environment environment;
    environment.executor = &executor_;
    return environment;
  }
  Result<ExperienceStore> open() { return ExperienceStore::open(options(), environment()); }

  TemporaryFolder folder_;
  TestExecutor executor_;
};

/// The entries of /proc/self/task.
inline std::size_t thread_count() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator("/proc/self/task")) {
    ++count;
  }
  return count;
}

}  // namespace frys::testing
