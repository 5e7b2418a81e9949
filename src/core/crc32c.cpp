// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "core/crc32c.hpp"

#include <array>
#include <cstring>

namespace frys::detail {
namespace {

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr std::uint32_t polynomial = 0x82f63b78;  // Reflected 0x1edc6f41.

constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? polynomial : 0);
    tables[0][i] = crc;
  }
  for (std::uint32_t i = 0; i < 256; ++i) {
    for (std::size_t t = 1; t < 8; ++t) {
      tables[t][i] = (tables[t - 1][i] >> 8) ^ tables[0][tables[t - 1][i] & 0xff];
    }
  }
  return tables;
}

constexpr Tables tables = make_tables();

std::uint64_t word_at(const std::byte* p) noexcept {
  std::uint64_t word;
  std::memcpy(&word, p, sizeof(word));
  return word;
}

std::uint32_t extend_by_tables(const std::byte* p, std::size_t left, std::uint32_t crc) noexcept {
  for (; left >= 8; left -= 8, p += 8) {
    const std::uint64_t word = word_at(p) ^ crc;
    crc = tables[7][word & 0xff] ^ tables[6][(word >> 8) & 0xff] ^ tables[5][(word >> 16) & 0xff] ^
          tables[4][(word >> 24) & 0xff] ^ tables[3][(word >> 32) & 0xff] ^
          tables[2][(word >> 40) & 0xff] ^ tables[1][(word >> 48) & 0xff] ^ tables[0][word >> 56];
  }
  for (; left > 0; --left, ++p) {
    crc = (crc >> 8) ^ tables[0][(crc ^ static_cast<std::uint32_t>(*p)) & 0xff];
  }
  return crc;
}

#if defined(__x86_64__)

constexpr std::size_t stride_bytes = 1024;

/// What becomes of each bit of a sum.
using Columns = std::array<std::uint32_t, 32>;

constexpr std::uint32_t apply(const Columns& columns, std::uint32_t sum) {
  std::uint32_t result = 0;
  for (std::size_t bit = 0; sum != 0; sum >>= 1, ++bit) result ^= (sum & 1) * columns[bit];
  return result;
}

using SkipTables = std::array<std::array<std::uint32_t, 256>, 4>;

/// What becomes of a sum, byte by byte, when `stride_bytes` zeros follow.
constexpr SkipTables make_skip_tables() {
  Columns skip{polynomial};  // One zero bit.
  for (std::size_t bit = 1; bit < skip.size(); ++bit) skip[bit] = std::uint32_t{1} << (bit - 1);
  for (std::size_t bits = 1; bits < 8 * stride_bytes; bits *= 2) {
    const Columns half = skip;
    for (std::uint32_t& column : skip) column = apply(half, column);
  }
  SkipTables result{};
  for (std::size_t byte = 0; byte < result.size(); ++byte) {
    for (std::uint32_t value = 0; value < 256; ++value) {
      result[byte][value] = apply(skip, value << (8 * byte));
    }
  }
  return result;
}

constexpr SkipTables skip_tables = make_skip_tables();

std::uint32_t skip_stride(std::uint64_t sum) noexcept {
  return skip_tables[0][sum & 0xff] ^ skip_tables[1][(sum >> 8) & 0xff] ^
         skip_tables[2][(sum >> 16) & 0xff] ^ skip_tables[3][(sum >> 24) & 0xff];
}

/// SSE4.2 has an instruction for it that takes three cycles, but can begin each cycle: three
/// stretches are summed at once, and their sums put together.
[[gnu::target("sse4.2")]] std::uint32_t extend_by_instruction(const std::byte* p, std::size_t left,
                                                              std::uint32_t crc) noexcept {
  std::uint64_t sum = crc;
  for (; left >= 3 * stride_bytes; left -= 3 * stride_bytes, p += 3 * stride_bytes) {
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (std::size_t at = 0; at < stride_bytes; at += 8) {
      sum = __builtin_ia32_crc32di(sum, word_at(p + at));
      second = __builtin_ia32_crc32di(second, word_at(p + at + stride_bytes));
      third = __builtin_ia32_crc32di(third, word_at(p + at + 2 * stride_bytes));
    }
    sum = skip_stride(skip_stride(sum) ^ second) ^ third;
  }
  for (; left >= 8; left -= 8, p += 8) sum = __builtin_ia32_crc32di(sum, word_at(p));
  return extend_by_tables(p, left, static_cast<std::uint32_t>(sum));
}

#endif

}  // namespace

std::uint32_t crc32c(std::span<const std::byte> data, std::uint32_t crc) noexcept {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) {
    return ~extend_by_instruction(data.data(), data.size(), ~crc);
  }
#endif
  return crc32c_by_tables(data, crc);
}

std::uint32_t crc32c_by_tables(std::span<const std::byte> data, std::uint32_t crc) noexcept {
  return ~extend_by_tables(data.data(), data.size(), ~crc);
}

}  // namespace frys::detail
