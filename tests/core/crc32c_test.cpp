// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "core/crc32c.hpp"

#include <gtest/gtest.h>

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
