// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/work_deque.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <thread>
#include <vector>

namespace frys::detail {
namespace {

TEST(WorkDeque, OwnerTakesTheNewestThievesTheOldest) {
  WorkDeque<int> deque;
  int items[3] = {0, 1, 2};
  for (int& item : items) deque.push(&item);
  EXPECT_EQ(deque.steal(), &items[0]);
  EXPECT_EQ(deque.pop(), &items[2]);
  EXPECT_EQ(deque.pop(), &items[1]);
  EXPECT_EQ(deque.pop(), nullptr);
  EXPECT_EQ(deque.steal(), nullptr);
  EXPECT_TRUE(deque.empty());
}

TEST(WorkDeque, GrowsAndKeepsItsOrder) {
  WorkDeque<int> deque;
  std::vector<int> items(5000);
  for (int& item : items) deque.push(&item);
  for (std::size_t i = 0; i < 1000; ++i) ASSERT_EQ(deque.steal(), &items[i]);
  for (std::size_t i = items.size(); i > 1000; --i) ASSERT_EQ(deque.pop(), &items[i - 1]);
  EXPECT_TRUE(deque.empty());
}

TEST(WorkDequeStress, EveryItemIsTakenOnce) {
  constexpr int count = 40'000;
  WorkDeque<std::atomic<int>> deque;
  std::vector<std::atomic<int>> items(count);
  std::atomic<bool> stop{false};
  std::vector<std::thread> thieves;
  for (int t = 0; t < 3; ++t) {
    thieves.emplace_back([&] {
      while (!stop.load()) {
        if (auto* item = deque.steal()) item->fetch_add(1, std::memory_order_relaxed);
      }
    });
  }
  for (int i = 0; i < count; ++i) {
    deque.push(&items[std::size_t(i)]);
    if (i % 3 == 0) {
      if (auto* item = deque.pop()) item->fetch_add(1, std::memory_order_relaxed);
    }
  }
  while (auto* item = deque.pop()) item->fetch_add(1, std::memory_order_relaxed);
  stop = true;
  for (std::thread& thief : thieves) thief.join();
  for (const auto& item : items) ASSERT_EQ(item, 1);
}

}  // namespace
}  // namespace frys::detail
