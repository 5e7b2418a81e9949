// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/size_class.hpp"

#include <gtest/gtest.h>

namespace frys::detail {
namespace {

TEST(SizeClass, UnitsRoundUpAndZeroTakesOne) {
  EXPECT_EQ(units_of(0), 1U);
  EXPECT_EQ(units_of(1), 1U);
  EXPECT_EQ(units_of(64), 1U);
  EXPECT_EQ(units_of(65), 2U);
  EXPECT_EQ(units_of(std::size_t{1} << 46), std::uint64_t{1} << 40);
}

TEST(SizeClass, EverySizeFitsItsClassAndNoSmallerOne) {
  for (std::uint64_t units = 1; units <= largest_class_bytes / unit_bytes; ++units) {
    const std::size_t index = class_of_units(units);
    ASSERT_LT(index, size_classes);
    ASSERT_GE(units_of_class(index), units);
    if (index > 0) {
      ASSERT_LT(units_of_class(index - 1), units);
    }
  }
}

TEST(SizeClass, AboutFourAnOctaveAndAtMostAFifthIsRounding) {
  for (std::size_t index = 8; index < size_classes; ++index) {
    const double step =
        static_cast<double>(units_of_class(index)) / static_cast<double>(units_of_class(index - 1));
    EXPECT_LE(step, 1.25 + 1e-9) << index;
  }
  EXPECT_EQ(units_of_class(size_classes - 1) * unit_bytes, largest_class_bytes);
}

TEST(SizeClass, SlabsHoldTheirBlocksAndWasteLittle) {
  for (const ClassShape& shape : class_shapes) {
    const std::size_t slab_bytes = std::size_t{shape.slab_pages} * pool_page_bytes;
    const std::size_t used_bytes = std::size_t{shape.slab_blocks} * shape.block_bytes;
    ASSERT_GE(shape.slab_blocks, 1U);
    ASSERT_LE(shape.slab_pages, 16U);  // a slab's cold pages are sixteen bits
    ASSERT_LE(used_bytes, slab_bytes);
    EXPECT_LE((slab_bytes - used_bytes) * 8, slab_bytes) << shape.block_bytes;
    EXPECT_GE(shape.magazine_blocks, 2U);
  }
}

}  // namespace
}  // namespace frys::detail
