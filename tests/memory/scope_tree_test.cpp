// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Budgets: what the tree refuses, what it must not refuse, and races.

#include "memory/scope_node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "frys/core/random.hpp"
#include "frys/memory/manager.hpp"

namespace frys {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::size_t mib = std::size_t{1} << 20;

TensorMemoryManager make_manager(std::size_t budget_bytes) {
  return *TensorMemoryManager::create({.budget_bytes = budget_bytes}, {});
}

TEST(ScopeBudget, IsUsedToTheLastByteAndNoFurther) {
  TensorMemoryManager memory = make_manager(64 * mib);
  MemoryScope scope = *memory.root().child("s", {.budget_bytes = 10 * 4096});
  std::vector<Storage> held;
  for (int i = 0; i < 10; ++i) {
    auto block = scope.allocate(4096);
    ASSERT_TRUE(block) << i;
    held.push_back(*std::move(block));
  }
  EXPECT_EQ(scope.allocate(0).status().code(), ErrorCode::budget_exceeded);
  held.pop_back();
  EXPECT_TRUE(scope.allocate(4096));
  EXPECT_EQ(scope.stats().peak_bytes, 10U * 4096);
  EXPECT_EQ(scope.stats().budget_bytes, 10U * 4096);
}

TEST(ScopeBudget, AZeroBudgetRefusesEverything) {
  TensorMemoryManager memory = make_manager(mib);
  MemoryScope scope = *memory.root().child("none", {.budget_bytes = 0});
  EXPECT_EQ(scope.allocate(1).status().code(), ErrorCode::budget_exceeded);
}

TEST(ScopeBudget, TheMessageNamesWhoAskedWhoRefusedAndWhoHolds) {
  TensorMemoryManager memory = make_manager(64 * mib);
  MemoryScope workflow = *memory.root().child("wf-1", {.budget_bytes = 8 * mib});
  MemoryScope greedy = *workflow.child("greedy");
  MemoryScope modest = *workflow.child("modest");
  auto a = greedy.allocate(6 * mib);
  auto b = modest.allocate(mib);
  auto refused = modest.allocate(3 * mib);
  ASSERT_EQ(refused.status().code(), ErrorCode::budget_exceeded);
  EXPECT_THAT(std::string(refused.status().message()),
              AllOf(HasSubstr("scope kernel/wf-1/modest asked for 3145728 bytes"),
                    HasSubstr("scope kernel/wf-1 has 7340032 bytes live of a budget of 8388608"),
                    HasSubstr("largest holders: greedy 6291456, modest 1048576"),
                    HasSubstr("raise the budget of kernel/wf-1")));
  auto own = workflow.allocate(2 * mib);
  EXPECT_THAT(std::string(own.status().message()),
              HasSubstr("scope kernel/wf-1 asked for 2097152 bytes; it has 7340032"));
}

TEST(ScopeBudget, TheRootsBudgetHoldsForAllTogether) {
  TensorMemoryManager memory = make_manager(4 * mib);
  MemoryScope a = *memory.agent_scope("w", "a");
  MemoryScope b = *memory.agent_scope("v", "b");
  auto first = a.allocate(3 * mib);
  EXPECT_EQ(b.allocate(2 * mib).status().code(), ErrorCode::budget_exceeded);
  EXPECT_TRUE(b.allocate(mib));
}

// Idle parts of grants, left behind in scopes that grew and shrank, are nobody's loss.
TEST(ScopeBudget, WhatLiesIdleBelowIsTakenBackBeforeARefusal) {
  TensorMemoryManager memory = make_manager(mib);
  std::vector<MemoryScope> idlers;
  for (int i = 0; i < 8; ++i) {
    idlers.push_back(*memory.root().child("idler"));
    idlers.push_back(*idlers.back().child("below"));
    auto block = idlers.back().allocate(128 << 10);  // below the limit that is returned at once
    ASSERT_TRUE(block);
  }
  EXPECT_EQ(memory.root().stats().live_bytes, 0U);
  MemoryScope late = *memory.root().child("late");
  auto all = late.allocate(mib);
  ASSERT_TRUE(all) << all.error().to_string();
  EXPECT_EQ(memory.root().stats().live_bytes, mib);
  EXPECT_EQ(idlers[1].allocate(64).status().code(), ErrorCode::budget_exceeded);
  all->reset();
  EXPECT_TRUE(idlers[1].allocate(mib));
  idlers.clear();
  EXPECT_TRUE(late.close().ok());
  EXPECT_EQ(memory.root().stats().live_bytes, 0U) << "units were lost between grants";
  EXPECT_EQ(memory.root().stats().adopted_bytes, 0U);
}

TEST(ScopeBudget, OwnAndParentsIdleUnitsServeOneRequestTogether) {
  TensorMemoryManager memory = make_manager(mib);
  MemoryScope scope = *memory.root().child("s");
  {
    auto block = scope.allocate(200 << 10);
  }
  MemoryScope child = *scope.child("c");
  {
    auto block = child.allocate(200 << 10);
  }
  EXPECT_TRUE(child.allocate(mib));
  EXPECT_TRUE(scope.allocate(mib));
  EXPECT_EQ(scope.allocate(mib + 1).status().code(), ErrorCode::budget_exceeded);
  EXPECT_TRUE(scope.close().ok());
  EXPECT_EQ(memory.root().stats().live_bytes, 0U);
}

// A request comes through a scope whose other child holds what it needs.
TEST(ScopeBudget, ASiblingsIdleUnitsAreFoundThroughTheirCommonParent) {
  TensorMemoryManager memory = make_manager(mib);
  MemoryScope parent = *memory.root().child("p");
  MemoryScope sibling = *parent.child("sibling");
  {
    auto block = sibling.allocate(250 << 10);
  }
  MemoryScope asker = *parent.child("asker");
  EXPECT_TRUE(asker.allocate(mib));
  EXPECT_TRUE(parent.close().ok());
  EXPECT_EQ(memory.root().stats().live_bytes, 0U);
}

TEST(ScopeBudget, PeaksOfParentsAreCloseAndOfLeavesExact) {
  TensorMemoryManager memory = make_manager(64 * mib);
  MemoryScope parent = *memory.root().child("p");
  MemoryScope a = *parent.child("a");
  MemoryScope b = *parent.child("b");
  {
    auto block = a.allocate(20 * mib);
  }
  {
    auto block = b.allocate(30 * mib);
  }
  EXPECT_EQ(a.stats().peak_bytes, 20 * mib);
  EXPECT_EQ(b.stats().peak_bytes, 30 * mib);
  EXPECT_GE(parent.stats().peak_bytes, 30 * mib);
  EXPECT_LE(parent.stats().peak_bytes, 30 * mib + 2 * (std::size_t{256} << 10));
}

// The tree against a model that adds everything up at every request: it refuses what does not fit
// somewhere above and nothing else, names the scope that refuses, and its sums are exact.
struct ModelScope {
  MemoryScope scope;
  std::size_t parent;
  std::size_t budget_bytes;
  std::size_t live_bytes = 0;
  bool open = true;
};

struct TreeModel {
  std::vector<ModelScope> scopes;
  struct Held {
    Storage block;
    std::size_t scope;
  };
  std::vector<Held> held;

  // The lowest scope that would be over its budget; `scopes.size()` when none.
  [[nodiscard]] std::size_t refuser(std::size_t asker, std::size_t bytes) const {
    for (std::size_t s = asker;; s = scopes[s].parent) {
      if (scopes[s].live_bytes + bytes > scopes[s].budget_bytes) return s;
      if (s == 0) return scopes.size();
    }
  }
  void charge(std::size_t s, std::size_t bytes) {
    for (;; s = scopes[s].parent) {
      scopes[s].live_bytes += bytes;  // wraps around for what goes
      if (s == 0) return;
    }
  }
  void close(std::size_t s) {
    ASSERT_TRUE(scopes[s].scope.close().ok());
    scopes[s].open = false;
    for (ModelScope& below : scopes) {
      if (below.open && !below.scope.is_open()) below.open = false;
    }
  }
};

TEST(ScopeBudget, AgreesWithAModel) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SeededRandom random(seed);
    TensorMemoryManager memory = make_manager(4 * mib);
    TreeModel model;
    model.scopes.push_back({memory.root(), 0, 4 * mib});
    for (int i = 0; i < 6000; ++i) {
      const std::size_t s = random.next_below(model.scopes.size());
      const std::uint64_t dice = random.next_below(100);
      if (dice < 6 && model.scopes[s].open && model.scopes.size() < 60) {
        const std::size_t budget =
            random.next_below(2) == 0 ? unlimited_bytes : random.next_below(60000) * 64;
        auto child = model.scopes[s].scope.child("c" + std::to_string(i), {budget});
        ASSERT_TRUE(child);
        model.scopes.push_back({*child, s, budget});
      } else if (dice < 7 && s != 0) {
        model.close(s);
      } else if (dice < 60) {
        const std::size_t bytes =
            (random.next_below(std::uint64_t{1} << random.next_below(15)) + 1) * 64;
        auto block = model.scopes[s].scope.allocate(bytes);
        const std::size_t refuser = model.refuser(s, bytes);
        if (!model.scopes[s].open) {
          ASSERT_EQ(block.status().code(), ErrorCode::closed);
        } else if (refuser < model.scopes.size()) {
          ASSERT_EQ(block.status().code(), ErrorCode::budget_exceeded);
        } else {
          ASSERT_TRUE(block) << block.error().to_string();
          model.charge(s, bytes);
          model.held.push_back({*std::move(block), s});
        }
      } else if (!model.held.empty()) {
        std::swap(model.held[random.next_below(model.held.size())], model.held.back());
        model.charge(model.held.back().scope, 0 - model.held.back().block.size_bytes());
        model.held.pop_back();
      }
      ASSERT_EQ(model.scopes[s].scope.stats().live_bytes, model.scopes[s].live_bytes) << i;
    }
    for (const ModelScope& m : model.scopes) {
      EXPECT_EQ(m.scope.stats().live_bytes, m.live_bytes);
      EXPECT_LE(m.scope.stats().peak_bytes, m.budget_bytes);
    }
  }
}

// Eight threads in four scopes under one budget. What each thread knows to be live is added up
// before it is given back, so the sum is never more than what was really held.
TEST(ScopeBudget, IsNeverExceededInARace) {
  constexpr std::size_t budget = 4 * mib;
  TensorMemoryManager memory = make_manager(64 * mib);
  MemoryScope workflow = *memory.root().child("wf", {.budget_bytes = budget});
  std::vector<MemoryScope> scopes;
  for (int i = 0; i < 4; ++i) {
    scopes.push_back(*workflow.child("s", {.budget_bytes = budget / 3}));
  }
  std::atomic<std::size_t> live{0};
  std::vector<std::atomic<std::size_t>> live_of(scopes.size());
  std::atomic<std::size_t> over{0};
  std::atomic<std::size_t> refused{0};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      SeededRandom random(t + 100);
      const std::size_t s = t % scopes.size();
      std::vector<Storage> held;
      for (int i = 0; i < 4000; ++i) {
        if (random.next_below(5) < 3) {
          auto block = scopes[s].allocate((random.next_below(4000) + 1) * 64);
          if (block) {
            const std::size_t bytes = block->size_bytes();
            if (live.fetch_add(bytes) + bytes > budget) ++over;
            if (live_of[s].fetch_add(bytes) + bytes > budget / 3) ++over;
            held.push_back(*std::move(block));
          } else {
            if (block.error().code() != ErrorCode::budget_exceeded) ++over;
            ++refused;
          }
        } else if (!held.empty()) {
          std::swap(held[random.next_below(held.size())], held.back());
          live -= held.back().size_bytes();
          live_of[s] -= held.back().size_bytes();
          held.pop_back();
        }
      }
      for (const Storage& block : held) {
        live -= block.size_bytes();
        live_of[s] -= block.size_bytes();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(over, 0U);
  EXPECT_GT(refused, 0U) << "the race never met the budget";
  EXPECT_LE(workflow.stats().peak_bytes, budget);
  for (const MemoryScope& scope : scopes) {
    EXPECT_EQ(scope.stats().live_bytes, 0U);
    EXPECT_LE(scope.stats().peak_bytes, budget / 3);
    EXPECT_GT(scope.stats().peak_bytes, 0U);
  }
  EXPECT_EQ(memory.root().stats().live_bytes, 0U);
  // Nothing leaked into an idle grant: all of it can be had in one piece.
  EXPECT_TRUE(workflow.allocate(budget));
}

// A scope that asks for a little more than it needs, because that seemed to lie idle above, must
// not be refused when the parent's own blocks take it first.
TEST(ScopeBudget, ASpareThatIsGoneInARaceRefusesNothing) {
  TensorMemoryManager memory = make_manager(mib);
  MemoryScope parent = memory.root();
  MemoryScope child = *parent.child("c");
  std::atomic<bool> ended{false};
  std::thread churn([&] {
    while (!ended.load(std::memory_order_relaxed)) static_cast<void>(parent.allocate(60 << 10));
  });
  int refused = 0;
  for (int i = 0; i < 50000; ++i) {
    auto most = child.allocate(880 << 10);
    if (!most) ++refused;
    std::vector<Storage> held;
    for (int k = 0; k < 10; ++k) {
      auto little = child.allocate(4 << 10);
      little ? held.push_back(*std::move(little)) : static_cast<void>(++refused);
    }
  }
  ended = true;
  churn.join();
  EXPECT_EQ(refused, 0);
}

// Scopes open, close and die while others free what they left behind.
TEST(ScopeTree, ScopesComeAndGoUnderStress) {
  TensorMemoryManager memory = make_manager(256 * mib);
  std::vector<std::thread> threads;
  std::vector<std::vector<Storage>> left(4);
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      SeededRandom random(t);
      for (int i = 0; i < 400; ++i) {
        auto agent = memory.agent_scope("wf", t % 2 == 0 ? "even" : "odd");
        auto step = agent->child("step");
        if (!step) continue;  // the agent's scope was closed in between
        auto kept = step->allocate(random.next_below(600000));
        auto dropped = step->allocate(random.next_below(6000));
        auto scratch = step->scratch(random.next_below(100000));
        auto below = step->child("below");
        auto deep = below ? below->allocate(300) : Result<Storage>(below.error());
        if (random.next_below(40) == 0) static_cast<void>(agent->close());
        if (random.next_below(2) == 0) static_cast<void>(step->close());
        static_cast<void>(memory.root().stats());
        if (kept) left[t].push_back(*std::move(kept));
        if (left[t].size() > 20) left[t].erase(left[t].begin(), left[t].begin() + 10);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::size_t held = 0;
  for (const auto& blocks : left) {
    for (const Storage& block : blocks) {
      held += detail::units_of(block.size_bytes()) * detail::unit_bytes;
    }
  }
  EXPECT_EQ(memory.root().stats().live_bytes, held);
  left.clear();
  const ScopeStats root = memory.root().stats();
  EXPECT_EQ(root.live_bytes, 0U);
  EXPECT_EQ(root.adopted_bytes, 0U);
  EXPECT_TRUE(memory.root().allocate(256 * mib)) << "no charge was lost on the way";
}

}  // namespace
}  // namespace frys
