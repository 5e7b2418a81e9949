// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/memory/pool.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "frys/core/machine.hpp"
#include "frys/core/random.hpp"
#include "memory/pool_core.hpp"
#include "support/red_zones.hpp"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define FRYS_TESTS_SANITIZED 1
#endif
#endif

namespace frys {
namespace {

std::unique_ptr<MemoryPool> make_pool(const MemoryPoolOptions& options = {},
                                      const Environment& environment = {}) {
  Result<std::unique_ptr<MemoryPool>> pool = MemoryPool::create(options, environment);
  EXPECT_TRUE(pool);
  return *std::move(pool);
}

TEST(MemoryPool, MapsNothingUntilAsked) {
  auto pool = make_pool();
  EXPECT_EQ(pool->stats().mapped_bytes, 0U);
  EXPECT_EQ(pool->stats().system_calls, 0U);
}

TEST(MemoryPool, AWarmBlockOfAnySizeCostsNoSystemCall) {
  auto pool = make_pool();
  for (std::size_t bytes : {64UL, 4096UL, 65536UL, 1UL << 20, 9UL << 20, 100UL << 20}) {
    {
      auto warm_up = pool->allocate_storage(bytes);
    }
    const std::uint64_t calls = pool->stats().system_calls;
    for (int i = 0; i < 50; ++i) {
      auto block = pool->allocate_storage(bytes);
      ASSERT_TRUE(block);
      *static_cast<char*>(block->data()) = 1;
    }
    EXPECT_EQ(pool->stats().system_calls, calls) << bytes;
  }
}

TEST(MemoryPool, ALargeBlockIsCutFromAFreedLargerOne) {
  auto pool = make_pool();
  {
    auto big = pool->allocate_storage(std::size_t{64} << 20);
  }
  const PoolStats before = pool->stats();
  auto small = pool->allocate_storage(std::size_t{20} << 20);
  auto other = pool->allocate_storage(std::size_t{30} << 20);
  ASSERT_TRUE(small && other);
  EXPECT_EQ(pool->stats().system_calls, before.system_calls);
  EXPECT_EQ(pool->stats().first_touch_pages, before.first_touch_pages);
}

TEST(MemoryPool, StatsCountWhatIsLive) {
  FRYS_SKIP_WITH_RED_ZONES();
  auto pool = make_pool();
  {
    auto a = pool->allocate_storage(1000);                        // class 1024
    auto b = pool->allocate_storage((std::size_t{2} << 20) - 5);  // 32 pages
    EXPECT_EQ(pool->stats().live_bytes, 1024U + (std::size_t{2} << 20));
    EXPECT_GE(pool->stats().committed_bytes, pool->stats().live_bytes);
  }
  const PoolStats stats = pool->stats();
  EXPECT_EQ(stats.live_bytes, 0U);
  EXPECT_EQ(stats.cached_bytes, stats.committed_bytes);
  pool->trim();
  EXPECT_EQ(pool->stats().committed_bytes, 0U);
  EXPECT_EQ(pool->stats().mapped_bytes, 0U);
}

TEST(MemoryPool, FirstTouchPagesAreCountedOnceAndNotAfterPrefault) {
  FRYS_SKIP_WITH_RED_ZONES();
  auto pool = make_pool();
  {
    auto block = pool->allocate_storage(std::size_t{3} << 20);
  }
  EXPECT_EQ(pool->stats().first_touch_pages, (std::size_t{3} << 20) / machine().page_bytes);
  {
    auto block = pool->allocate_storage(std::size_t{3} << 20);
  }
  EXPECT_EQ(pool->stats().first_touch_pages, (std::size_t{3} << 20) / machine().page_bytes);

  auto ready = make_pool();
  ASSERT_TRUE(ready->prefault(std::size_t{8} << 20).ok());
  [[maybe_unused]] const std::uint64_t faults = thread_page_faults();
  std::vector<Storage> held;
  for (std::size_t bytes : {std::size_t{3} << 20, std::size_t{100000}, std::size_t{4096}}) {
    held.push_back(*ready->allocate_storage(bytes));
    std::memset(held.back().data(), 1, bytes);
  }
  EXPECT_EQ(ready->stats().first_touch_pages, 0U);
#ifndef FRYS_TESTS_SANITIZED  // whose shadow memory faults by itself
  EXPECT_LT(thread_page_faults() - faults, 100U) << "of 775 pages, faulted again";
#endif
}

TEST(MemoryPool, WhatPrefaultMadeReadyIsNotGivenBackForTheLimit) {
  FRYS_SKIP_WITH_RED_ZONES();
  auto pool = make_pool({.retain_bytes = std::size_t{32} << 20});
  std::vector<Storage> blocks;
  for (int i = 0; i < 40; ++i) blocks.push_back(*pool->allocate_storage(std::size_t{2} << 20));
  for (std::size_t i = 0; i < blocks.size(); i += 2) blocks[i].reset();
  ASSERT_TRUE(pool->prefault(std::size_t{16} << 20).ok());
  EXPECT_EQ(pool->stats().cached_bytes, std::size_t{32} << 20) << "no more went than had to";
  const std::uint64_t before = pool->stats().first_touch_pages;
  auto block = pool->allocate_storage(std::size_t{16} << 20);
  EXPECT_EQ(pool->stats().first_touch_pages, before);
}

// A block of every class leaves a partly used slab in each.
TEST(MemoryPool, PrefaultTouchesNoMoreOfTheSlabsThanItsBytesCanUse) {
  FRYS_SKIP_WITH_RED_ZONES();
  auto pool = make_pool();
  std::vector<Storage> held;
  for (const detail::ClassShape& shape : detail::class_shapes) {
    held.push_back(*pool->allocate_storage(shape.block_bytes));
  }
  ASSERT_TRUE(pool->prefault(4096).ok());
  const std::uint64_t before = pool->stats().first_touch_pages;
  held.push_back(*pool->allocate_storage(4096));
  held.push_back(*pool->allocate_storage(64));
  EXPECT_EQ(pool->stats().first_touch_pages, before);
  held.push_back(*pool->allocate_storage(std::size_t{100} << 10));
  EXPECT_GT(pool->stats().first_touch_pages, before) << "a class too large for 4096 bytes";
  ASSERT_TRUE(pool->prefault(4096).ok());  // again, as the larger block took what was ready
  const std::uint64_t calls = pool->stats().system_calls;
  ASSERT_TRUE(pool->prefault(4096).ok());
  EXPECT_EQ(pool->stats().system_calls, calls);
}

TEST(MemoryPool, PrefaultReachesTheSlabsThatAreInUse) {
  auto pool = make_pool();
  std::vector<Storage> held;
  held.push_back(*pool->allocate_storage(100000));
  ASSERT_TRUE(pool->prefault(300000).ok());
  const std::uint64_t before = pool->stats().first_touch_pages;
  for (int i = 0; i < 3; ++i) held.push_back(*pool->allocate_storage(100000));
  EXPECT_EQ(pool->stats().first_touch_pages, before);
}

TEST(MemoryPool, SmallBlocksCountEachPageOnce) {
  FRYS_SKIP_WITH_RED_ZONES();
  auto pool = make_pool();
  std::vector<Storage> held;
  for (int i = 0; i < 1024; ++i) held.push_back(*pool->allocate_storage(64));
  EXPECT_EQ(pool->stats().first_touch_pages, 65536 / machine().page_bytes);
}

TEST(MemoryPool, PrefaultOfTooMuchIsRefused) {
  auto pool = make_pool();
  EXPECT_EQ(pool->prefault(~std::size_t{0}).code(), ErrorCode::invalid_argument);
}

TEST(MemoryPool, FreesOfAnotherThreadComeBackToTheMaker) {
  auto pool = make_pool();
  std::vector<Storage> blocks;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 600; ++i) blocks.push_back(*pool->allocate_storage(2000));
    std::thread([&] { blocks.clear(); }).join();
  }
  EXPECT_EQ(pool->stats().live_bytes, 0U);
  // 600 blocks of 2 KiB and what two threads may keep, not twenty times as much.
  EXPECT_LE(pool->stats().committed_bytes, 600 * 2048 + 4 * (std::size_t{256} << 10));
}

TEST(MemoryPool, AThreadMayEndWithLiveBlocks) {
  auto pool = make_pool();
  std::vector<Storage> left;
  std::mutex mutex;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        auto kept = pool->allocate_storage(static_cast<std::size_t>(64 * (i + 1)));
        auto dropped = pool->allocate_storage(512);
        std::memset(kept->data(), t, kept->size_bytes());
        const std::lock_guard lock(mutex);
        left.push_back(*std::move(kept));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Storage& block : left) {
    const auto* bytes = static_cast<const unsigned char*>(block.data());
    for (std::size_t i = 1; i < block.size_bytes(); ++i) ASSERT_EQ(bytes[i], bytes[0]);
  }
  left.clear();
  EXPECT_EQ(pool->stats().live_bytes, 0U);
  pool->trim();
  EXPECT_EQ(pool->stats().committed_bytes, 0U) << "the ended threads kept nothing back";
}

// A destructor of the thread that runs after the pool's own.
struct LateHolder {
  Storage block;
};
thread_local LateHolder late_holder;

TEST(MemoryPool, BlocksFreedWhileAThreadEndsAreLegal) {
  auto pool = make_pool();
  std::thread([&] {
    static_cast<void>(&late_holder);  // constructed first, so destroyed last
    late_holder.block = Storage();
    late_holder.block = *pool->allocate_storage(4096);
  }).join();
  EXPECT_EQ(pool->stats().live_bytes, 0U);
}

TEST(MemoryPool, BlocksOutliveThePool) {
  auto pool = make_pool();
  std::vector<Storage> held;
  for (std::size_t bytes : {std::size_t{64}, std::size_t{5000}, std::size_t{3} << 20}) {
    held.push_back(*pool->allocate_storage(bytes));
    std::memset(held.back().data(), 7, bytes);
  }
  pool.reset();
  for (const Storage& block : held) {
    EXPECT_EQ(static_cast<unsigned char*>(block.data())[block.size_bytes() - 1], 7);
  }
  const void* last = held.back().data();
  std::thread([&] { held.clear(); }).join();
  EXPECT_EQ(detail::PageHeap::find(last), nullptr) << "its segments went with the last block";
}

TEST(MemoryPool, ACacheOfAClosedPoolHoldsNothingForLong) {
  auto first = make_pool();
  auto second = make_pool();
  const void* address = nullptr;
  {
    auto block = first->allocate_storage(128);
    address = block->data();
  }
  auto other = second->allocate_storage(128);  // the thread's current cache is now another pool's
  first.reset();
  EXPECT_EQ(detail::PageHeap::find(address), nullptr);
}

TEST(MemoryPool, PoolsDoNotMixTheirBlocks) {
  auto a = make_pool();
  auto b = make_pool();
  for (int i = 0; i < 2000; ++i) {
    auto from_a = a->allocate_storage(1000);
    auto from_b = b->allocate_storage(1000);
    ASSERT_NE(from_a->data(), from_b->data());
  }
  EXPECT_LE(a->stats().committed_bytes, 65536U) << "the blocks are used again";
  EXPECT_EQ(a->stats().live_bytes, 0U);
  EXPECT_EQ(b->stats().live_bytes, 0U);
}

TEST(MemoryPool, TrimReachesTheCachesOfOtherThreads) {
  auto pool = make_pool();
  std::atomic<int> phase{0};
  std::thread other([&] {
    {
      auto block = pool->allocate_storage(1024);
    }
    phase = 1;
    while (phase != 2) std::this_thread::yield();
    {
      auto block = pool->allocate_storage(std::size_t{512} << 10);
    }  // visits the lists
    phase = 3;
    while (phase != 4) std::this_thread::yield();
  });
  while (phase != 1) std::this_thread::yield();
  pool->trim();
  phase = 2;
  while (phase != 3) std::this_thread::yield();
  pool->trim();
  // Only the cached block of 512 KiB is left.
  EXPECT_LE(pool->stats().committed_bytes, std::size_t{1} << 20);
  phase = 4;
  other.join();
}

TEST(MemoryPool, RefusalsByTheSystemAreStatuses) {
  FaultInjector faults;
  Environment environment;
  environment.faults = &faults;
  auto pool = make_pool({}, environment);
  faults.fail("memory.map", 1, Status(ErrorCode::out_of_memory, "injected"), 3);
  EXPECT_EQ(pool->allocate_storage(64).status().code(), ErrorCode::out_of_memory);
  EXPECT_EQ(pool->allocate_storage(std::size_t{9} << 20).status().code(), ErrorCode::out_of_memory);
  EXPECT_EQ(pool->prefault(1).code(), ErrorCode::out_of_memory);
  EXPECT_EQ(faults.visits("memory.map"), 3U);
  auto block = pool->allocate_storage(64);
  EXPECT_TRUE(block);
}

TEST(MemoryPool, ABlockLargerThanTheMachineIsRefused) {
  auto pool = make_pool();
  EXPECT_EQ(pool->allocate_storage(std::size_t{1} << 45).status().code(), ErrorCode::out_of_memory);
  EXPECT_EQ(pool->stats().live_bytes, 0U);
}

// Producers and consumers pass blocks through one queue, each block with its own pattern.
TEST(MemoryPool, ProducersAndConsumersUnderStress) {
  auto pool = make_pool();
  std::mutex mutex;
  std::deque<std::pair<Storage, unsigned char>> queue;
  std::atomic<int> producing{3};
  std::atomic<int> broken{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      SeededRandom random(static_cast<std::uint64_t>(t) + 11);
      for (int i = 0; i < 3000; ++i) {
        const std::size_t bytes = 1 + random.next_below(std::uint64_t{1} << random.next_below(17));
        auto block = pool->allocate_storage(bytes);
        if (!block) {
          ++broken;
          continue;
        }
        const auto fill = static_cast<unsigned char>(random.next());
        std::memset(block->data(), fill, bytes);
        const std::lock_guard lock(mutex);
        queue.emplace_back(*std::move(block), fill);
      }
      --producing;
    });
    threads.emplace_back([&] {
      for (;;) {
        std::pair<Storage, unsigned char> item;
        {
          const std::lock_guard lock(mutex);
          if (queue.empty()) {
            if (producing == 0) return;
          } else {
            item = std::move(queue.front());
            queue.pop_front();
          }
        }
        const auto* bytes = static_cast<const unsigned char*>(item.first.data());
        for (std::size_t i = 0; i < item.first.size_bytes(); ++i) {
          if (bytes[i] != item.second) ++broken;
        }
        if (!item.first) std::this_thread::yield();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(broken, 0);
  EXPECT_EQ(pool->stats().live_bytes, 0U);
}

#ifdef FRYS_MEMORY_ASAN
TEST(MemoryPoolDeathTest, AddressSanitizerSeesAUseAfterFree) {
  auto pool = make_pool();
  for (std::size_t bytes : {std::size_t{64}, std::size_t{100000}, std::size_t{2} << 20}) {
    volatile char* stale = nullptr;
    {
      auto block = pool->allocate_storage(bytes);
      stale = static_cast<char*>(block->data());
      *stale = 1;
    }
    EXPECT_DEATH(*stale = 2, "use-after-poison") << bytes;
  }
}

TEST(MemoryPoolDeathTest, AddressSanitizerSeesAWritePastTheEnd) {
  auto pool = make_pool();
  auto block = pool->allocate_storage(1000);
  volatile char* bytes = static_cast<char*>(block->data());
  bytes[999] = 1;
  EXPECT_DEATH(bytes[1000] = 1, "use-after-poison");
}
#endif

}  // namespace
}  // namespace frys
