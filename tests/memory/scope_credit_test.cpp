// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What threads have paid in advance is nobody's loss: it is found before a refusal, counted exactly
// and ended with its scope.

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "frys/memory/manager.hpp"
#include "memory/thread_cache.hpp"

namespace frys {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20;
constexpr std::size_t most_credit_bytes = detail::most_credit * detail::unit_bytes;

/// A thread that does what it is told and stays, with its cache.
class Helper {
 public:
  Helper() : thread_([this] { work(); }) {}
  ~Helper() {
    run(nullptr);
    thread_.join();
  }
  Helper(const Helper&) = delete;
  Helper& operator=(const Helper&) = delete;

  /// Returns when it is done.
  void run(std::function<void()> task) {
    std::unique_lock lock(mutex_);
    task_ = std::move(task);
    has_task_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !has_task_; });
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return has_task_; });
      const bool last = !task_;
      if (!last) task_();
      has_task_ = false;
      changed_.notify_all();
      if (last) return;
    }
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> task_;
  bool has_task_ = false;
  std::thread thread_;
};

struct ScopeCreditTest : ::testing::Test {
  TensorMemoryManager memory = *TensorMemoryManager::create({.budget_bytes = 8 * mib}, {});
  Helper helper;
};

TEST_F(ScopeCreditTest, AnotherThreadsIsFoundBeforeARefusal) {
  MemoryScope near = *memory.root().child("near");
  MemoryScope far = *memory.root().child("far");
  helper.run([&] {
    ASSERT_TRUE(near.allocate(4096));
    ASSERT_TRUE(far.allocate(mib));
  });
  EXPECT_EQ(memory.root().stats().live_bytes, 0U);
  auto all = near.allocate(8 * mib);
  ASSERT_TRUE(all) << all.error().to_string();
  EXPECT_EQ(near.allocate(1).status().code(), ErrorCode::budget_exceeded);
  // And the other thread knows that it was taken.
  helper.run([&] { EXPECT_EQ(far.allocate(64).status().code(), ErrorCode::budget_exceeded); });
  all->reset();
  helper.run([&] { EXPECT_TRUE(far.allocate(8 * mib)); });
}

TEST_F(ScopeCreditTest, SmallRequestsFindAnotherThreadsToo) {
  MemoryScope scope = *memory.root().child("s", {.budget_bytes = 64 << 10});
  helper.run([&] { ASSERT_TRUE(scope.allocate(64 << 10)); });
  std::vector<Storage> held;
  for (int i = 0; i < 16; ++i) {
    auto block = scope.allocate(4096);
    ASSERT_TRUE(block) << i;
    held.push_back(*std::move(block));
  }
  EXPECT_FALSE(scope.allocate(1));
}

TEST_F(ScopeCreditTest, LiveAndCountAreExactOverThreads) {
  MemoryScope scope = *memory.root().child("s");
  std::vector<Storage> held;
  for (int i = 0; i < 100; ++i) held.push_back(*scope.allocate(100));
  helper.run([&] {
    for (int i = 0; i < 50; ++i) held.push_back(*scope.allocate(64));
    held.erase(held.begin(), held.begin() + 40);
  });
  EXPECT_EQ(scope.stats().live_bytes, 60U * 128 + 50U * 64);
  EXPECT_EQ(scope.stats().allocations, 150U);
  EXPECT_EQ(memory.root().stats().live_bytes, 60U * 128 + 50U * 64);
  EXPECT_EQ(memory.root().stats().allocations, 150U);
  held.clear();
  EXPECT_EQ(scope.stats().live_bytes, 0U);
}

TEST_F(ScopeCreditTest, APeakOfOneThreadIsExact) {
  MemoryScope scope = *memory.root().child("s");
  std::vector<Storage> held;
  for (int round = 1; round <= 3; ++round) {
    for (int i = 0; i < 100 * round; ++i) held.push_back(*scope.allocate(1984));
    held.clear();
    EXPECT_EQ(scope.stats().peak_bytes, 100U * static_cast<unsigned>(round) * 1984);
    auto large = scope.allocate(2 * mib);
    EXPECT_EQ(scope.stats().peak_bytes, 2 * mib);
    if (round < 3) scope = *memory.root().child("s");
  }
}

TEST_F(ScopeCreditTest, APeakOfTwoThreadsIsWithinTheirCredit) {
  MemoryScope scope = *memory.root().child("s");
  std::vector<Storage> held;
  for (int i = 0; i < 20; ++i) {
    held.push_back(*scope.allocate(100000));
    helper.run([&] { held.push_back(*scope.allocate(50000)); });
  }
  const std::size_t live = scope.stats().live_bytes;
  held.clear();
  EXPECT_GE(scope.stats().peak_bytes, live);
  EXPECT_LE(scope.stats().peak_bytes, live + 2 * most_credit_bytes);
}

TEST_F(ScopeCreditTest, EndsWithItsScopeWhoeverHasIt) {
  MemoryScope parent = *memory.root().child("p");
  MemoryScope scope = *parent.child("s");
  Storage kept;
  helper.run([&] { kept = *scope.allocate(4096); });
  ASSERT_TRUE(scope.allocate(64));
  ASSERT_TRUE(parent.close().ok());
  helper.run([&] {
    EXPECT_EQ(scope.allocate(64).status().code(), ErrorCode::closed);
    kept.reset();
  });
  EXPECT_EQ(scope.stats().allocations, 2U);
  EXPECT_EQ(memory.root().stats().live_bytes, 0U);
  EXPECT_TRUE(memory.root().allocate(8 * mib));
}

TEST_F(ScopeCreditTest, GoesBackWhenItsThreadEnds) {
  MemoryScope scope = *memory.root().child("s");
  std::thread([&] { ASSERT_TRUE(scope.allocate(4096)); }).join();
  EXPECT_EQ(scope.stats().allocations, 1U);
  EXPECT_EQ(scope.stats().peak_bytes, 4096U);
  EXPECT_TRUE(scope.allocate(8 * mib));
}

// More scopes than a cache has places for: they take turns, and nothing is lost.
TEST_F(ScopeCreditTest, ScopesShareTheirPlaces) {
  std::vector<MemoryScope> scopes;
  for (std::size_t i = 0; i < 3 * detail::credit_slots; ++i) {
    scopes.push_back(*memory.root().child("s"));
  }
  for (int round = 0; round < 3; ++round) {
    for (const MemoryScope& scope : scopes) ASSERT_TRUE(scope.allocate(1000));
  }
  for (const MemoryScope& scope : scopes) {
    EXPECT_EQ(scope.stats().allocations, 3U);
    EXPECT_EQ(scope.stats().peak_bytes, 1024U);
    EXPECT_EQ(scope.stats().live_bytes, 0U);
  }
  EXPECT_EQ(memory.root().stats().allocations, 9 * detail::credit_slots);
  EXPECT_TRUE(scopes[0].allocate(8 * mib));
}

}  // namespace
}  // namespace frys
