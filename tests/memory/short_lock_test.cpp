// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/short_lock.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace frys::detail {
namespace {

TEST(ShortLock, LetsOneInAtATime) {
  ShortLock lock;
  std::uint64_t count = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20000; ++i) {
        const std::lock_guard guard(lock);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, 80000U);
}

TEST(ShortLock, TryLockSaysWhetherItWasTaken) {
  ShortLock lock;
  EXPECT_TRUE(lock.try_lock());
  EXPECT_FALSE(lock.try_lock());
  lock.unlock();
  EXPECT_TRUE(lock.try_lock());
  lock.unlock();
}

// Long enough that the one that waits yields, then sleeps.
TEST(ShortLock, WaitsForAHolderThatIsSlow) {
  ShortLock lock;
  std::atomic<bool> entered{false};
  lock.lock();
  std::thread waits([&] {
    const std::lock_guard guard(lock);
    entered = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_FALSE(entered);
  lock.unlock();
  waits.join();
  EXPECT_TRUE(entered);
}

}  // namespace
}  // namespace frys::detail
