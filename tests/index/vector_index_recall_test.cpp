// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Recall against comparing all, for each metric and each kind of codes.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "index/made_vectors.hpp"
#include "index/searcher.hpp"

namespace frys {
namespace {

/// The share of the `count` nearest that are found, by distance, since there may be equal ones.
double recall(const VectorIndex& index, const MadeVectors& made, Metric metric, std::size_t count,
              std::size_t effort) {
  std::size_t found = 0;
  for (std::size_t q = 0; q < made.queries(); ++q) {
    const float farthest = exact_distances(made, metric, q)[count - 1];
    for (const VectorNeighbour& n : search(index, made.query(q), count, effort)) {
      const float truth = exact_distance(metric, made.query(q), made.row(n.ordinal));
      found += truth <= farthest + 1e-5F * std::fabs(farthest) ? 1 : 0;
    }
  }
  return static_cast<double>(found) / static_cast<double>(made.queries() * count);
}

/// The most by which so many vectors are searched by a walk.
std::size_t walk_effort(std::size_t rows) { return (rows - 1) / index::compared_per_effort; }

struct Case {
  Metric metric;
  VectorCodes codes;
  std::size_t dimension;
};

std::string case_name(const ::testing::TestParamInfo<Case>& info) {
  return std::string(to_string(info.param.metric)) + "_" +
         std::string(to_string(info.param.codes)) + "_" + std::to_string(info.param.dimension);
}

class VectorIndexCases : public ::testing::TestWithParam<Case> {};

TEST_P(VectorIndexCases, FindsWhatComparingAllFinds) {
  const auto& [metric, codes, dimension] = GetParam();
  const std::size_t rows = dimension > 512 ? 1100 : 2500;
  const MadeVectors made(dimension, rows, 40, codes == VectorCodes::exact_u8);
  VectorIndex index = make_index({.dimension = dimension, .metric = metric, .codes = codes});
  ASSERT_TRUE(index.add(made.rows()));
  ASSERT_EQ(index.size(), rows);
  EXPECT_GE(recall(index, made, metric, 10, walk_effort(rows)), 0.95) << "by a walk";
  EXPECT_GE(recall(index, made, metric, 10, 100), 0.97) << "by comparing codes";
}

TEST_P(VectorIndexCases, DistancesAreThoseOfTheMetric) {
  const auto& [metric, codes, dimension] = GetParam();
  const MadeVectors made(dimension, 1100, 5, codes == VectorCodes::exact_u8);
  VectorIndex index = make_index({.dimension = dimension, .metric = metric, .codes = codes});
  const double tolerance = codes == VectorCodes::f16 ? 4e-3 : 1e-5;
  // Compared one by one at first, then found through the graph.
  for (const std::size_t part : {std::size_t{600}, std::size_t{1100}}) {
    ASSERT_TRUE(index.add(made.rows(index.size(), part)));
    for (std::size_t q = 0; q < made.queries(); ++q) {
      float before = -std::numeric_limits<float>::infinity();
      for (const VectorNeighbour& n : search(index, made.query(q), 10)) {
        const float truth = exact_distance(metric, made.query(q), made.row(n.ordinal));
        EXPECT_NEAR(n.distance, truth, tolerance * (1 + made.square(q)));
        EXPECT_LE(before, n.distance);
        before = n.distance;
      }
    }
  }
}

// By which the longest vectors are the nearest of many queries.
TEST(VectorIndexRecall, InnerProductOfUnequalLengths) {
  for (const VectorCodes codes : {VectorCodes::f32, VectorCodes::f16, VectorCodes::u8}) {
    MadeVectors made(40, 2500, 40, false);
    made.stretch();
    VectorIndex index =
        make_index({.dimension = 40, .metric = Metric::inner_product, .codes = codes});
    ASSERT_TRUE(index.add(made.rows()));
    EXPECT_GE(recall(index, made, Metric::inner_product, 10, walk_effort(2500)), 0.95)
        << to_string(codes);
    EXPECT_GE(recall(index, made, Metric::inner_product, 10, 100), 0.97) << to_string(codes);
  }
}

INSTANTIATE_TEST_SUITE_P(All, VectorIndexCases,
                         ::testing::Values(Case{Metric::l2, VectorCodes::f32, 17},
                                           Case{Metric::l2, VectorCodes::f16, 33},
                                           Case{Metric::l2, VectorCodes::u8, 100},
                                           Case{Metric::l2, VectorCodes::u8, 2},
                                           Case{Metric::l2, VectorCodes::exact_u8, 31},
                                           Case{Metric::l2, VectorCodes::exact_u8, 128},
                                           Case{Metric::l2, VectorCodes::f16, 4096},
                                           Case{Metric::cosine, VectorCodes::f32, 3},
                                           Case{Metric::cosine, VectorCodes::f16, 65},
                                           Case{Metric::cosine, VectorCodes::u8, 384},
                                           Case{Metric::cosine, VectorCodes::u8, 1023},
                                           Case{Metric::inner_product, VectorCodes::f32, 50},
                                           Case{Metric::inner_product, VectorCodes::f16, 2},
                                           Case{Metric::inner_product, VectorCodes::u8, 129}),
                         case_name);

}  // namespace
}  // namespace frys
