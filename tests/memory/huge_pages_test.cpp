// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/huge_pages.hpp"

#include <gtest/gtest.h>

#include "frys/memory/pool.hpp"
#include "support/red_zones.hpp"

namespace frys {
namespace {

TEST(HugePages, AdviceCountsWhereTheSystemSaysSo) {
  EXPECT_TRUE(detail::huge_pages_enabled("always [madvise] never\n"));
  EXPECT_TRUE(detail::huge_pages_enabled("[always] madvise never\n"));
  EXPECT_FALSE(detail::huge_pages_enabled("always madvise [never]\n"));
  EXPECT_FALSE(detail::huge_pages_enabled(""));
}

TEST(HugePages, PayWhenATenthFaster) {
  EXPECT_TRUE(detail::huge_pages_pay({.small_ns = 1000, .huge_ns = 900}));
  EXPECT_FALSE(detail::huge_pages_pay({.small_ns = 1000, .huge_ns = 901}));
  EXPECT_TRUE(detail::huge_pages_pay({.small_ns = 1000, .huge_ns = 10}));
  EXPECT_FALSE(detail::huge_pages_pay({.small_ns = 0, .huge_ns = 0})) << "nothing was measured";
}

TEST(HugePages, TheMeasurementTakesTimes) {
  const detail::HugePageTimes times = detail::measure_huge_pages();
  EXPECT_GT(times.small_ns, 0U);
  EXPECT_GT(times.huge_ns, 0U);
  RecordProperty("small_ns", static_cast<int>(times.small_ns));
  RecordProperty("huge_ns", static_cast<int>(times.huge_ns));
}

HugePagesUse use_after(HugePages option, std::size_t bytes) {
  auto pool = MemoryPool::create({.huge_pages = option});
  EXPECT_EQ((*pool)->stats().huge_pages, HugePagesUse::undecided);
  auto block = (*pool)->allocate_storage(bytes);
  EXPECT_TRUE(block);
  return (*pool)->stats().huge_pages;
}

TEST(HugePages, ThePoolDecidesAtItsFirstLargeBlock) {
  FRYS_SKIP_WITH_RED_ZONES();
  constexpr std::size_t large = std::size_t{2} << 20;
  EXPECT_EQ(use_after(HugePages::always, large), HugePagesUse::advised);
  EXPECT_EQ(use_after(HugePages::always, large - 4096), HugePagesUse::undecided);
  EXPECT_EQ(use_after(HugePages::automatic, large),
            detail::huge_pages_pay_here() ? HugePagesUse::advised : HugePagesUse::not_advised);
  EXPECT_EQ(use_after(HugePages::never, large), HugePagesUse::not_advised);
}

}  // namespace
}  // namespace frys
