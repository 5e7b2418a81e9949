// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "core/crc32c.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <span>
#include <string_view>
#include <vector>

#include "experience/bytes.hpp"

namespace frys::detail {
namespace {

TEST(Crc32cTest, KnownAnswers) {
  EXPECT_EQ(crc32c({}), 0U);
  EXPECT_EQ(crc32c(as_byte_span("123456789")), 0xe3069283U);
  // RFC 3720, B.4: 32 bytes of zeros, of ones, ascending.
  std::vector<std::byte> bytes(32);
  EXPECT_EQ(crc32c(bytes), 0x8a9136aaU);
  bytes.assign(32, std::byte{0xff});
  EXPECT_EQ(crc32c(bytes), 0x62a8ab43U);
  for (int i = 0; i < 32; ++i) bytes[i] = static_cast<std::byte>(i);
  EXPECT_EQ(crc32c(bytes), 0x46dd794eU);
}

// Bit by bit, as it is defined.
std::uint32_t plain_crc32c(std::span<const std::byte> data) {
  std::uint32_t crc = ~std::uint32_t{0};
  for (const std::byte byte : data) {
    crc ^= static_cast<std::uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);
  }
  return ~crc;
}

TEST(Crc32cTest, EveryLengthAndAlignment) {
  std::mt19937 random(1);
  std::vector<std::byte> bytes(16'384);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random() >> 8);
  const auto check = [&](std::size_t from, std::size_t size) {
    const auto part = std::span(bytes).subspan(from, size);
    EXPECT_EQ(crc32c(part), plain_crc32c(part)) << size << " bytes from " << from;
    EXPECT_EQ(crc32c_by_tables(part), plain_crc32c(part)) << size << " bytes from " << from;
  };
  for (std::size_t size = 0; size < 40; ++size) {
    for (std::size_t from = 0; from < 8; ++from) check(from, size);
  }
  // Around one, two and more times what is taken in one go.
  for (const std::size_t size : {1024U, 3071U, 3072U, 3073U, 3080U, 6143U, 6144U, 9999U, 15'361U}) {
    check(size % 7, size);
  }
}

TEST(Crc32cTest, PartsAddUp) {
  const std::string_view text = "the quick brown fox jumps over the lazy dog";
  const std::uint32_t whole = crc32c(as_byte_span(text));
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const std::uint32_t first = crc32c(as_byte_span(text.substr(0, cut)));
    EXPECT_EQ(crc32c(as_byte_span(text.substr(cut)), first), whole);
  }
}

}  // namespace
}  // namespace frys::detail
