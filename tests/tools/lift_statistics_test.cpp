// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tools/lift_statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace frys::tools {
namespace {

constexpr std::uint32_t once[] = {1, 1, 1, 1};

TEST(RocCurve, IsTheShareOfPairsInTheRightOrder) {
  // Of the pairs of a good and a bad one, (0.35, 0.4) alone is in the wrong order.
  const RocCurve curve({{0.1, false, 0}, {0.4, false, 1}, {0.35, true, 2}, {0.8, true, 3}});
  EXPECT_DOUBLE_EQ(curve.area(once), 0.75);
}

TEST(RocCurve, CountsATieAsHalf) {
  const RocCurve curve({{0.5, true, 0}, {0.5, false, 1}, {0.2, false, 2}});
  EXPECT_DOUBLE_EQ(curve.area(once), 0.75);
  const RocCurve even({{0, true, 0}, {0, false, 1}, {0, false, 2}, {0, true, 3}});
  EXPECT_DOUBLE_EQ(even.area(once), 0.5);
}

TEST(RocCurve, CountsATaskAsOftenAsItWeighs) {
  // Good 0.3 and bad 0.1 in task 0, bad 0.5 in task 1, nothing in task 2.
  const RocCurve curve({{0.3, true, 0}, {0.1, false, 0}, {0.5, false, 1}});
  const std::uint32_t twice[] = {2, 1, 7};  // 2 × 2 pairs are right, 2 × 1 wrong.
  EXPECT_DOUBLE_EQ(curve.area(twice), 4.0 / 6);
  const std::uint32_t without[] = {1, 0, 0};
  EXPECT_DOUBLE_EQ(curve.area(without), 1);
}

TEST(RocCurve, IsNotKnownWithoutBothKinds) {
  EXPECT_TRUE(std::isnan(RocCurve({}).area(once)));
  EXPECT_TRUE(std::isnan(RocCurve({{1, true, 0}}).area(once)));
  const RocCurve curve({{1, true, 0}, {0, false, 1}});
  const std::uint32_t bad_alone[] = {0, 3};
  EXPECT_TRUE(std::isnan(curve.area(bad_alone)));
}

TEST(TaskShares, AreOverStepsNotOverTasks) {
  TaskShares shares(2);
  shares.note(0, true);
  shares.note(0, true);
  shares.note(0, false);
  shares.note(1, false);
  EXPECT_DOUBLE_EQ(shares.share(once), 0.5);
  const std::uint32_t weights[] = {2, 3};
  EXPECT_DOUBLE_EQ(shares.share(weights), 4.0 / 9);
  EXPECT_TRUE(std::isnan(TaskShares(2).share(once)));
}

TEST(Resample, DrawsAsManyTasksAsThereAre) {
  const Resampled count = resample(7, 200, 1, [](TaskWeights weights) {
    double all = 0;
    for (const std::uint32_t weight : weights) all += weight;
    return all;
  });
  EXPECT_EQ(count.value, 7);
  EXPECT_EQ(count.draws, std::vector<double>(200, 7));
}

TEST(Resample, IsSpreadAsDrawsWithReplacementAre) {
  // How often one of 50 tasks is drawn is binomial: mean 1, variance 0.98.
  const Resampled first =
      resample(50, 4000, 3, [](TaskWeights weights) { return static_cast<double>(weights[0]); });
  double mean = 0;
  double square = 0;
  for (const double draw : first.draws) {
    mean += draw / 4000;
    square += draw * draw / 4000;
  }
  EXPECT_NEAR(mean, 1, 0.06);
  EXPECT_NEAR(square - mean * mean, 0.98, 0.12);
}

TEST(Resample, GivesEveryStatisticTheSameDraws) {
  const auto weight = [](TaskWeights weights) { return static_cast<double>(weights[2]); };
  const Resampled a =
      resample(5, 300, 9, [&](TaskWeights weights) { return weight(weights) + 0.5; });
  const Resampled b = resample(5, 300, 9, weight);
  const Interval apart = interval_of(difference(a, b));
  EXPECT_EQ(apart.low, 0.5);
  EXPECT_EQ(apart.high, 0.5);
  EXPECT_LT(interval_of(b).low, interval_of(b).high);
  EXPECT_NE(resample(5, 300, 10, weight).draws, b.draws);
}

TEST(Resample, MeanLeavesOutWhatIsNotKnown) {
  const Resampled mean = mean_of({{1, {1, 2}}, {not_known, {}}, {2, {3, 6}}});
  EXPECT_EQ(mean.value, 1.5);
  EXPECT_EQ(mean.draws, (std::vector<double>{2, 4}));
  EXPECT_TRUE(std::isnan(mean_of({}).value));
  EXPECT_TRUE(std::isnan(mean_of({{not_known, {}}}).value));
}

TEST(IntervalOf, HoldsTheMiddleOfTheKnownDraws) {
  Resampled statistic{50, {}};
  for (int i = 100; i >= 0; --i) statistic.draws.push_back(i);
  EXPECT_EQ(interval_of(statistic).low, 2);
  EXPECT_EQ(interval_of(statistic).high, 98);
  statistic.draws.insert(statistic.draws.end(), 101, not_known);
  EXPECT_EQ(interval_of(statistic).low, 2);
  statistic.draws.push_back(not_known);  // Now more than half are not known.
  EXPECT_TRUE(std::isnan(interval_of(statistic).low));
  EXPECT_TRUE(std::isnan(interval_of({}).high));
}

}  // namespace
}  // namespace frys::tools
