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
  for (std::size_t bytes = 1; bytes <= largest_class_bytes; bytes += bytes < 70000 ? 1 : 61) {
    const std::size_t index = class_of_bytes(bytes);
    ASSERT_LT(index, size_classes);
    ASSERT_GE(bytes_of_class(index), bytes);
    if (index > 0) {
      ASSERT_LT(bytes_of_class(index - 1), bytes);
    }
  }
  EXPECT_EQ(class_of_bytes(0), 0U);
}

TEST(SizeClass, FourAnOctaveInSlabsAndEightBeyond) {
  for (std::size_t index = 8; index < size_classes; ++index) {
    const double step =
        static_cast<double>(bytes_of_class(index)) / static_cast<double>(bytes_of_class(index - 1));
    EXPECT_LE(step, (index < slab_classes ? 1.25 : 1.125) + 1e-9) << index;
  }
  EXPECT_EQ(bytes_of_class(slab_classes - 1), largest_slab_class_bytes);
  EXPECT_EQ(bytes_of_class(size_classes - 1), largest_class_bytes);
}

TEST(SizeClass, SlabsHoldTheirBlocksAndWasteLittle) {
  for (std::size_t index = 0; index < size_classes; ++index) {
    const ClassShape& shape = class_shapes[index];
    const std::size_t slab_bytes = std::size_t{shape.slab_pages} * heap_page_bytes;
    const std::size_t used_bytes = std::size_t{shape.slab_blocks} * shape.block_bytes;
    ASSERT_GE(shape.slab_blocks, 1U);
    ASSERT_LE(used_bytes, slab_bytes);
    if (index < slab_classes) {
      ASSERT_LE(shape.slab_pages, most_slab_pages);
      EXPECT_GE(shape.slab_blocks, shape.block_bytes <= 2048 ? 8U : 4U);
      EXPECT_LE((slab_bytes - used_bytes) * 16, slab_bytes) << shape.block_bytes;
    } else {
      EXPECT_EQ(used_bytes, slab_bytes) << "a run of its own";
    }
  }
}

TEST(SizeClass, CachesAreBounded) {
  for (const ClassShape& shape : class_shapes) {
    const std::size_t kept_bytes = std::size_t{shape.magazine_blocks} * shape.block_bytes;
    EXPECT_GE(shape.magazine_blocks, 2U);
    EXPECT_TRUE(shape.magazine_blocks == 2 || kept_bytes <= std::size_t{128} << 10);
    EXPECT_LE(std::size_t{shape.depot_chains} * (kept_bytes / 2), std::size_t{2} << 20);
    EXPECT_LE(std::size_t{shape.empty_slabs} * shape.slab_pages * heap_page_bytes,
              std::size_t{256} << 10);
  }
}

}  // namespace
}  // namespace frys::detail
