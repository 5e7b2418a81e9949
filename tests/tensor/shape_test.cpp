// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/tensor/shape.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace frys {
namespace {

constexpr std::int64_t huge = std::numeric_limits<std::int64_t>::max();

TEST(Shape, CountsElements) {
  EXPECT_EQ(Shape{}.elements(), 1u);
  EXPECT_EQ(Shape{}.rank(), 0u);
  EXPECT_EQ((Shape{3, 4, 5}).elements(), 60u);
  EXPECT_EQ((Shape{3, 0, 5}).elements(), 0u);
  static_assert(Shape{2, 3}.elements() == 6);
}

TEST(Shape, ComparesAndPrints) {
  EXPECT_EQ((Shape{1, 2}), (Shape{1, 2}));
  EXPECT_NE((Shape{1, 2}), (Shape{1, 2, 1}));
  EXPECT_NE((Shape{1, 2}), (Shape{2, 1}));
  EXPECT_EQ((Shape{1, -2}).to_string(), "[1, -2]");
  EXPECT_EQ(Shape{}.to_string(), "[]");
}

TEST(Shape, BadOnesAreNamed) {
  const std::vector<std::int64_t> nine(9, 1);
  const struct {
    Shape shape;
    std::size_t bytes;
    const char* says;
  } cases[] = {
      {{-1}, 1, "dimension 0 of shape [-1] has a negative extent"},
      {{2, -3}, 4, "dimension 1"},
      {{huge, 2}, 1, "overflows"},
      {{huge / 4 + 1}, 4, "overflows"},
      {{0, huge, huge}, 1, "overflows"},
      {{1ll << 32, 1ll << 32}, 1, "overflows"},
      {Shape(std::span<const std::int64_t>(nine)), 1, "got rank 9"},
  };
  for (const auto& [shape, bytes, says] : cases) {
    const Status status = shape.validate(bytes);
    EXPECT_EQ(status.code(), ErrorCode::invalid_argument) << shape.to_string();
    EXPECT_NE(status.message().find(says), std::string_view::npos) << status.message();
  }
}

TEST(Shape, TheLargestOnesAreLegal) {
  EXPECT_TRUE((Shape{huge}).validate(1).ok());
  EXPECT_TRUE((Shape{huge / 8}).validate(8).ok());
  EXPECT_TRUE((Shape{0, huge}).validate(1).ok());
  EXPECT_TRUE((Shape{1, 1, 1, 1, 1, 1, 1, 1}).validate().ok());
}

}  // namespace
}  // namespace frys
