// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Memory made ready ahead of time for what a scope is expected to need.

#include <gtest/gtest.h>

#include <vector>

#include "frys/core/simulation.hpp"
#include "frys/memory/manager.hpp"
#include "support/red_zones.hpp"
#include "support/test_executor.hpp"

namespace frys {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20;

struct PlanTest : ::testing::Test {
  TensorMemoryManager memory = *TensorMemoryManager::create({.budget_bytes = 64 * mib}, {});
  MemoryScope scope = *memory.agent_scope("wf", "a");
  [[nodiscard]] std::size_t committed() const { return memory.pool_stats().committed_bytes; }
  std::uint64_t touched_by(std::size_t bytes) {
    const std::uint64_t before = scope.stats().first_touch_pages;
    EXPECT_TRUE(scope.allocate(testing::filling(bytes)).has_value());
    return scope.stats().first_touch_pages - before;
  }
};

TEST_F(PlanTest, AnExecutorMakesItReadyInTheBackground) {
  SimulatedExecutor simulation;
  ASSERT_TRUE(scope.reserve({.bytes = 8 * mib, .executor = &simulation}).ok());
  EXPECT_EQ(committed(), 0U);
  bool foreground_first = false;
  ASSERT_TRUE(simulation.submit([&] { foreground_first = committed() == 0; }).ok());
  EXPECT_EQ(simulation.run(), 2U);
  EXPECT_TRUE(foreground_first);
  EXPECT_EQ(committed(), 8 * mib);
  EXPECT_EQ(touched_by(8 * mib), 0U);
}

TEST_F(PlanTest, TheBudgetIsAskedBeforeAnythingIsHandedOn) {
  SimulatedExecutor simulation;
  EXPECT_EQ(scope.reserve({.bytes = 65 * mib, .executor = &simulation}).code(),
            ErrorCode::budget_exceeded);
  ASSERT_TRUE(scope.close().ok());
  EXPECT_EQ(scope.reserve({.bytes = 1, .executor = &simulation}).code(), ErrorCode::closed);
  EXPECT_EQ(simulation.run(), 0U);
}

TEST_F(PlanTest, WhatIsUsedUpOrClosedMeanwhileIsNotMadeReadyAnyMore) {
  SimulatedExecutor simulation;
  ASSERT_TRUE(scope.reserve({.bytes = testing::filling(8 * mib), .executor = &simulation}).ok());
  EXPECT_EQ(touched_by(8 * mib), 8 * mib / 4096);  // It does not wait.
  memory.trim();
  simulation.run();
  EXPECT_EQ(committed(), 0U);
  ASSERT_TRUE(scope.reserve({.bytes = 8 * mib, .executor = &simulation}).ok());
  ASSERT_TRUE(scope.close().ok());
  scope = {};
  simulation.run();
  EXPECT_EQ(committed(), 0U);
}

TEST_F(PlanTest, AnExecutorThatRefusesTakesThePromiseBack) {
  testing::TestExecutor closed;
  closed.close();
  EXPECT_EQ(scope.reserve({.bytes = 8 * mib, .executor = &closed}).code(), ErrorCode::closed);
  {
    SimulatedExecutor dropped;
    ASSERT_TRUE(scope.reserve({.bytes = 8 * mib, .executor = &dropped}).ok());
  }
  // Had a promise been left, more than this would be made ready.
  ASSERT_TRUE(scope.reserve(mib).ok());
  EXPECT_EQ(committed(), mib);
}

TEST_F(PlanTest, WhatLiesReadyInPiecesWillDoForSmallerBlocks) {
  // Every second block of 2 MiB is free.
  std::vector<Storage> blocks;
  for (int i = 0; i < 16; ++i) blocks.push_back(*scope.allocate(testing::filling(2 * mib)));
  for (std::size_t i = 0; i < blocks.size(); i += 2) blocks[i] = {};
  ASSERT_EQ(committed(), 32 * mib);
  const std::uint64_t calls = memory.pool_stats().system_calls;
  ASSERT_TRUE(scope.reserve({.bytes = 8 * mib, .largest_block_bytes = mib}).ok());
  EXPECT_EQ(memory.pool_stats().system_calls, calls);
  EXPECT_EQ(committed(), 32 * mib);
  for (int i = 0; i < 8; ++i) blocks.push_back(*scope.allocate(testing::filling(mib)));
  EXPECT_EQ(memory.pool_stats().committed_bytes, 32 * mib);
  // In pieces of 2 MiB, no block of 3 MiB is ready; the rest is.
  ASSERT_TRUE(scope.reserve({.bytes = 4 * mib, .largest_block_bytes = 3 * mib}).ok());
  EXPECT_EQ(committed(), 35 * mib);
  EXPECT_EQ(touched_by(3 * mib), 0U);
}

TEST_F(PlanTest, WhatSeveralScopesArePromisedNeedNotLieInOnePiece) {
  std::vector<Storage> blocks;
  for (int i = 0; i < 4; ++i) blocks.push_back(*scope.allocate(testing::filling(4 * mib)));
  blocks[0] = {};
  blocks[2] = {};
  MemoryScope other = *memory.agent_scope("wf", "b");
  ASSERT_TRUE(scope.reserve(testing::filling(4 * mib)).ok());
  ASSERT_TRUE(other.reserve(testing::filling(4 * mib)).ok());
  EXPECT_EQ(committed(), 16 * mib);
  EXPECT_EQ(touched_by(4 * mib), 0U);
}

TEST_F(PlanTest, ScopesAreUsedAndClosedWhileThreadsMakeThemReady) {
  testing::TestExecutor executor(1, 2);
  for (int i = 0; i < 200; ++i) {
    MemoryScope step = *scope.child("step");
    ASSERT_TRUE(step.reserve({.bytes = mib, .executor = &executor}).ok());
    EXPECT_TRUE(i % 3 == 0 || step.allocate(mib).has_value());
    EXPECT_TRUE(i % 2 == 0 || step.close().ok());
  }
  executor.close();
  memory.trim();
  EXPECT_EQ(committed(), 0U);
  ASSERT_TRUE(scope.reserve(mib).ok());  // No promise is left.
  EXPECT_EQ(committed(), mib);
}

}  // namespace
}  // namespace frys
