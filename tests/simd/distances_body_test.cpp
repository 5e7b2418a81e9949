// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Distances of one code to many rows, against sums in double and in 64 bits.

#include "simd/tiers.hpp"

namespace frys::simd {
namespace {

class DistancesTest : public TierTest {};
FRYS_FOR_EACH_TIER(DistancesTest);

/// A table of rows that are neither aligned nor next to each other, and ids that name some.
template <typename Code>
struct Table {
  Table(std::size_t row_length, std::size_t count, std::uint64_t seed) : length(row_length) {
    SeededRandom random(seed);
    row_codes = length + 5;
    codes.resize(1 + 40 * row_codes);
    for (std::size_t i = 0; i < count; ++i) {
      ids.push_back(static_cast<std::uint32_t>(random.next_below(40)));
    }
  }
  const Code* row(std::size_t i) const { return codes.data() + 1 + ids[i] * row_codes; }
  CodeRows rows() const {
    return {codes.data() + 1, row_codes * sizeof(Code), length, ids.data(), ids.size()};
  }

  std::size_t length;
  std::size_t row_codes;
  std::vector<Code> codes;
  std::vector<std::uint32_t> ids;
};

void check_bytes(L2OfRows kernel, std::uint64_t codes) {
  for (const std::size_t length : {32, 64, 96, 128, 800, 4128}) {
    for (const std::size_t count : {0, 1, 3, 4, 5, 8, 33}) {
      Table<std::uint8_t> table(length, count, length + count);
      SeededRandom random(length * count);
      // Half of them at the ends of the range, where sums are largest.
      for (std::uint8_t& code : table.codes) {
        const std::uint64_t word = random.next_below(4 * codes);
        code =
            static_cast<std::uint8_t>(word < 2 * codes ? word % codes : (word % 2) * (codes - 1));
      }
      std::vector<std::uint8_t> query(length);
      for (std::uint8_t& code : query) code = static_cast<std::uint8_t>(random.next_below(codes));
      std::vector<std::uint32_t> out(count + 1, 7);
      kernel(out.data(), query.data(), table.rows());
      for (std::size_t i = 0; i < count; ++i) {
        std::int64_t truth = 0;
        for (std::size_t j = 0; j < length; ++j) {
          const std::int64_t d = std::int64_t{query[j]} - table.row(i)[j];
          truth += d * d;
        }
        ASSERT_EQ(out[i], truth) << "length " << length << " row " << i << " of " << count;
      }
      EXPECT_EQ(out[count], 7u);
    }
  }
}

TEST_P(DistancesTest, OfBytesAreExact) { check_bytes(k().l2_rows_u8, 256); }

TEST_P(DistancesTest, OfBytesBelow128AreExact) { check_bytes(k().l2_rows_u7, 128); }

TEST_P(DistancesTest, TheLargestSumsFit) {
  const std::vector<std::uint8_t> query(4160, 255);
  const std::vector<std::uint8_t> row(4160, 0);
  const std::uint32_t id = 0;
  std::uint32_t out = 0;
  k().l2_rows_u8(&out, query.data(), {row.data(), 4160, 4160, &id, 1});
  EXPECT_EQ(out, 255u * 255u * 4160u);
}

float as_float(std::uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

TEST_P(DistancesTest, OfFloatsAgreeWithDouble) {
  for (const std::size_t length : {16, 32, 48, 400, 4112}) {
    for (const std::size_t count : {1, 4, 6}) {
      Table<float> table(length, count, length + count);
      table.codes = random_floats(table.codes.size(), length);
      const std::vector<float> query = random_floats(length, count);
      std::vector<std::uint32_t> out(count);
      k().l2_rows_f32(out.data(), query.data(), table.rows());
      for (std::size_t i = 0; i < count; ++i) {
        double truth = 0;
        for (std::size_t j = 0; j < length; ++j) {
          const double d = static_cast<double>(query[j]) - static_cast<double>(table.row(i)[j]);
          truth += d * d;
        }
        ASSERT_NEAR(static_cast<double>(as_float(out[i])), truth, truth * 1e-5);
      }
    }
  }
}

TEST_P(DistancesTest, OfHalvesAreThoseOfTheirFloats) {
  for (const std::size_t length : {16, 32, 400}) {
    Table<std::uint16_t> table(length, 7, length);
    const std::vector<float> values = random_floats(table.codes.size(), length);
    k().f16_from_f32(table.codes.data(), values.data(), values.size());
    std::vector<std::uint16_t> query(length);
    k().f16_from_f32(query.data(), values.data() + 9, length);
    std::vector<float> widened(table.codes.size());
    k().f32_from_f16(widened.data(), table.codes.data(), widened.size());
    std::vector<float> wide_query(length);
    k().f32_from_f16(wide_query.data(), query.data(), length);
    std::vector<std::uint32_t> out(7);
    k().l2_rows_f16(out.data(), query.data(), table.rows());
    for (std::size_t i = 0; i < 7; ++i) {
      const float* row = widened.data() + (table.row(i) - table.codes.data());
      const float truth = k().l2_squared_f32(wide_query.data(), row, length);
      ASSERT_NEAR(as_float(out[i]), truth, truth * 1e-5F);
    }
  }
}

}  // namespace
}  // namespace frys::simd
