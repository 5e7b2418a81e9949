// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/memory/scope.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <thread>
#include <vector>

#include "frys/core/machine.hpp"
#include "frys/memory/manager.hpp"
#include "memory/memory_tools.hpp"
#include "support/red_zones.hpp"

namespace frys {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t mib = std::size_t{1} << 20;

struct MemoryScopeTest : ::testing::Test {
  FaultInjector faults;
  TensorMemoryManager memory = [this] {
    Environment environment;
    environment.faults = &faults;
    return *TensorMemoryManager::create({.budget_bytes = 256 * mib}, environment);
  }();
  MemoryScope agent = *memory.agent_scope("wf-1", "reader");
  MemoryScope step(std::size_t budget_bytes = unlimited_bytes) {
    return *agent.child("step", {.budget_bytes = budget_bytes});
  }
};

TEST_F(MemoryScopeTest, KnowsItsNameAndPath) {
  MemoryScope scope = step();
  EXPECT_EQ(scope.name(), "step");
  EXPECT_EQ(scope.path(), "kernel/wf-1/reader/step");
  EXPECT_TRUE(scope.is_open());
}

TEST_F(MemoryScopeTest, AnEmptyHandleIsClosed) {
  MemoryScope none;
  EXPECT_FALSE(none.is_open());
  EXPECT_EQ(none.name(), "");
  EXPECT_EQ(none.allocate(1).status().code(), ErrorCode::closed);
  EXPECT_EQ(none.scratch(1).status().code(), ErrorCode::closed);
  EXPECT_EQ(none.reserve(1).code(), ErrorCode::closed);
  EXPECT_EQ(none.child("x").status().code(), ErrorCode::closed);
  EXPECT_TRUE(none.stats().closed);
  EXPECT_TRUE(none.close().ok());
}

TEST_F(MemoryScopeTest, ChargesRoundedBytesHereAndAbove) {
  MemoryScope scope = step();
  auto block = scope.allocate(1000);
  ASSERT_TRUE(block);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block->data()) % 64, 0U);
  EXPECT_EQ(block->size_bytes(), 1000U);
  for (const MemoryScope& s : {scope, agent, memory.root()}) {
    EXPECT_EQ(s.stats().live_bytes, 1024U) << s.path();
    EXPECT_EQ(s.stats().peak_bytes, 1024U) << s.path();
    EXPECT_EQ(s.stats().allocations, 1U) << s.path();
  }
  Storage shared = *block;
  block->reset();
  EXPECT_EQ(scope.stats().live_bytes, 1024U) << "a shared block is charged once, to its end";
  shared.reset();
  EXPECT_EQ(scope.stats().live_bytes, 0U);
  EXPECT_EQ(agent.stats().live_bytes, 0U);
  EXPECT_EQ(scope.stats().peak_bytes, 1024U);
}

TEST_F(MemoryScopeTest, ZeroBytesAreLegal) {
  MemoryScope scope = step();
  auto block = scope.allocate(0);
  ASSERT_TRUE(block);
  EXPECT_TRUE(*block);
  EXPECT_EQ(block->size_bytes(), 0U);
  EXPECT_EQ(scope.stats().live_bytes, 64U);
}

TEST_F(MemoryScopeTest, OverflowingSizesAreInvalid) {
  MemoryScope scope = step();
  for (std::size_t bytes :
       {~std::size_t{0}, ~std::size_t{0} - 64, std::size_t{1} << 63, (std::size_t{1} << 46) + 1}) {
    EXPECT_EQ(scope.allocate(bytes).status().code(), ErrorCode::invalid_argument);
    EXPECT_EQ(scope.scratch(bytes).status().code(), ErrorCode::invalid_argument);
    EXPECT_EQ(scope.reserve(bytes).code(), ErrorCode::invalid_argument);
  }
  EXPECT_EQ(scope.stats().live_bytes, 0U);
}

TEST_F(MemoryScopeTest, ARefusalOfTheSystemIsNotCharged) {
  MemoryScope scope = step();
  faults.fail("memory.map", 1, Status(ErrorCode::out_of_memory, "injected"));
  EXPECT_EQ(scope.allocate(mib).status().code(), ErrorCode::out_of_memory);
  EXPECT_EQ(scope.stats().live_bytes, 0U);
  EXPECT_EQ(scope.stats().allocations, 0U);
  EXPECT_TRUE(scope.allocate(mib));
}

struct MemoryScopeSlow : MemoryScopeTest {};

TEST_F(MemoryScopeSlow, AllocationsAreCountedExactlyPastTheWordsOwnBits) {
  MemoryScope scope = step();
  constexpr std::uint64_t count = (std::uint64_t{1} << 21) + 5;
  for (std::uint64_t i = 0; i < count; ++i) ASSERT_TRUE(scope.allocate(64));
  EXPECT_EQ(scope.stats().allocations, count);
  EXPECT_EQ(scope.stats().live_bytes, 0U);
  ASSERT_TRUE(scope.close().ok());
  EXPECT_EQ(agent.stats().allocations, count);
}

TEST_F(MemoryScopeTest, AfterCloseEverythingAnswersClosed) {
  MemoryScope scope = step();
  MemoryScope below = *scope.child("below");
  ASSERT_TRUE(scope.close().ok());
  ASSERT_TRUE(scope.close().ok());
  for (const MemoryScope& s : {scope, below}) {
    EXPECT_FALSE(s.is_open());
    EXPECT_EQ(s.allocate(1).status().code(), ErrorCode::closed);
    EXPECT_EQ(s.scratch(1).status().code(), ErrorCode::closed);
    EXPECT_EQ(s.reserve(1).code(), ErrorCode::closed);
    EXPECT_EQ(s.child("x").status().code(), ErrorCode::closed);
    EXPECT_THAT(std::string(s.allocate(1).status().message()), HasSubstr(s.path()));
  }
  EXPECT_EQ(agent.stats().children, 0U);
}

TEST_F(MemoryScopeTest, WhatEscapesIsChargedToTheParent) {
  MemoryScope scope = step();
  auto kept = scope.allocate(10 * 4096);
  {
    auto dropped = scope.allocate(4096);
  }
  ASSERT_TRUE(scope.close().ok());
  EXPECT_EQ(scope.stats().escaped_bytes, 10U * 4096);
  EXPECT_EQ(scope.stats().live_bytes, 10U * 4096);
  EXPECT_EQ(agent.stats().adopted_bytes, 10U * 4096);
  EXPECT_EQ(agent.stats().live_bytes, 10U * 4096);
  EXPECT_EQ(agent.stats().allocations, 2U);

  // Through two closed scopes, up to the workflow's.
  ASSERT_TRUE(agent.close().ok());
  MemoryScope workflow = *memory.workflow_scope("wf-1");
  EXPECT_EQ(workflow.stats().adopted_bytes, 10U * 4096);
  std::memset(kept->data(), 1, kept->size_bytes());
  kept->reset();
  for (const MemoryScope& s : {scope, agent, workflow, memory.root()}) {
    EXPECT_EQ(s.stats().live_bytes, 0U) << s.path();
    EXPECT_EQ(s.stats().adopted_bytes, 0U) << s.path();
  }
}

TEST_F(MemoryScopeTest, WhatIsObservedDoesNotThrow) {
  static_assert(noexcept(agent.stats()) && noexcept(agent.children()));
  static_assert(noexcept(memory.snapshot()) && noexcept(memory.snapshot().to_json()));
}

TEST_F(MemoryScopeTest, ClosesWithItsLastHandle) {
  Storage kept;
  {
    MemoryScope scope = step();
    MemoryScope other = scope;
    {
      MemoryScope third = other;
    }
    EXPECT_TRUE(scope.is_open());
    kept = *scope.allocate(128);
    EXPECT_EQ(agent.stats().children, 1U);
  }
  EXPECT_EQ(agent.stats().children, 0U);
  EXPECT_EQ(agent.stats().adopted_bytes, 128U);
}

TEST_F(MemoryScopeTest, ChildrenAreListedInOrderOfOpening) {
  std::vector<MemoryScope> open;
  for (const char* name : {"b", "a", "c"}) open.push_back(*agent.child(name));
  auto block = open[1].allocate(64);
  std::vector<std::string> names;
  for (const ScopeStats& child : agent.children()) names.push_back(child.name);
  EXPECT_THAT(names, ::testing::ElementsAre("b", "a", "c"));
  EXPECT_EQ(agent.children()[1].live_bytes, 64U);
  open.erase(open.begin());
  EXPECT_EQ(agent.children().front().name, "a");
}

TEST_F(MemoryScopeTest, AnEmptyNameIsInvalidAndDepthIsBounded) {
  EXPECT_EQ(agent.child("").status().code(), ErrorCode::invalid_argument);
  std::vector<MemoryScope> chain{agent};
  for (int i = 0; i < 200; ++i) {
    auto next = chain.back().child("x");
    if (!next) {
      EXPECT_EQ(next.error().code(), ErrorCode::invalid_argument);
      break;
    }
    chain.push_back(*next);
  }
  EXPECT_LT(chain.size(), 100U);
  auto block = chain.back().allocate(4096);
  EXPECT_EQ(memory.root().stats().live_bytes, 4096U);
}

TEST_F(MemoryScopeTest, ScratchIsAlignedReusedAndEndsWithItsScope) {
  MemoryScope scope = step();
  auto first = scope.scratch(1000);
  ASSERT_TRUE(first);
  ASSERT_EQ(first->bytes().size(), 1000U);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(first->bytes().data()) % 64, 0U);
  std::memset(first->bytes().data(), 1, 1000);
  const std::byte* second_at = nullptr;
  {
    auto second = scope.scratch(500);
    second_at = second->bytes().data();
    EXPECT_EQ(second_at - first->bytes().data(), 1024);
  }
  auto third = scope.scratch(0);
  ASSERT_TRUE(third);
  EXPECT_TRUE(third->valid());
  EXPECT_TRUE(third->bytes().empty());
  auto big = scope.scratch(3 * mib);
  ASSERT_TRUE(big);
  EXPECT_EQ(big->bytes().size(), 3 * mib);
  EXPECT_GT(scope.stats().scratch_bytes, 3 * mib);
  EXPECT_EQ(scope.stats().scratch_bytes, scope.stats().live_bytes);
  ASSERT_TRUE(scope.close().ok());
  EXPECT_EQ(scope.stats().live_bytes, 0U) << "reclaimed at once, borrowed or not";
  EXPECT_EQ(scope.stats().escaped_bytes, 0U);
  EXPECT_EQ(agent.stats().live_bytes, 0U);
  EXPECT_FALSE(first->valid());
  EXPECT_TRUE(first->bytes().empty());
  EXPECT_FALSE(big->valid());
}

TEST_F(MemoryScopeTest, TheLastScratchBorrowedIsGivenBackFirst) {
  MemoryScope scope = step();
  auto outer = scope.scratch(64);
  for (int i = 0; i < 1000; ++i) {
    auto inner = scope.scratch(50000);
    ASSERT_TRUE(inner);
    EXPECT_EQ(inner->bytes().data(), outer->bytes().data() + 64);
  }
  EXPECT_EQ(scope.stats().scratch_bytes, 65536U);
  Scratch moved = *std::move(outer);
  EXPECT_TRUE(moved.valid());
  EXPECT_FALSE(outer->valid());  // NOLINT: moved-from, by contract
  moved = Scratch();
  EXPECT_FALSE(moved.valid());
}

TEST_F(MemoryScopeTest, ScratchGivenBackInAnyOrderIsUsedAgain) {
  MemoryScope scope = step();
  Scratch kept = *scope.scratch(4096);
  for (int i = 0; i < 20000; ++i) kept = *scope.scratch(4096);
  EXPECT_LE(scope.stats().scratch_bytes, 4 * mib);
  kept = Scratch();
  EXPECT_LE(scope.stats().scratch_bytes, mib) << "the last chunk stays for the next borrow";
  EXPECT_EQ(scope.stats().scratch_bytes, scope.stats().live_bytes);

  // Each chunk goes when its own borrows are back, whichever chunk was made last.
  std::vector<Scratch> borrowed;
  for (int i = 0; i < 8; ++i) borrowed.push_back(*scope.scratch(mib));
  for (std::size_t i : {3, 0, 7, 5, 1, 2, 6, 4}) borrowed[i] = Scratch();
  EXPECT_EQ(scope.stats().scratch_bytes, mib);
  ASSERT_TRUE(scope.close().ok());
  EXPECT_EQ(scope.stats().escaped_bytes, 0U);
}

TEST_F(MemoryScopeTest, ScratchOutlivingAllHandlesIsNotValid) {
  Scratch left;
  {
    MemoryScope scope = step();
    left = *scope.scratch(64);
    EXPECT_TRUE(left.valid());
  }
  EXPECT_FALSE(left.valid());
}

TEST_F(MemoryScopeTest, ScratchOfAParentClosesWithTheSubtreeAndIsNotEscaped) {
  MemoryScope scope = step();
  auto scratch = scope.scratch(64);
  auto kept = scope.allocate(640);
  ASSERT_TRUE(agent.close().ok());
  EXPECT_FALSE(scratch->valid());
  EXPECT_EQ(agent.stats().escaped_bytes, 640U);
  EXPECT_EQ(memory.root().stats().live_bytes, 640U);
}

TEST_F(MemoryScopeTest, ScratchFallsBackToASmallChunkInASmallBudget) {
  MemoryScope scope = step(4096);
  auto scratch = scope.scratch(1000);
  ASSERT_TRUE(scratch);
  EXPECT_EQ(scope.scratch(100000).status().code(), ErrorCode::budget_exceeded);
}

TEST_F(MemoryScopeTest, ReserveMakesLaterAllocationsFaultFree) {
  constexpr std::size_t bytes = 6 * mib;
  MemoryScope cold = step();
  std::vector<Storage> held;
  auto work = [&held](const MemoryScope& scope) {
    for (std::size_t size : {3 * mib, 200000UL, 4096UL, 64UL, 2 * mib}) {
      held.push_back(*scope.allocate(size));
    }
  };
  work(cold);
  EXPECT_GE(cold.stats().first_touch_pages, 5 * mib / machine().page_bytes);
  EXPECT_EQ(agent.stats().first_touch_pages, cold.stats().first_touch_pages);

  MemoryScope ready = *agent.child("ready");
  ASSERT_TRUE(ready.reserve(bytes).ok());
  EXPECT_EQ(ready.stats().live_bytes, 0U);
  work(ready);
  EXPECT_EQ(ready.stats().first_touch_pages, 0U);
}

TEST_F(MemoryScopeTest, ReservationsOfTwoScopesAddUp) {
  FRYS_SKIP_WITH_RED_ZONES();
  MemoryScope a = step();
  MemoryScope b = step();
  ASSERT_TRUE(a.reserve(8 * mib).ok());
  ASSERT_TRUE(b.reserve(8 * mib).ok());
  auto of_a = a.allocate(8 * mib);
  auto of_b = b.allocate(8 * mib);
  EXPECT_EQ(a.stats().first_touch_pages, 0U);
  EXPECT_EQ(b.stats().first_touch_pages, 0U);
  const std::size_t committed = memory.pool_stats().committed_bytes;
  // Both promises were kept, so the next one asks for its own bytes only.
  MemoryScope c = step();
  ASSERT_TRUE(c.reserve(mib).ok());
  EXPECT_EQ(memory.pool_stats().committed_bytes, committed + mib);
  ASSERT_TRUE(c.close().ok());
  MemoryScope d = step();
  ASSERT_TRUE(d.reserve(mib).ok());
  EXPECT_EQ(memory.pool_stats().committed_bytes, committed + mib) << "a closed promise is free";
}

TEST_F(MemoryScopeTest, APromiseIsKeptByEveryAllocationNotOnlyByGrowth) {
  FRYS_SKIP_WITH_RED_ZONES();
  MemoryScope scope = step();
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(scope.reserve(16 * mib).ok());
    ASSERT_TRUE(scope.allocate(16 * mib));
  }
  EXPECT_EQ(memory.pool_stats().committed_bytes, 16 * mib);
}

TEST_F(MemoryScopeTest, ReservingAgainPromisesTheLargerNotTheSum) {
  FRYS_SKIP_WITH_RED_ZONES();
  MemoryScope scope = step();
  ASSERT_TRUE(scope.reserve(4 * mib).ok());
  ASSERT_TRUE(scope.reserve(8 * mib).ok());
  ASSERT_TRUE(scope.reserve(4 * mib).ok());
  EXPECT_LE(memory.pool_stats().committed_bytes, 12 * mib) << "two runs, one of them of 8 MiB";
  auto block = scope.allocate(8 * mib);
  EXPECT_EQ(scope.stats().first_touch_pages, 0U);
}

TEST_F(MemoryScopeTest, APromiseIsKeptByTheScopesBelow) {
  ASSERT_TRUE(agent.reserve(16 * mib).ok());
  MemoryScope scope = step();
  auto block = scope.allocate(16 * mib);
  const std::size_t committed = memory.pool_stats().committed_bytes;
  ASSERT_TRUE(step().reserve(4 * mib).ok());
  EXPECT_EQ(memory.pool_stats().committed_bytes, committed + 4 * mib);
}

TEST_F(MemoryScopeTest, ReserveGoesByTheBudgetAndHoldsNothingBack) {
  MemoryScope scope = step(mib);
  EXPECT_EQ(scope.reserve(2 * mib).code(), ErrorCode::budget_exceeded);
  ASSERT_TRUE(scope.reserve(mib).ok());
  ASSERT_TRUE(scope.reserve(mib).ok());
  ASSERT_TRUE(scope.reserve(0).ok());
  EXPECT_EQ(scope.stats().peak_bytes, 0U);
  EXPECT_TRUE(scope.allocate(mib));
  memory.trim();  // what is reserved would do for it
  faults.fail("memory.map", 1, Status(ErrorCode::out_of_memory, "injected"));
  MemoryScope large = step();
  EXPECT_EQ(large.reserve(64 * mib).code(), ErrorCode::out_of_memory);
}

#ifdef FRYS_MEMORY_ASAN
TEST_F(MemoryScopeTest, AddressSanitizerSeesScratchUsedAfterItsEnd) {
  MemoryScope scope = step();
  volatile std::byte* stale = nullptr;
  {
    auto scratch = scope.scratch(64);
    stale = scratch->bytes().data();
    *stale = std::byte{1};
  }
  EXPECT_DEATH(*stale = std::byte{2}, "use-after-poison");
}
#endif

}  // namespace
}  // namespace frys
