// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/library_pages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

#include "frys/memory/pool.hpp"
#include "memory/memory_tools.hpp"
#include "memory/page_heap.hpp"

namespace frys::detail {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20;

bool is_zero(const void* pages, std::size_t bytes) {
  const auto* first = static_cast<const unsigned char*>(pages);
  return std::all_of(first, first + bytes, [](unsigned char byte) { return byte == 0; });
}

// The system's heap is a library like any other, and there under every tool.
class LibraryPagesOver : public ::testing::TestWithParam<MemoryUpstream> {
 protected:
  void SetUp() override {
    if (library_ == nullptr) GTEST_SKIP() << to_string(GetParam()) << " is not available here";
  }
  const PrivateHeap* library_ = PrivateHeap::find(GetParam());
  LibraryPages pages_{library_};
};

TEST_P(LibraryPagesOver, AreAlignedAndZeroAlsoWhenTheLibraryHadThemInUse) {
  for (int round = 0; round < 2; ++round) {
    for (std::size_t bytes : {mib, 9 * mib}) {
      for (std::size_t alignment : {std::size_t{1}, std::size_t{4096}, 4 * mib}) {
        void* range = pages_.map(bytes, alignment);
        ASSERT_NE(range, nullptr);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(range) % std::max(alignment, 4096UL), 0U);
        EXPECT_TRUE(is_zero(range, bytes)) << bytes << " at " << alignment;
        std::memset(range, 0xA5, bytes);
        pages_.unmap(range, bytes);
      }
    }
  }
}

TEST_P(LibraryPagesOver, ReadAsZeroOnceTheyAreDecommitted) {
  auto* range = static_cast<unsigned char*>(pages_.map(mib, 4096));
  ASSERT_NE(range, nullptr);
  std::memset(range, 1, mib);
  pages_.decommit(range + 4096, mib / 2);
  EXPECT_TRUE(is_zero(range + 4096, mib / 2));
  EXPECT_EQ(range[4095], 1);
  EXPECT_EQ(range[4096 + mib / 2], 1);
  EXPECT_TRUE(pages_.populate(range + 4096, mib / 2));
  EXPECT_GT(pages_.calls(), 0U);
  pages_.unmap(range, mib);
}

TEST_P(LibraryPagesOver, ServeAPageHeap) {
  PageHeap heap(pages_, 4 * mib, {}, nullptr);
  Status why;
  PageHeap::Cold cold;
  PageRun* small = heap.take(3, cold, why);
  ASSERT_NE(small, nullptr);
  EXPECT_EQ(cold.pages, 3U);
  unpoison(small->address(), 3 * heap_page_bytes, false);
  std::memset(small->address(), 1, 3 * heap_page_bytes);
  PageRun* large = heap.take(5000, cold, why);
  ASSERT_NE(large, nullptr);
  unpoison(large->address(), 5000 * heap_page_bytes, false);
  std::memset(large->address(), 2, 5000 * heap_page_bytes);
  EXPECT_EQ(small->address()[3 * heap_page_bytes - 1], std::byte{1});
  EXPECT_EQ(heap.stats().segments, 2U);
  heap.give_back(small);
  heap.give_back(large);
  heap.trim();
  EXPECT_EQ(heap.stats().mapped_bytes, 0U);
}

INSTANTIATE_TEST_SUITE_P(Upstreams, LibraryPagesOver,
                         ::testing::Values(MemoryUpstream::system, MemoryUpstream::mimalloc,
                                           MemoryUpstream::jemalloc),
                         [](const auto& param) { return std::string(to_string(param.param)); });

TEST(PoolUpstream, IsTheSystemWhereTheLibraryIsNot) {
  for (MemoryUpstream wanted :
       {MemoryUpstream::system, MemoryUpstream::mimalloc, MemoryUpstream::jemalloc}) {
    auto pool = *MemoryPool::create({.upstream = wanted});
    EXPECT_EQ(pool->stats().upstream, is_available(wanted) ? wanted : MemoryUpstream::system);
    auto block = pool->allocate_storage(100);
    ASSERT_TRUE(block);
    if (wanted != MemoryUpstream::system && is_available(wanted)) {
      EXPECT_EQ(pool->stats().mapped_bytes, 32 * mib);
    }
  }
}

TEST(PoolUpstream, BlocksOutliveThePool) {
  for (MemoryUpstream wanted : {MemoryUpstream::mimalloc, MemoryUpstream::jemalloc}) {
    auto pool = *MemoryPool::create({.upstream = wanted});
    Storage block = *pool->allocate_storage(5 * mib);
    pool.reset();
    std::memset(block.data(), 1, 5 * mib);
  }
}

}  // namespace
}  // namespace frys::detail
