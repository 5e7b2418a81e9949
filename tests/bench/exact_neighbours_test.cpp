// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "support/exact_neighbours.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "support/shared_data.hpp"
#include "support/vector_file.hpp"

namespace frys::bench {
namespace {

TEST(ExactNeighbours, DistancesAreThoseOfTheMetric) {
  const float a[] = {3, 4, 0}, b[] = {0, 4, 3}, zero[] = {0, 0, 0};
  EXPECT_EQ(exact_distance(Metric::l2, a, b, 3), 18);
  EXPECT_EQ(exact_distance(Metric::inner_product, a, b, 3), -16);
  EXPECT_NEAR(exact_distance(Metric::cosine, a, b, 3), 1 - 16. / 25, 1e-15);
  EXPECT_EQ(exact_distance(Metric::cosine, a, zero, 3), 1);
}

TEST(ExactNeighbours, TheKthDistanceIsThatOfSortingAll) {
  // 37 dimensions leave a rest beside the lanes; 13 queries one beside those taken at once.
  constexpr std::size_t dimension = 37, count = 500, query_count = 13, k = 10;
  std::mt19937 random(1);
  std::normal_distribution<float> normal(1);
  std::vector<float> vectors(count * dimension), queries(query_count * dimension);
  for (float& value : vectors) value = normal(random);
  for (float& value : queries) value = normal(random);
  std::fill(vectors.end() - 60 * dimension, vectors.end(), 0.f);
  for (const Metric metric : {Metric::l2, Metric::inner_product, Metric::cosine}) {
    const auto kth = kth_distances(metric, vectors, queries, dimension, k);
    ASSERT_EQ(kth.size(), query_count);
    for (std::size_t q = 0; q < query_count; ++q) {
      std::vector<double> all;
      for (std::size_t i = 0; i < count; ++i) {
        all.push_back(
            exact_distance(metric, &queries[q * dimension], &vectors[i * dimension], dimension));
      }
      std::sort(all.begin(), all.end());
      EXPECT_EQ(kth[q], all[k - 1]) << to_string(metric) << ", query " << q;
    }
  }
}

TEST(ExactNeighbours, AsManyVectorsAsNeighbours) {
  const std::vector<float> vectors = {0, 1, 2};
  EXPECT_EQ(kth_distances(Metric::l2, vectors, std::vector<float>{0}, 1, 3).front(), 4);
}

TEST(ExactNeighbours, TiesAreHitsAndWhatIsFartherIsNot) {
  EXPECT_TRUE(is_hit(Metric::l2, 5, 5));
  EXPECT_TRUE(is_hit(Metric::l2, 1e-3, 5));
  EXPECT_TRUE(is_hit(Metric::l2, 1e8 + 10, 1e8));
  EXPECT_FALSE(is_hit(Metric::l2, 1e8 + 1000, 1e8));
  EXPECT_TRUE(is_hit(Metric::l2, 0, 0));
  EXPECT_FALSE(is_hit(Metric::l2, 1e-9, 0));  // Small vectors are not all the same.
  EXPECT_TRUE(is_hit(Metric::cosine, 1e-7, 0));
  EXPECT_FALSE(is_hit(Metric::cosine, 1e-5, 0));
  EXPECT_TRUE(is_hit(Metric::inner_product, -1e8 + 10, -1e8));
  EXPECT_FALSE(is_hit(Metric::inner_product, -1e8 + 1000, -1e8));
}

TEST(ExactNeighboursSlow, AgreeWithThePublishedOnesOfFashionMnist) {
  const auto train = testing::shared_data("vectors/fashion-mnist/train-images-idx3-ubyte.gz");
  const auto test = testing::shared_data("vectors/fashion-mnist/t10k-images-idx3-ubyte.gz");
  const auto truth = testing::shared_data("vectors/fashion-mnist/gt-l2-top10-sqdist.ivecs.gz");
  if (!train || !test || !truth) GTEST_SKIP() << "no recorded data at hand";
  const auto vectors = read_vectors(*train);
  const auto queries = read_vectors(*test, 40);
  const auto expected = read_integers(*truth, 40);
  ASSERT_TRUE(vectors && queries && expected);
  const auto kth = kth_distances(Metric::l2, vectors->values, queries->values, 784, 10);
  for (std::size_t q = 0; q < kth.size(); ++q) EXPECT_EQ(kth[q], expected->row(q)[9]) << q;
}

}  // namespace
}  // namespace frys::bench
