// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/page_heap.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <vector>

#include "memory/memory_tools.hpp"

namespace frys::detail {
namespace {

constexpr std::size_t segment_bytes = std::size_t{4} << 20;  // 1024 pages

struct PageHeapTest : ::testing::Test {
  AnonymousPages pages;
  PageHeap heap{pages, segment_bytes, {}, nullptr};
  PageRun* take(std::uint32_t count, std::uint32_t* cold_pages = nullptr,
                std::uint32_t alignment = 1) {
    Status why;
    PageHeap::Cold cold;
    PageRun* run = heap.take(count, cold, why, alignment);
    EXPECT_TRUE(why.ok()) << why.to_string();
    EXPECT_EQ(run->count, count);
    if (cold_pages != nullptr) *cold_pages = cold.pages;
    return run;
  }
};

TEST_F(PageHeapTest, CutsFromTheFrontOfASegment) {
  PageRun* a = take(3);
  PageRun* b = take(2);
  EXPECT_EQ(b->address() - a->address(), 3 * static_cast<std::ptrdiff_t>(heap_page_bytes));
  EXPECT_EQ(heap.stats().segments, 1U);
  heap.give_back(a);
  heap.give_back(b);
}

TEST_F(PageHeapTest, FindsTheRunOfAnAddress) {
  PageRun* before = take(5);
  PageRun* run = take(3);
  EXPECT_EQ(PageHeap::find(before->address()), before);
  EXPECT_EQ(PageHeap::find(run->address()), run);
  EXPECT_EQ(PageHeap::find(run->address() + 2 * heap_page_bytes + 17), run);
  int on_stack = 0;
  EXPECT_EQ(PageHeap::find(&on_stack), nullptr);
  std::byte* gone = run->address();
  heap.give_back(run);
  heap.give_back(before);
  heap.trim();
  EXPECT_EQ(PageHeap::find(gone), nullptr);
}

TEST_F(PageHeapTest, FindsARunFarIntoALargeSegment) {
  PageHeap large(pages, std::size_t{64} << 20, {}, nullptr);
  Status why;
  PageHeap::Cold cold;
  PageRun* first = large.take(9000, cold, why);
  PageRun* second = large.take(3, cold, why);
  EXPECT_EQ(PageHeap::find(second->address() + 5), second);
  EXPECT_EQ(PageHeap::find(second->address())->segment, first->segment);
  large.give_back(first);
  large.give_back(second);
}

TEST_F(PageHeapTest, TakesTheShortestWarmRunThatFits) {
  PageRun* eight = take(8);
  PageRun* wall_1 = take(1);
  PageRun* five = take(5);
  PageRun* wall_2 = take(1);
  std::byte* five_at = five->address();
  std::byte* eight_at = eight->address();
  heap.give_back(eight);
  heap.give_back(five);
  PageRun* four = take(4);
  EXPECT_EQ(four->address(), five_at);
  PageRun* six = take(6);
  EXPECT_EQ(six->address(), eight_at);
  for (PageRun* run : {wall_1, wall_2, four, six}) heap.give_back(run);
}

// One bin holds 96 to 101 pages.
TEST_F(PageHeapTest, PrefersTheSameLengthWithinABin) {
  std::vector<PageRun*> freed;
  std::vector<PageRun*> walls;
  for (const std::uint32_t count : {97U, 99U, 100U, 98U}) {
    freed.push_back(take(count));
    walls.push_back(take(1));
  }
  std::byte* exact = freed[1]->address();
  for (PageRun* run : freed) heap.give_back(run);
  PageRun* again = take(99);
  EXPECT_EQ(again->address(), exact);
  heap.give_back(again);
  for (PageRun* wall : walls) heap.give_back(wall);
}

TEST_F(PageHeapTest, JoinsNeighboursOnBothSides) {
  PageRun* a = take(2);
  PageRun* b = take(3);
  PageRun* c = take(4);
  PageRun* wall = take(1);
  std::byte* start = a->address();
  heap.give_back(a);
  heap.give_back(c);
  heap.give_back(b);
  std::uint32_t cold = 1;
  PageRun* joined = take(9, &cold);
  EXPECT_EQ(joined->address(), start);
  EXPECT_EQ(cold, 0U);
  heap.give_back(joined);
  heap.give_back(wall);
}

TEST_F(PageHeapTest, CountsColdPagesOnce) {
  std::uint32_t cold = 0;
  PageRun* run = take(5, &cold);
  EXPECT_EQ(cold, 5U);
  heap.give_back(run);
  run = take(7, &cold);
  EXPECT_EQ(cold, 2U);
  heap.give_back(run);
}

TEST_F(PageHeapTest, TakesThePlaceWithTheFewestColdPages) {
  PageRun* left = take(100);
  PageRun* middle = take(30);
  PageRun* right = take(100);
  PageRun* wall = take(1);
  // Free from the front on: 30 warm, 70 cold, 130 warm.
  heap.give_back(left);
  EXPECT_EQ(heap.purge(70), 70U);
  heap.give_back(middle);
  heap.give_back(right);
  std::uint32_t cold = 0;
  PageRun* all = take(190, &cold);
  EXPECT_EQ(cold, 60U) << "at the end, where ten of the cold ones are left out";
  EXPECT_EQ(all->start, 40U);
  EXPECT_EQ(heap.stats().committed_bytes, (1 + 160 + 60) * heap_page_bytes);
  heap.give_back(all);
  heap.give_back(wall);
}

TEST_F(PageHeapTest, PagesThatWereNotUsedStayCold) {
  std::uint32_t cold = 0;
  PageRun* run = take(4, &cold);
  heap.give_back(run, 0b1100);
  EXPECT_EQ(heap.stats().committed_bytes, 2 * heap_page_bytes);
  run = take(4, &cold);
  EXPECT_EQ(cold, 2U);
  heap.give_back(run);
}

TEST_F(PageHeapTest, TellsWhichPagesAreColdAndTakesThemBackByTurns) {
  Status why;
  PageHeap::Cold cold;
  PageRun* run = heap.take(64, cold, why);
  EXPECT_EQ(cold.mask, ~std::uint64_t{0});
  const std::uint64_t some = 0xF0F000000000FF01;
  heap.give_back(run, some);
  EXPECT_EQ(heap.stats().free_committed_bytes,
            (64 - static_cast<std::size_t>(std::popcount(some))) * heap_page_bytes);
  std::uint32_t other = 1;
  PageRun* middle = take(20, &other);
  EXPECT_EQ(other, 0U) << "from the 36 pages that are warm in a row";
  heap.give_back(middle);
  run = heap.take(64, cold, why);
  EXPECT_EQ(cold.pages, static_cast<std::uint32_t>(std::popcount(cold.mask)));
  EXPECT_LE(cold.pages, 24U);
  heap.give_back(run);
}

TEST_F(PageHeapTest, ManyPiecesMakeAPlaceBeforeAddressesAreReserved) {
  PageRun* run = take(60);
  PageRun* wall = take(1024 - 60);
  heap.give_back(run, 0x0555'5555'5555'5555);  // 60 pieces of one page
  std::uint32_t cold = 0;
  run = take(59, &cold);
  EXPECT_EQ(heap.stats().segments, 1U);
  EXPECT_EQ(cold, 30U);
  heap.give_back(run);
  heap.give_back(wall);
}

TEST_F(PageHeapTest, WhatWasFreedLastIsJoinedWhenItIsNotWantedAgain) {
  PageRun* first = take(4);
  PageRun* second = take(4);
  PageRun* wall = take(1);
  const std::byte* address = second->address();
  heap.give_back(first);
  heap.give_back(second);
  second = take(4);
  EXPECT_EQ(second->address(), address);
  heap.give_back(second);
  std::uint32_t cold = 1;
  PageRun* both = take(8, &cold);
  EXPECT_EQ(cold, 0U);
  heap.give_back(both);
  heap.give_back(wall);
  heap.trim();
  EXPECT_EQ(heap.stats().mapped_bytes, 0U);
}

TEST_F(PageHeapTest, PrefaultedPagesAreWarmAndReadable) {
  ASSERT_TRUE(heap.prefault(10).ok());
  EXPECT_EQ(heap.stats().free_committed_bytes, 10 * heap_page_bytes);
  const std::uint64_t calls = heap.calls();
  ASSERT_TRUE(heap.prefault(10).ok());
  EXPECT_EQ(heap.calls(), calls) << "ready pages need no call";
  std::uint32_t cold = 1;
  PageRun* run = take(10, &cold);
  EXPECT_EQ(cold, 0U);
  unpoison(run->address(), 10 * heap_page_bytes, heap.on_valgrind());
  std::memset(run->address(), 1, 10 * heap_page_bytes);
  heap.give_back(run);
}

TEST_F(PageHeapTest, TrimGivesFreePagesBack) {
  PageRun* kept = take(1);
  PageRun* freed = take(20);
  heap.give_back(freed);
  EXPECT_EQ(heap.stats().committed_bytes, 21 * heap_page_bytes);
  heap.trim();
  EXPECT_EQ(heap.stats().committed_bytes, 1 * heap_page_bytes);
  EXPECT_EQ(heap.stats().segments, 1U);
  heap.give_back(kept);
  heap.trim();
  EXPECT_EQ(heap.stats().segments, 0U);
  EXPECT_EQ(heap.stats().mapped_bytes, 0U);
}

TEST_F(PageHeapTest, AnInjectedRefusalLeavesTheHeapWhole) {
  FaultInjector faults;
  PageHeap failing(pages, segment_bytes, {}, &faults);
  faults.fail("memory.map", 1, Status(ErrorCode::out_of_memory, "injected"));
  Status why;
  PageHeap::Cold cold;
  EXPECT_EQ(failing.take(1, cold, why), nullptr);
  EXPECT_EQ(why.code(), ErrorCode::out_of_memory);
  PageRun* run = failing.take(1, cold, why);
  ASSERT_NE(run, nullptr);
  EXPECT_TRUE(why.ok());
  failing.give_back(run);
}

TEST_F(PageHeapTest, AlignedRunsStartWhereAskedAndLeaveTheGapFree) {
  PageRun* first = take(3);
  std::uint32_t cold = 0;
  PageRun* aligned = take(5, &cold, 16);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(aligned->address()) % (16 * heap_page_bytes), 0U);
  PageRun* in_gap = take(13);
  EXPECT_EQ(in_gap->start, 3U);
  heap.give_back(aligned);
  PageRun* again = take(5, &cold, 16);
  EXPECT_EQ(again, aligned);
  EXPECT_EQ(cold, 0U);
  for (PageRun* run : {first, in_gap, again}) heap.give_back(run);
}

TEST_F(PageHeapTest, LongRunsStartAtHugePagesUnlessAWarmOneLiesElsewhere) {
  PageHeap large(pages, std::size_t{64} << 20, {}, nullptr);
  Status why;
  PageHeap::Cold cold;
  PageRun* small = large.take(3, cold, why);
  PageRun* first = large.take(700, cold, why);
  EXPECT_EQ(first->start, PageHeap::huge_pages);
  PageRun* second = large.take(512, cold, why);
  EXPECT_EQ(second->start, 3 * PageHeap::huge_pages);
  PageRun* behind = large.take(300, cold, why);
  EXPECT_GT(behind->start, first->end() - 1) << "the gap takes small ones";
  EXPECT_LT(behind->start, second->start);
  large.give_back(small);
  large.give_back(behind);
  large.give_back(first);
  PageRun* warm = large.take(900, cold, why);
  EXPECT_EQ(cold.pages, 0U);
  EXPECT_EQ(warm->start, PageHeap::huge_pages);
  large.give_back(warm);
  large.give_back(second);
}

TEST_F(PageHeapTest, PurgeGivesBackSoManyFreePages) {
  PageRun* wall = take(1);
  PageRun* freed = take(40);
  heap.give_back(freed);
  EXPECT_EQ(heap.purge(15), 15U);
  EXPECT_EQ(heap.stats().free_committed_bytes, 25 * heap_page_bytes);
  EXPECT_EQ(heap.stats().committed_bytes, 26 * heap_page_bytes);
  std::uint32_t cold = 1;
  PageRun* kept = take(25, &cold);
  EXPECT_EQ(cold, 0U) << "what was freed is cut from its end";
  heap.give_back(kept);
  EXPECT_EQ(heap.purge(100), 25U);
  EXPECT_EQ(heap.purge(1), 0U);
  heap.give_back(wall);
}

TEST_F(PageHeapTest, TheIdleFloorIsTheLeastSinceItWasAsked) {
  EXPECT_EQ(heap.take_idle_floor(), 0U);
  PageRun* run = take(30);
  PageRun* wall = take(1);
  heap.give_back(run);
  EXPECT_EQ(heap.take_idle_floor(), 0U);
  EXPECT_EQ(heap.take_idle_floor(), 30U);
  run = take(20);
  heap.give_back(run);
  EXPECT_EQ(heap.take_idle_floor(), 10U);
  heap.purge(5);
  heap.give_back(wall);
  EXPECT_EQ(heap.take_idle_floor(), 25U);
  heap.trim();
  EXPECT_EQ(heap.take_idle_floor(), 0U);
}

TEST_F(PageHeapTest, RunsOfAnyLengthShareOneListOfRecords) {
  for (int round = 0; round < 100; ++round) {
    std::vector<PageRun*> runs;
    for (std::uint32_t count = 1; count < 30; ++count) runs.push_back(take(count));
    for (PageRun* run : runs) heap.give_back(run);
  }
  PageRun* any = take(1);
  EXPECT_LE(any->segment->records_made, 64U) << "29 runs, what is between them, and no more";
  heap.give_back(any);
}

TEST(PageHeapLimit, FreePagesGoBackOnlyAsFarAsNewOnesNeed) {
  AnonymousPages pages;
  PageHeap heap(pages, segment_bytes, {.commit_pages = 20}, nullptr);
  Status why;
  PageHeap::Cold cold;
  PageRun* freed = heap.take(16, cold, why);
  PageRun* wall = heap.take(1, cold, why);
  heap.give_back(freed);
  PageRun* larger = heap.take(18, cold, why);
  EXPECT_EQ(heap.stats().committed_bytes, 20 * heap_page_bytes);
  EXPECT_EQ(heap.stats().free_committed_bytes, 1 * heap_page_bytes);
  PageRun* over = heap.take(5, cold, why);
  ASSERT_NE(over, nullptr) << "the limit refuses nothing";
  EXPECT_EQ(heap.stats().committed_bytes, 24 * heap_page_bytes);
  EXPECT_EQ(heap.stats().free_committed_bytes, 0U);
  EXPECT_TRUE(heap.prefault(4).ok());
  EXPECT_EQ(heap.stats().free_committed_bytes, 0U) << "nothing may be kept ready";
  for (PageRun* run : {wall, larger, over}) heap.give_back(run);
}

TEST(PageHeapRetain, WhatIsFreedBeyondTheLimitGoesBackAtOnce) {
  AnonymousPages pages;
  PageHeap heap(pages, segment_bytes, {.retain_pages = 4}, nullptr);
  Status why;
  PageHeap::Cold cold;
  PageRun* wall = heap.take(1, cold, why);
  PageRun* run = heap.take(8, cold, why);
  heap.give_back(run);
  EXPECT_EQ(heap.stats().committed_bytes, heap_page_bytes);
  heap.give_back(wall);
}

}  // namespace
}  // namespace frys::detail
