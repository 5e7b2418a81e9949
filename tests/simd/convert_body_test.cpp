// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Half precision, exhaustively one way and at every rounding boundary the other.

#include "simd/tiers.hpp"

namespace frys::simd {
namespace {

class ConvertTest : public TierTest {};
FRYS_FOR_EACH_TIER(ConvertTest);

double value_of_f16(std::uint16_t half) {
  const int exponent = (half >> 10) & 31;
  const int mantissa = half & 1023;
  const double sign = (half & 0x8000) != 0 ? -1 : 1;
  if (exponent == 31) {
    return mantissa == 0 ? sign * std::numeric_limits<double>::infinity()
                         : std::numeric_limits<double>::quiet_NaN();
  }
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  return sign * std::ldexp(1024 + mantissa, exponent - 25);
}

std::vector<std::uint16_t> all_halves() {
  std::vector<std::uint16_t> halves(65536);
  for (std::size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<std::uint16_t>(i);
  return halves;
}

TEST_P(ConvertTest, EveryHalfWidensExactlyAndComesBack) {
  const std::vector<std::uint16_t> halves = all_halves();
  std::vector<float> wide(halves.size());
  k().f32_from_f16(wide.data(), halves.data(), halves.size());
  std::vector<std::uint16_t> back(halves.size());
  k().f16_from_f32(back.data(), wide.data(), wide.size());
  for (std::size_t i = 0; i < halves.size(); ++i) {
    const double truth = value_of_f16(halves[i]);
    if (std::isnan(truth)) {
      ASSERT_TRUE(std::isnan(wide[i])) << i;
      ASSERT_EQ(back[i], halves[i] | 0x200) << i;
    } else {
      ASSERT_EQ(static_cast<double>(wide[i]), truth) << i;
      ASSERT_EQ(back[i], halves[i]) << i;
    }
  }
}

// Between two neighbouring halves: just below the middle, the middle (to even), just above.
TEST_P(ConvertTest, NarrowingRoundsToNearestEven) {
  std::vector<float> values;
  std::vector<std::uint16_t> expected;
  for (std::uint16_t half = 0; half < 0x7bff; ++half) {
    const double low = value_of_f16(half);
    const double high = value_of_f16(static_cast<std::uint16_t>(half + 1));
    const auto middle = static_cast<float>((low + high) / 2);
    const auto even = static_cast<std::uint16_t>((half & 1) == 0 ? half : half + 1);
    const auto next = static_cast<std::uint16_t>(half + 1);
    values.insert(values.end(), {std::nextafter(middle, 0.0f), middle,
                                 std::nextafter(middle, std::numeric_limits<float>::infinity())});
    expected.insert(expected.end(), {half, even, next});
  }
  for (const float beyond : {65520.0f, 1e10f, std::numeric_limits<float>::infinity()}) {
    values.push_back(beyond);
    expected.push_back(0x7c00);
  }
  values.push_back(65519.0f);
  expected.push_back(0x7bff);
  std::vector<std::uint16_t> out(values.size());
  k().f16_from_f32(out.data(), values.data(), values.size());
  for (std::size_t i = 0; i < out.size(); ++i) ASSERT_EQ(out[i], expected[i]) << values[i];
  for (float& value : values) value = -value;
  k().f16_from_f32(out.data(), values.data(), values.size());
  for (std::size_t i = 0; i < out.size(); ++i) ASSERT_EQ(out[i], expected[i] | 0x8000) << values[i];
}

TEST_P(ConvertTest, EveryBfloatWidensExactlyAndComesBack) {
  const std::vector<std::uint16_t> halves = all_halves();
  std::vector<float> wide(halves.size());
  k().f32_from_bf16(wide.data(), halves.data(), halves.size());
  std::vector<std::uint16_t> back(halves.size());
  k().bf16_from_f32(back.data(), wide.data(), wide.size());
  for (std::size_t i = 0; i < halves.size(); ++i) {
    const std::uint32_t word = static_cast<std::uint32_t>(halves[i]) << 16;
    std::uint32_t found;
    std::memcpy(&found, &wide[i], sizeof found);
    ASSERT_EQ(found, word);
    ASSERT_EQ(back[i], std::isnan(wide[i]) ? halves[i] | 0x40 : halves[i]);
  }
}

TEST_P(ConvertTest, BfloatRoundsToNearestEven) {
  const float values[] = {1.00390625f, 1.01171875f, 1.0039064f, 3.4e38f};
  const std::uint16_t expected[] = {0x3f80, 0x3f82, 0x3f81, 0x7f80};
  std::uint16_t out[4];
  k().bf16_from_f32(out, values, 4);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(out[i], expected[i]) << values[i];
}

TEST_P(ConvertTest, ShortArraysMatchLongOnes) {
  const std::vector<float> values = random_floats(100, 4, 1000);
  std::vector<std::uint16_t> whole(values.size());
  k().f16_from_f32(whole.data(), values.data(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::uint16_t one;
    k().f16_from_f32(&one, &values[i], 1);
    ASSERT_EQ(one, whole[i]);
    float back;
    float expected;
    k().f32_from_f16(&back, &one, 1);
    std::vector<float> all(values.size());
    k().f32_from_f16(all.data(), whole.data(), whole.size());
    expected = all[i];
    ASSERT_EQ(back, expected);
  }
}

}  // namespace
}  // namespace frys::simd
