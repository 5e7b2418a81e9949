// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What is reserved, and what the records of it cost.

#include "memory/segment.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <bit>
#include <cstdlib>
#include <vector>

#include "frys/core/machine.hpp"
#include "memory/memory_tools.hpp"
#include "memory/page_heap.hpp"

namespace frys::detail {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20;

// Maps no more than so much at once.
class StingyPages final : public PageSource {
 public:
  explicit StingyPages(std::size_t most_bytes) : most_bytes_(most_bytes) {}
  void* map(std::size_t bytes, std::size_t alignment) noexcept override {
    ++asked;
    return bytes > most_bytes_ ? nullptr : pages_.map(bytes, alignment);
  }
  void unmap(void* pages, std::size_t bytes) noexcept override { pages_.unmap(pages, bytes); }
  void decommit(void* pages, std::size_t bytes) noexcept override { pages_.decommit(pages, bytes); }
  bool populate(void*, std::size_t) noexcept override { return false; }
  void advise_huge_pages(void*, std::size_t, bool) noexcept override {}
  int asked = 0;

 private:
  AnonymousPages pages_;
  std::size_t most_bytes_;
};

PageRun* take(PageHeap& heap, std::size_t bytes) {
  Status why;
  PageHeap::Cold cold;
  return heap.take(heap_pages_of(bytes), cold, why);
}

TEST(Segment, TheDefaultReservationIsTwiceTheMachine) {
  AnonymousPages pages;
  PageHeap heap(pages, 0, {}, nullptr);
  heap.give_back(take(heap, 5000));
  if (has_shadow_memory() || !overcommits()) {
    EXPECT_EQ(heap.stats().mapped_bytes, 32 * mib);
  } else if (mappable_bytes() == ~std::size_t{0}) {
    EXPECT_EQ(heap.stats().mapped_bytes,
              std::min(std::bit_ceil(2 * machine().memory_bytes), std::size_t{1} << 40));
  }
}

TEST(Segment, ARefusedReservationIsHalvedDownToTheNeed) {
  StingyPages pages(20 * mib);
  PageHeap heap(pages, 128 * mib, {}, nullptr);
  PageRun* small = take(heap, 5000);
  ASSERT_NE(small, nullptr);
  EXPECT_EQ(heap.stats().mapped_bytes, 16 * mib) << "128, 64 and 32 were refused";
  EXPECT_EQ(pages.asked, 4);
  PageRun* larger = take(heap, 18 * mib);
  ASSERT_NE(larger, nullptr);
  EXPECT_EQ(heap.stats().mapped_bytes, 36 * mib) << "20 of them, as the need is rounded to 4";
  Status why;
  PageHeap::Cold cold;
  EXPECT_EQ(heap.take(heap_pages_of(30 * mib), cold, why), nullptr);
  EXPECT_EQ(why.code(), ErrorCode::out_of_memory);
  heap.give_back(small);
  heap.give_back(larger);
}

TEST(Segment, PagesThatCannotBeMadeReadyAreColdAgain) {
  StingyPages pages(20 * mib);
  PageHeap heap(pages, 8 * mib, {}, nullptr);
  EXPECT_EQ(heap.prefault(100).code(), ErrorCode::out_of_memory);
  EXPECT_EQ(heap.stats().committed_bytes, 0U);
  Status why;
  PageHeap::Cold cold;
  PageRun* run = heap.take(100, cold, why);
  EXPECT_EQ(cold.pages, 100U);
  heap.give_back(run);
}

TEST(Segment, PagesThatCannotBeMadeReadyMakeNoOthersGiveWay) {
  StingyPages pages(20 * mib);
  PageHeap heap(pages, 8 * mib, {.retain_pages = 20}, nullptr);
  Status why;
  PageHeap::Cold cold;
  PageRun* ready = heap.take(10, cold, why);
  PageRun* wall = heap.take(1, cold, why);
  PageRun* other = heap.take(8, cold, why);
  PageRun* end = heap.take(1, cold, why);
  heap.give_back(ready);
  heap.give_back(other);
  EXPECT_EQ(heap.prefault(20, 10).code(), ErrorCode::out_of_memory);
  EXPECT_EQ(heap.stats().free_committed_bytes, 18 * heap_page_bytes);
  heap.give_back(wall);
  heap.give_back(end);
}

TEST(Segment, ManyPagesAreOneRecord) {
  AnonymousPages pages;
  PageHeap heap(pages, 1024 * mib, {}, nullptr);
  std::vector<PageRun*> runs;
  for (int i = 0; i < 8; ++i) runs.push_back(take(heap, 100 * mib));
  const Segment* segment = runs.front()->segment;
  for (PageRun* run : runs) heap.give_back(run);
  for (int i = 0; i < 1000; ++i) heap.give_back(take(heap, (1 + i % 700) * mib));
  EXPECT_LE(segment->records_made, 12U);
  std::vector<unsigned char> resident(segment->metadata_bytes / machine().page_bytes + 1);
  ASSERT_EQ(::mincore(const_cast<Segment*>(segment), segment->metadata_bytes, resident.data()), 0);
  std::size_t resident_pages = 0;
  for (const unsigned char page : resident) resident_pages += page & 1;
  // An index entry at each end of some hundred runs, not one for each of 204 800 pages.
  EXPECT_LE(resident_pages * machine().page_bytes, 800 * mib / 500);
}

// In a child, whose limit does not reach the other tests.
[[noreturn]] void take_under_a_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_AS, &limit);
  char text[64] = {};
  const std::size_t length = read_file("/proc/self/statm", text, sizeof(text) - 1);
  const std::size_t mapped =
      length == 0 ? 0 : std::strtoull(text, nullptr, 10) * machine().page_bytes;
  limit.rlim_cur = mapped + 400 * mib;
  if (::setrlimit(RLIMIT_AS, &limit) != 0) std::_Exit(2);
  if (mappable_bytes() > 400 * mib) std::_Exit(3);
  AnonymousPages pages;
  PageHeap heap(pages, 0, {}, nullptr);
  PageRun* small = take(heap, 5000);
  if (small == nullptr) std::_Exit(4);
  if (heap.stats().mapped_bytes > 50 * mib) std::_Exit(5);
  PageRun* large = take(heap, 150 * mib);
  if (large == nullptr || heap.stats().mapped_bytes > 250 * mib) std::_Exit(6);
  if (take(heap, 300 * mib) != nullptr) std::_Exit(7);
  std::_Exit(0);
}

TEST(SegmentDeathTest, TakesAnEighthOfTheAddressesThatAreLeft) {
  EXPECT_EXIT(take_under_a_limit(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace frys::detail
