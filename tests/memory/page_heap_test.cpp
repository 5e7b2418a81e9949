// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/page_heap.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <vector>

#include "frys/core/random.hpp"
#include "memory/memory_tools.hpp"

namespace frys::detail {
namespace {

constexpr std::size_t segment_bytes = std::size_t{4} << 20;  // 64 pages

struct PageHeapTest : ::testing::Test {
  PageHeap heap{segment_bytes, {}, nullptr};
  Page* take(std::uint32_t count, std::uint32_t* cold_pages = nullptr) {
    Status why;
    PageHeap::Cold cold;
    Page* run = heap.take(count, cold, why);
    EXPECT_TRUE(why.ok()) << why.to_string();
    if (cold_pages != nullptr) *cold_pages = cold.pages;
    return run;
  }
  static std::byte* address(Page* run) { return run->segment->address_of(run); }
};

TEST_F(PageHeapTest, CutsFromTheFrontOfASegment) {
  Page* a = take(3);
  Page* b = take(2);
  EXPECT_EQ(address(b) - address(a), 3 * static_cast<std::ptrdiff_t>(pool_page_bytes));
  EXPECT_EQ(heap.stats().segments, 1U);
  heap.give_back(a);
  heap.give_back(b);
}

TEST_F(PageHeapTest, FindsThePageOfAnAddress) {
  Page* run = take(3);
  EXPECT_EQ(PageHeap::find(address(run)), run);
  EXPECT_EQ(PageHeap::find(address(run) + 2 * pool_page_bytes + 17), run + 2);
  int on_stack = 0;
  EXPECT_EQ(PageHeap::find(&on_stack), nullptr);
  heap.give_back(run);
  std::byte* gone = address(run);
  heap.trim();
  EXPECT_EQ(PageHeap::find(gone), nullptr);
}

TEST_F(PageHeapTest, TakesTheShortestWarmRunThatFits) {
  Page* eight = take(8);
  Page* wall_1 = take(1);
  Page* five = take(5);
  Page* wall_2 = take(1);
  std::byte* five_at = address(five);
  std::byte* eight_at = address(eight);
  heap.give_back(eight);
  heap.give_back(five);
  Page* four = take(4);
  EXPECT_EQ(address(four), five_at);
  Page* six = take(6);
  EXPECT_EQ(address(six), eight_at);
  for (Page* run : {wall_1, wall_2, four, six}) heap.give_back(run);
}

TEST_F(PageHeapTest, JoinsNeighboursOnBothSides) {
  Page* a = take(2);
  Page* b = take(3);
  Page* c = take(4);
  Page* wall = take(1);
  std::byte* start = address(a);
  heap.give_back(a);
  heap.give_back(c);
  heap.give_back(b);
  Page* joined = take(9);
  EXPECT_EQ(address(joined), start);
  heap.give_back(joined);
  heap.give_back(wall);
}

TEST_F(PageHeapTest, CountsColdPagesOnce) {
  std::uint32_t cold = 0;
  Page* run = take(5, &cold);
  EXPECT_EQ(cold, 5U);
  heap.give_back(run);
  run = take(7, &cold);
  EXPECT_EQ(cold, 2U);
  heap.give_back(run);
}

TEST_F(PageHeapTest, PagesThatWereNotUsedStayCold) {
  std::uint32_t cold = 0;
  Page* run = take(4, &cold);
  heap.give_back(run, 0b1100);
  EXPECT_EQ(heap.stats().committed_bytes, 2 * pool_page_bytes);
  run = take(4, &cold);
  EXPECT_EQ(cold, 2U);
  heap.give_back(run);
}

TEST_F(PageHeapTest, PrefaultedPagesAreWarmAndReadable) {
  ASSERT_TRUE(heap.prefault(10).ok());
  EXPECT_EQ(heap.stats().free_committed_bytes, 10 * pool_page_bytes);
  const std::uint64_t calls = heap.calls();
  ASSERT_TRUE(heap.prefault(10).ok());
  EXPECT_EQ(heap.calls(), calls) << "ready pages need no call";
  std::uint32_t cold = 1;
  Page* run = take(10, &cold);
  EXPECT_EQ(cold, 0U);
  unpoison(address(run), 10 * pool_page_bytes, heap.on_valgrind());
  std::memset(address(run), 1, 10 * pool_page_bytes);
  heap.give_back(run);
}

TEST_F(PageHeapTest, TrimGivesFreePagesBack) {
  Page* kept = take(1);
  Page* freed = take(20);
  heap.give_back(freed);
  EXPECT_EQ(heap.stats().committed_bytes, 21 * pool_page_bytes);
  heap.trim();
  EXPECT_EQ(heap.stats().committed_bytes, 1 * pool_page_bytes);
  EXPECT_EQ(heap.stats().segments, 1U);
  heap.give_back(kept);
  heap.trim();
  EXPECT_EQ(heap.stats().segments, 0U);
  EXPECT_EQ(heap.stats().mapped_bytes, 0U);
}

TEST_F(PageHeapTest, AnInjectedRefusalLeavesTheHeapWhole) {
  FaultInjector faults;
  PageHeap failing(segment_bytes, {}, &faults);
  faults.fail("memory.map", 1, Status(ErrorCode::out_of_memory, "injected"));
  Status why;
  PageHeap::Cold cold;
  EXPECT_EQ(failing.take(1, cold, why), nullptr);
  EXPECT_EQ(why.code(), ErrorCode::out_of_memory);
  Page* run = failing.take(1, cold, why);
  ASSERT_NE(run, nullptr);
  EXPECT_TRUE(why.ok());
  failing.give_back(run);
}

TEST(PageHeapLimit, FreePagesGoBackOnlyAsFarAsNewOnesNeed) {
  PageHeap heap(segment_bytes, {.commit_pages = 20}, nullptr);
  Status why;
  PageHeap::Cold cold;
  Page* freed = heap.take(16, cold, why);
  Page* wall = heap.take(1, cold, why);
  heap.give_back(freed);
  Page* larger = heap.take(18, cold, why);
  EXPECT_EQ(heap.stats().committed_bytes, 20 * pool_page_bytes);
  EXPECT_EQ(heap.stats().free_committed_bytes, 1 * pool_page_bytes);
  Page* over = heap.take(5, cold, why);
  ASSERT_NE(over, nullptr) << "the limit refuses nothing";
  EXPECT_EQ(heap.stats().committed_bytes, 24 * pool_page_bytes);
  EXPECT_EQ(heap.stats().free_committed_bytes, 0U);
  EXPECT_TRUE(heap.prefault(4).ok());
  EXPECT_EQ(heap.stats().free_committed_bytes, 0U) << "nothing may be kept ready";
  for (Page* run : {wall, larger, over}) heap.give_back(run);
}

TEST(PageHeapRetain, WhatIsFreedBeyondTheLimitGoesBackAtOnce) {
  PageHeap heap(segment_bytes, {.retain_pages = 4}, nullptr);
  Status why;
  PageHeap::Cold cold;
  Page* wall = heap.take(1, cold, why);
  Page* run = heap.take(8, cold, why);
  heap.give_back(run);
  EXPECT_EQ(heap.stats().committed_bytes, pool_page_bytes);
  heap.give_back(wall);
}

// Random takes and gives against a model: runs never overlap, all memory comes together again.
TEST_F(PageHeapTest, AgreesWithAModel) {
  SeededRandom random(7);
  std::map<std::byte*, std::pair<Page*, std::uint32_t>> held;
  for (int round = 0; round < 4000; ++round) {
    if (held.size() < 30 && random.next_below(2) == 0) {
      const auto count = static_cast<std::uint32_t>(random.next_below(90) + 1);
      Page* run = take(count);
      std::byte* at = address(run);
      auto after = held.lower_bound(at);
      ASSERT_TRUE(after == held.end() || at + count * pool_page_bytes <= after->first);
      if (after != held.begin()) {
        auto before = std::prev(after);
        ASSERT_LE(before->first + before->second.second * pool_page_bytes, at);
      }
      held[at] = {run, count};
    } else if (!held.empty()) {
      auto victim = std::next(held.begin(), static_cast<int>(random.next_below(held.size())));
      heap.give_back(victim->second.first);
      held.erase(victim);
    }
    if (round % 500 == 250) heap.trim();
  }
  for (auto& [at, run] : held) heap.give_back(run.first);
  const PageHeap::Stats stats = heap.stats();
  EXPECT_EQ(stats.committed_bytes, stats.free_committed_bytes);
  heap.trim();
  EXPECT_EQ(heap.stats().mapped_bytes, 0U);
  EXPECT_EQ(heap.stats().committed_bytes, 0U);
}

}  // namespace
}  // namespace frys::detail
