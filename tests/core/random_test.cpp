// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/core/random.hpp"

#include <gtest/gtest.h>

#include <array>

namespace frys {
namespace {

TEST(SeededRandom, RepeatsForASeedAndDiffersForAnother) {
  SeededRandom first(1);
  SeededRandom again(1);
  SeededRandom other(2);
  const std::uint64_t word = first.next();
  EXPECT_EQ(word, again.next());
  EXPECT_NE(word, other.next());
}

// The generator's reference values for the state {1, 2, 3, 4} cannot be reached through a seed, so
// the seeding is checked instead: SplitMix64 from 0 gives this well known first word.
TEST(Mix64, MatchesSplitMix64) { EXPECT_EQ(mix64(0x9e3779b97f4a7c15ULL), 0xe220a8397b1dcdafULL); }

TEST(RandomSource, IsUniformBelowABound) {
  SeededRandom random(3);
  std::array<int, 10> counts{};
  for (int i = 0; i < 100000; ++i) ++counts[random.next_below(10)];
  // Chi-squared with 9 degrees of freedom: 27.9 is passed by chance once in a thousand seeds.
  double chi_squared = 0;
  for (const int count : counts) chi_squared += (count - 10000.0) * (count - 10000.0) / 10000.0;
  EXPECT_LT(chi_squared, 27.9);
  EXPECT_EQ(random.next_below(0), 0U);
  EXPECT_EQ(random.next_below(1), 0U);
}

TEST(RandomSource, UnitIsBelowOne) {
  SeededRandom random(4);
  double sum = 0;
  for (int i = 0; i < 10000; ++i) {
    const double unit = random.next_unit();
    ASSERT_GE(unit, 0.0);
    ASSERT_LT(unit, 1.0);
    sum += unit;
  }
  EXPECT_NEAR(sum / 10000, 0.5, 0.02);
}

}  // namespace
}  // namespace frys
