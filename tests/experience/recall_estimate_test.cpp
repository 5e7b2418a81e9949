// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/recall_estimate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include "experience/pattern_index.hpp"

namespace frys::detail {
namespace {

using Vectors = std::vector<std::vector<float>>;

constexpr std::size_t dimension = 32;
constexpr std::size_t stored = 6000;
constexpr std::size_t held_out = 300;

/// In clusters, but with few directions of their own: hard to search, as real ones are.
Vectors clustered(std::size_t count, std::uint32_t seed) {
  constexpr std::size_t clusters = 40;
  constexpr std::size_t directions = 10;
  std::minstd_rand centres_of(5);
  std::minstd_rand random(seed);
  std::normal_distribution<float> normal;
  Vectors centres(clusters + directions, std::vector<float>(dimension));
  for (auto& centre : centres) {
    for (float& value : centre) value = normal(centres_of);
  }
  Vectors vectors(count);
  for (auto& vector : vectors) {
    vector = centres[random() % clusters];
    for (std::size_t d = 0; d < directions; ++d) {
      const float along = normal(random);
      for (std::size_t i = 0; i < dimension; ++i) vector[i] += along * centres[clusters + d][i];
    }
    std::vector<float> unit(dimension);
    normalise(vector, unit);
    vector = unit;
  }
  return vectors;
}

float dot(const std::vector<float>& a, const std::vector<float>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0F);
}

std::unique_ptr<ResidentRows> index_of(const Vectors& vectors) {
  const VectorIndexOptions options{.dimension = dimension,
                                   .metric = Metric::cosine,
                                   .links = 8,
                                   .build_effort = 48,
                                   .max_vectors = 1 << 18};
  Environment environment;
  environment.seed = 1;
  auto rows = std::make_unique<ResidentRows>(options, environment);
  EXPECT_TRUE(rows->core.open().ok());
  for (const auto& vector : vectors) {
    EXPECT_TRUE(rows->core.reserve(1).ok());
    rows->core.append(vector.data());
  }
  while (rows->core.can_link()) EXPECT_TRUE(rows->core.link_next().ok());
  return rows;
}

/// Queries from outside, and how similar what is nearest to them is, the nearest first.
struct HeldOut {
  explicit HeldOut(const Vectors& vectors) : queries(clustered(held_out, 2)) {
    for (const auto& query : queries) {
      std::vector<float> all;
      for (const auto& vector : vectors) all.push_back(dot(query, vector));
      std::ranges::partial_sort(all, all.begin() + most, std::greater());
      nearest.emplace_back(all.begin(), all.begin() + most);
    }
  }
  /// Of the `count` nearest of each, how many are found at `effort`.
  [[nodiscard]] double recall(const ResidentRows& rows, std::size_t count,
                              std::size_t effort) const {
    std::size_t found = 0;
    for (std::size_t i = 0; i < queries.size(); ++i) {
      for (const Neighbour& one : rows.search({queries[i], count, effort})) {
        found += one.similarity >= nearest[i][count - 1] - 1e-6F ? 1U : 0U;
      }
    }
    return static_cast<double>(found) / static_cast<double>(count * queries.size());
  }

  static constexpr std::ptrdiff_t most = 40;
  Vectors queries;
  std::vector<std::vector<float>> nearest;
};

std::size_t measure(RecallMeter& meter, ResidentRows& rows) {
  std::size_t steps = 1;
  while (meter.step(rows)) ++steps;
  return steps;
}

class RecallMeterTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    vectors_ = new Vectors(clustered(stored, 1));
    rows_ = index_of(*vectors_).release();
    RecallMeter meter;
    measure(meter, *rows_);
  }
  static void TearDownTestSuite() {
    delete rows_;
    delete vectors_;
  }
  static Vectors* vectors_;
  static ResidentRows* rows_;
};
Vectors* RecallMeterTest::vectors_ = nullptr;
ResidentRows* RecallMeterTest::rows_ = nullptr;

TEST_F(RecallMeterTest, ForeseesWhatQueriesFromOutsideFind) {
  const HeldOut outside(*vectors_);
  EXPECT_LT(outside.recall(*rows_, 10, 12), 0.92) << "else there is nothing to foresee";
  for (const std::size_t count : {1U, 10U, 40U}) {
    for (const std::size_t effort : {8U, 12U, 16U, 24U, 48U, 64U, 96U, 256U}) {
      if (effort < count) continue;
      const double found = outside.recall(*rows_, count, effort);
      const double expected = rows_->expected_recall(count, effort).value_or(-1);
      EXPECT_LE(expected, found + 0.03) << count << " at " << effort;
      EXPECT_GE(expected, found - 0.06) << count << " at " << effort;
    }
  }
}

TEST_F(RecallMeterTest, MoreEffortIsExpectedToFindNoLess) {
  for (const std::size_t count : {1U, 5U, 10U, 100U, 1000U}) {
    double before = 0;
    for (std::size_t effort = count; effort <= 5000; effort += 1 + effort / 7) {
      const double expected = rows_->expected_recall(count, effort).value_or(-1);
      EXPECT_GE(expected, before) << count << " at " << effort;
      EXPECT_LE(expected, 1);
      before = expected;
    }
    EXPECT_GT(before, 0.9);
  }
}

TEST_F(RecallMeterTest, TheSameIndexMeasuresTheSame) {
  const auto again = index_of(*vectors_);
  RecallMeter meter;
  const std::size_t steps = measure(meter, *again);
  EXPECT_GT(steps, 20U) << "one for each query, and more";
  EXPECT_EQ(again->recall.latest()->shares, rows_->recall.latest()->shares);
}

TEST_F(RecallMeterTest, MeasuresWhenTheGraphHasDoubled) {
  RecallMeter meter;
  EXPECT_FALSE(meter.is_due(index::IndexCore::graph_begins - 1));
  EXPECT_TRUE(meter.is_due(index::IndexCore::graph_begins));
  measure(meter, *rows_);
  EXPECT_FALSE(meter.is_due(2 * stored - 1));
  EXPECT_FALSE(meter.step(*rows_)) << "there is nothing more to do";
  EXPECT_TRUE(meter.is_due(2 * stored));
  meter.restart();
  EXPECT_TRUE(meter.is_due(stored));
}

TEST_F(RecallMeterTest, WhatIsRemovedIsNotMissed) {
  const auto rows = index_of(*vectors_);
  for (std::uint32_t node = 0; node < stored; ++node) {
    if (node % 4 != 0) rows->core.hide(node);
  }
  RecallMeter meter;
  measure(meter, *rows);
  ASSERT_NE(rows->recall.latest(), nullptr);
  EXPECT_GT(rows->recall.latest()->at(10, 256), 0.95);
}

TEST(RecallTableTest, IsInterpolatedBetweenEfforts) {
  RecallTable table;
  for (std::size_t i = 0; i < table.efforts.size(); ++i) {
    table.shares[i].fill(0.5F + 0.1F * static_cast<float>(i));
  }
  EXPECT_NEAR(table.at(10, 8), 0.5, 1e-6);
  EXPECT_NEAR(table.at(10, 32), 0.7, 1e-6);
  EXPECT_NEAR(table.at(4, 11), 0.5 + 0.1 * std::log2(11.0 / 8), 1e-6);
  EXPECT_NEAR(table.at(1, 4), 0.25, 1e-6);
  EXPECT_NEAR(table.at(10, 256), 1, 1e-6);
  EXPECT_NEAR(table.at(10, 60'000), 1, 1e-6);
  EXPECT_NEAR(table.at(1024, 1024), 0.9, 1e-6) << "as 128 at 128";
}

}  // namespace
}  // namespace frys::detail
