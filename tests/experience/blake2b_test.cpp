// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/blake2b.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "experience/bytes.hpp"
#include "frys/experience/experience.hpp"

namespace frys::detail {
namespace {

std::string hex(std::string_view text) {
  return ExperienceId{blake2b_128(as_byte_span(text))}.to_string();
}

// The answers are those of Python's hashlib.blake2b(text, digest_size=16).
TEST(Blake2bTest, KnownAnswers) {
  EXPECT_EQ(hex(""), "cae66941d9efbd404e4d88758ea67670");
  EXPECT_EQ(hex("abc"), "cf4ab791c62b8d2b2109c90275287816");
  std::string block;
  for (int i = 0; i < 128; ++i) block.push_back(static_cast<char>(i));
  EXPECT_EQ(hex(block), "a74787004ef589e31149183900d0294a");
  block.push_back(static_cast<char>(128));
  EXPECT_EQ(hex(block), "aaf1b0371f6d4ee49ee4fb5ddd9c49ef");
  EXPECT_EQ(hex(std::string(1000, 'a')), "a0e5a332e985551c28a377c40f4139c3");
}

}  // namespace
}  // namespace frys::detail
