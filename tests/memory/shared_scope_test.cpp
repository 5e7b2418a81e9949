// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Scopes whose blocks can be shown to other processes, among scopes whose blocks cannot.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "frys/memory/manager.hpp"
#include "frys/memory/shared.hpp"
#include "support/red_zones.hpp"

namespace frys {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kib = std::size_t{1} << 10;
constexpr std::size_t mib = std::size_t{1} << 20;

TensorMemoryManager make_manager(std::size_t budget_bytes, const Environment& environment = {}) {
  return *TensorMemoryManager::create({.budget_bytes = budget_bytes}, environment);
}

TEST(SharedScope, OnlyShareableScopesGiveShareableBlocks) {
  auto memory = make_manager(64 * mib);
  const MemoryScope plain = *memory.root().child("plain");
  EXPECT_FALSE(plain.is_shareable());
  EXPECT_FALSE(MemoryScope().is_shareable());
  EXPECT_EQ(memory.shared_pool_stats().mapped_bytes, 0U);
  const MemoryScope scope = *plain.child("out", {.shareable = true});
  const MemoryScope below = *scope.child("below");
  const MemoryScope beside = *plain.child("beside");
  EXPECT_TRUE(scope.is_shareable());
  EXPECT_TRUE(below.is_shareable()) << "inherited";
  EXPECT_FALSE(beside.is_shareable());
  EXPECT_TRUE(describe(*scope.allocate(100)));
  EXPECT_TRUE(describe(*below.allocate(3 * mib)));
  EXPECT_EQ(describe(*beside.allocate(100)).error().code(), ErrorCode::failed_precondition);
}

TEST(SharedScope, OnePoolServesAllShareableScopesOfAManager) {
  auto memory = make_manager(64 * mib);
  const MemoryScope a = *memory.root().child("a", {.shareable = true});
  const MemoryScope b = *memory.root().child("b", {.shareable = true});
  const Storage x = *a.allocate(kib);
  const Storage y = *b.allocate(kib);
  EXPECT_EQ(describe(x)->segment, describe(y)->segment);
  auto other = make_manager(64 * mib);
  const Storage z = *other.root().child("a", {.shareable = true})->allocate(kib);
  EXPECT_NE(describe(x)->segment, describe(z)->segment);
}

TEST(SharedScope, AManagersOwnPoolMayBeTheSharedOne) {
  auto memory = *TensorMemoryManager::create(
      {.budget_bytes = 64 * mib, .pool = {.backing = PoolBacking::shared}}, {});
  EXPECT_TRUE(memory.root().is_shareable());
  const Storage block = *memory.root().child("a", {.shareable = true})->allocate(kib);
  EXPECT_TRUE(describe(block));
  EXPECT_GT(memory.pool_stats().mapped_bytes, 0U);
  EXPECT_EQ(memory.shared_pool_stats().mapped_bytes, 0U) << "there is only one";
}

TEST(SharedScope, ABudgetCountsBothKinds) {
  auto memory = make_manager(8 * mib);
  const MemoryScope shareable = *memory.root().child("out", {.shareable = true});
  Storage a = *memory.root().allocate(5 * mib);
  const Result<Storage> refused = shareable.allocate(4 * mib);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::budget_exceeded);
  const Storage b = *shareable.allocate(3 * mib);
  EXPECT_EQ(memory.root().stats().live_bytes, 8 * mib);
  EXPECT_FALSE(memory.root().allocate(64));
  a.reset();
  EXPECT_TRUE(shareable.allocate(5 * mib));
}

// What threads paid in advance for one kind is taken back for the other.
TEST(SharedScope, CreditOfOneKindDoesNotRefuseTheOther) {
  auto memory = make_manager(mib);
  const MemoryScope shareable = *memory.root().child("out", {.shareable = true});
  const MemoryScope plain = *memory.root().child("in");
  std::atomic<int> turn{0};
  // Another thread keeps its credit of both while this one asks for all there is.
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) {
      EXPECT_TRUE(shareable.allocate(kib));
      EXPECT_TRUE(plain.allocate(kib));
    }
    turn = 1;
    while (turn != 2) std::this_thread::yield();
  });
  while (turn != 1) std::this_thread::yield();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(plain.allocate(mib));
    EXPECT_TRUE(shareable.allocate(mib));
    EXPECT_TRUE(memory.root().allocate(mib));
    EXPECT_TRUE(shareable.allocate(kib)) << "has credit again";
  }
  turn = 2;
  other.join();
}

// A thread that used the other pool in between finds its credit of this one.
TEST(SharedScope, ThePeakStaysExactBetweenTheKinds) {
  auto memory = make_manager(64 * mib);
  const MemoryScope shareable = *memory.root().child("out", {.shareable = true});
  const MemoryScope plain = *memory.root().child("in");
  for (int i = 0; i < 20; ++i) {
    Storage a = *shareable.allocate(kib);
    Storage b = *plain.allocate(kib);
    a.reset();
    Storage c = *shareable.allocate(2 * mib);
    b.reset();
    c.reset();
  }
  EXPECT_EQ(shareable.stats().peak_bytes, 2 * mib);
  EXPECT_EQ(plain.stats().peak_bytes, kib);
}

TEST(SharedScope, TheCommitLimitIsOfBothPoolsTogether) {
  constexpr std::size_t budget = 64 * mib;
  auto memory = make_manager(budget);
  const MemoryScope shareable = *memory.root().child("out", {.shareable = true});
  const auto committed = [&] {
    return memory.pool_stats().committed_bytes + memory.shared_pool_stats().committed_bytes;
  };
  for (int round = 0; round < 4; ++round) {
    EXPECT_TRUE(memory.root().allocate(48 * mib));
    EXPECT_LE(committed(), budget) << round;
    EXPECT_TRUE(shareable.allocate(48 * mib));
    EXPECT_LE(committed(), budget) << round;
  }
  ASSERT_TRUE(shareable.reserve(40 * mib).ok());
  ASSERT_TRUE(memory.root().reserve(40 * mib).ok());
  EXPECT_LE(committed(), budget);
  EXPECT_GE(memory.pool_stats().committed_bytes, 40 * mib) << "the other's free pages gave way";
}

TEST(SharedScope, TrimAndSnapshotReachBothPools) {
  auto memory = make_manager(64 * mib);
  const MemoryScope shareable = *memory.root().child("out", {.shareable = true});
  Storage a = *memory.root().allocate(testing::filling(2 * mib));
  Storage b = *shareable.allocate(testing::filling(4 * mib));
  const MemorySnapshot snapshot = memory.snapshot();
  EXPECT_EQ(snapshot.pool.live_bytes, 2 * mib);
  EXPECT_EQ(snapshot.shared_pool.live_bytes, 4 * mib);
  EXPECT_EQ(snapshot.root.stats.live_bytes, a.size_bytes() + b.size_bytes());
  EXPECT_THAT(snapshot.to_json(), HasSubstr("},\"shared_pool\":{\"mapped_bytes\":"));
  a.reset();
  b.reset();
  memory.trim();
  EXPECT_EQ(memory.pool_stats().mapped_bytes, 0U);
  EXPECT_EQ(memory.shared_pool_stats().mapped_bytes, 0U);
}

TEST(SharedScope, ReserveMakesShareablePagesReady) {
  auto memory = make_manager(64 * mib);
  const MemoryScope shareable = *memory.root().child("out", {.shareable = true});
  ASSERT_TRUE(shareable.reserve(4 * mib).ok());
  EXPECT_GE(memory.shared_pool_stats().committed_bytes, 4 * mib);
  EXPECT_EQ(memory.pool_stats().committed_bytes, 0U);
  const Storage block = *shareable.allocate(testing::filling(4 * mib));
  EXPECT_EQ(shareable.stats().first_touch_pages, 0U);
  const std::uint64_t before = thread_page_faults();
  std::memset(block.data(), 1, block.size_bytes());
  // The shadow of a memory tool faults for itself.
  if (!detail::has_shadow_memory()) {
    EXPECT_LT(thread_page_faults() - before, 16U);
  }
}

TEST(SharedScope, BlocksOutliveScopeAndManager) {
  Storage block;
  {
    auto memory = make_manager(64 * mib);
    MemoryScope scope = *memory.root().child("out", {.shareable = true});
    block = *scope.allocate(100);
    EXPECT_TRUE(scope.close().ok());
    EXPECT_EQ(memory.root().stats().adopted_bytes, 128U);
    EXPECT_TRUE(memory.close().ok());
    EXPECT_EQ(memory.root().child("late", {.shareable = true}).error().code(), ErrorCode::closed);
  }
  std::memset(block.data(), 4, 100);
  const MemoryDescriptor descriptor = *describe(block);
  const int fd = *segment_fd(descriptor.segment);
  const SharedSegment segment = *SharedSegment::open(fd);
  ::close(fd);
  EXPECT_EQ((*segment.resolve(descriptor))[99], std::byte{4});
  block.reset();
  EXPECT_FALSE(segment.is_current(descriptor));
}

TEST(SharedScope, ARefusedMappingIsAStatusOfTheScope) {
  FaultInjector faults;
  Environment environment;
  environment.faults = &faults;
  auto memory = make_manager(64 * mib, environment);
  const MemoryScope shareable = *memory.root().child("out", {.shareable = true});
  faults.fail("memory.map", 1, Status::out_of_memory(), 1);
  const Result<Storage> refused = shareable.allocate(kib);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::out_of_memory);
  EXPECT_THAT(refused.error().message(), HasSubstr("kernel/out"));
  EXPECT_EQ(memory.root().stats().live_bytes, 0U);
  EXPECT_TRUE(shareable.allocate(kib));
}

TEST(SharedScope, ThreadsUseBothKinds) {
  auto memory = make_manager(256 * mib);
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&memory] {
      for (int round = 0; round < 60; ++round) {
        const MemoryScope in = *memory.root().child("in");
        const MemoryScope out = *in.child("out", {.shareable = true});
        std::vector<Storage> blocks;
        for (std::size_t i = 0; i < 20; ++i) {
          blocks.push_back(*(i % 2 == 0 ? in : out).allocate(64 << i % 12));
          std::memset(blocks.back().data(), 1, blocks.back().size_bytes());
          EXPECT_EQ(describe(blocks.back()).has_value(), i % 2 != 0);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(memory.root().stats().live_bytes, 0U);
}

}  // namespace
}  // namespace frys
