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
    return {codes.data() + 1, nullptr, row_codes * sizeof(Code), length, ids.data(), ids.size()};
  }

  std::size_t length;
  std::size_t row_codes;
  std::vector<Code> codes;
  std::vector<std::uint32_t> ids;
};

/// Bytes of `length` each: uniform, half of them at the ends of the range, where sums are largest.
std::vector<std::uint8_t> random_bytes(std::size_t count, std::uint64_t seed, std::uint64_t end) {
  SeededRandom random(seed);
  std::vector<std::uint8_t> bytes(count);
  for (std::uint8_t& byte : bytes) {
    const std::uint64_t word = random.next_below(4 * end);
    byte = static_cast<std::uint8_t>(word < 2 * end ? word % end : (word % 2) * (end - 1));
  }
  return bytes;
}

std::uint32_t truth(const std::uint8_t* a, const std::uint8_t* b, std::size_t length) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < length; ++i) {
    const int d = a[i] - b[i];
    sum += static_cast<std::uint32_t>(d * d);
  }
  return sum;
}

/// Rows of bytes, and the two tables of their halves.
struct HalfTables {
  static constexpr std::size_t row_count = 40;

  HalfTables(const Kernels& k, std::size_t row_length)
      : length(row_length),
        row_bytes(length / 2 + 7),
        bytes(random_bytes(row_count * length, length, 256)),
        high(row_count * row_bytes),
        low(row_count * row_bytes) {
    for (std::size_t i = 0; i < row_count; ++i) {
      k.split_u8(high.data() + i * row_bytes, low.data() + i * row_bytes, row(i), length);
    }
  }
  const std::uint8_t* row(std::size_t i) const { return bytes.data() + i * length; }
  CodeRows rows(const std::vector<std::uint32_t>& ids) const {
    return {high.data(), low.data(), row_bytes, length, ids.data(), ids.size()};
  }

  std::size_t length;
  std::size_t row_bytes;
  std::vector<std::uint8_t> bytes;
  std::vector<std::uint8_t> high;
  std::vector<std::uint8_t> low;
};

const std::vector<std::size_t> byte_lengths = {64, 128, 192, 832, 4160};

std::vector<std::uint32_t> some_ids(std::size_t count) {
  std::vector<std::uint32_t> ids;
  for (std::size_t i = 0; i < count; ++i) {
    ids.push_back(static_cast<std::uint32_t>(i * 17 % HalfTables::row_count));
  }
  return ids;
}

TEST_P(DistancesTest, OfBytesAreExact) {
  for (const std::size_t length : byte_lengths) {
    const HalfTables tables(k(), length);
    const std::vector<std::uint8_t> query = random_bytes(length, length + 1, 256);
    for (const std::size_t count : {0, 1, 3, 4, 5, 33}) {
      const std::vector<std::uint32_t> ids = some_ids(count);
      std::vector<std::uint32_t> out(count + 1, 7);
      k().l2_rows_u8(out.data(), query.data(), tables.rows(ids));
      for (std::size_t i = 0; i < count; ++i) {
        ASSERT_EQ(out[i], truth(query.data(), tables.row(ids[i]), length)) << length << " at " << i;
      }
      EXPECT_EQ(out[count], 7u);
    }
  }
}

TEST_P(DistancesTest, OfUpperHalvesAreExact) {
  for (const std::size_t length : byte_lengths) {
    const HalfTables tables(k(), length);
    const std::vector<std::uint8_t> query = random_bytes(length, length + 1, 64);
    std::vector<std::uint8_t> stands_for = tables.bytes;
    for (std::uint8_t& byte : stands_for) byte = static_cast<std::uint8_t>(byte / 16 * 4);
    for (const std::size_t count : {0, 1, 3, 4, 5, 33}) {
      const std::vector<std::uint32_t> ids = some_ids(count);
      std::vector<std::uint32_t> out(count + 1, 7);
      k().l2_rows_u4(out.data(), query.data(), tables.rows(ids));
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint8_t* row = stands_for.data() + ids[i] * length;
        ASSERT_EQ(out[i], truth(query.data(), row, length)) << length << " at " << i;
      }
      EXPECT_EQ(out[count], 7u);
    }
  }
}

TEST_P(DistancesTest, TheLargestSumsFit) {
  const std::vector<std::uint8_t> query(4160, 255);
  const std::vector<std::uint8_t> row(2080, 0);
  const std::vector<std::uint32_t> ids = {0};
  std::uint32_t out = 0;
  k().l2_rows_u8(&out, query.data(), {row.data(), row.data(), 2080, 4160, ids.data(), 1});
  EXPECT_EQ(out, 255u * 255u * 4160u);
  const std::vector<std::uint8_t> small_query(4160, 63);
  k().l2_rows_u4(&out, small_query.data(), {row.data(), nullptr, 2080, 4160, ids.data(), 1});
  EXPECT_EQ(out, 63u * 63u * 4160u);
}

TEST_P(DistancesTest, HalvesMakeTheBytesAgain) {
  for (const std::size_t length : byte_lengths) {
    const HalfTables tables(k(), length);
    std::vector<std::uint8_t> joined(length);
    k().join_u8(joined.data(), tables.high.data(), tables.low.data(), length);
    EXPECT_TRUE(std::equal(joined.begin(), joined.end(), tables.row(0)));
  }
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
        double sum = 0;
        for (std::size_t j = 0; j < length; ++j) {
          const double d = static_cast<double>(query[j]) - static_cast<double>(table.row(i)[j]);
          sum += d * d;
        }
        ASSERT_NEAR(static_cast<double>(as_float(out[i])), sum, sum * 1e-5);
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
      const float sum = k().l2_squared_f32(wide_query.data(), row, length);
      ASSERT_NEAR(as_float(out[i]), sum, sum * 1e-5F);
    }
  }
}

}  // namespace
}  // namespace frys::simd
