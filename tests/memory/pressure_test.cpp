// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Who is asked for memory when a request cannot be had, and when it may have it after all.

#include "frys/memory/pressure.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "frys/core/fault.hpp"
#include "frys/memory/manager.hpp"

namespace frys {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20;

struct PressureTest : ::testing::Test {
  /// A handler that drops one of `kept`, or cannot.
  auto dropping() {
    return [this](const MemoryPressure&) -> std::size_t {
      ++asked;
      if (kept.empty()) return 0;
      kept.pop_back();
      return mib;
    };
  }
  auto noting(char letter) {
    return [this, letter](const MemoryPressure&) -> std::size_t {
      order += letter;
      return 0;
    };
  }
  void fill() {
    while (auto block = scope.allocate(mib)) kept.push_back(*std::move(block));
    ASSERT_EQ(kept.size(), 8U);
  }

  TensorMemoryManager memory = *TensorMemoryManager::create({.budget_bytes = 8 * mib}, {});
  MemoryScope scope = *memory.agent_scope("wf", "a");
  std::vector<Storage> kept;
  std::string order;
  int asked = 0;
};

TEST_F(PressureTest, AHandlerThatDropsTensorsSavesTheRequest) {
  fill();
  const PressureRegistration cache = *memory.add_pressure_handler(dropping());
  auto block = scope.allocate(mib);
  EXPECT_TRUE(block.has_value());
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(kept.size(), 7U);
  // One that lets go of less than is needed is asked once a request.
  EXPECT_EQ(scope.allocate(3 * mib).status().code(), ErrorCode::budget_exceeded);
  EXPECT_EQ(asked, 2);
  // Scratch is asked for no less than needed: 64 KiB would not fit, 64 do.
  kept.push_back(*scope.allocate(mib - 64));
  EXPECT_TRUE(scope.scratch(64).has_value());
  EXPECT_EQ(asked, 2);
  EXPECT_TRUE(scope.scratch(mib / 2).has_value());
  EXPECT_EQ(asked, 3);
}

TEST_F(PressureTest, TheHandlerIsToldWhatIsWanted) {
  fill();
  std::vector<std::string> told;
  const PressureRegistration registration =
      *memory.add_pressure_handler([&told](const MemoryPressure& pressure) -> std::size_t {
        told.push_back(std::string(pressure.scope) + " " + std::string(pressure.refused_by) + " " +
                       std::to_string(pressure.wanted_bytes) +
                       (pressure.reason == PressureReason::budget ? " budget" : " system"));
        return 0;
      });
  EXPECT_EQ(scope.allocate(100).status().code(), ErrorCode::budget_exceeded);
  const MemoryScope small = *scope.child("small", {.budget_bytes = 64});
  EXPECT_EQ(small.allocate(65).status().code(), ErrorCode::budget_exceeded);
  EXPECT_EQ(told, (std::vector<std::string>{"kernel/wf/a kernel 100 budget",
                                            "kernel/wf/a/small kernel/wf/a/small 65 budget"}));
  // Foresight disturbs nobody.
  EXPECT_EQ(scope.reserve(mib).code(), ErrorCode::budget_exceeded);
  EXPECT_EQ(told.size(), 2U);
}

TEST_F(PressureTest, HandlersAreAskedInOrderUntilTheRequestIsMet) {
  fill();
  const PressureRegistration b = *memory.add_pressure_handler(noting('b'));
  const PressureRegistration c = *memory.add_pressure_handler(noting('c'), -1);
  const PressureRegistration a = *memory.add_pressure_handler(noting('a'), 5);
  const PressureRegistration b2 = *memory.add_pressure_handler(noting('B'));
  EXPECT_FALSE(scope.allocate(mib).has_value());
  EXPECT_EQ(order, "abBc");
  order.clear();
  const PressureRegistration saver = *memory.add_pressure_handler(dropping(), 1);
  EXPECT_TRUE(scope.allocate(mib).has_value());
  EXPECT_EQ(order, "a");
}

TEST_F(PressureTest, WhatIsMetAsksNobody) {
  const PressureRegistration registration = *memory.add_pressure_handler(noting('x'));
  fill();
  EXPECT_EQ(order, "x");  // By the one that ended the filling.
  ASSERT_TRUE(scope.close().ok());
  EXPECT_EQ(scope.allocate(1).status().code(), ErrorCode::closed);
  EXPECT_EQ(order, "x");
}

TEST_F(PressureTest, AHandlerMayAllocateButAsksNobodyItself) {
  fill();
  std::vector<ErrorCode> codes;
  const PressureRegistration registration = *memory.add_pressure_handler([&](const auto&) {
    codes.push_back(scope.allocate(mib).status().code());
    kept.pop_back();
    codes.push_back(scope.allocate(mib / 2).status().code());
    return mib;
  });
  EXPECT_TRUE(scope.allocate(mib).has_value());
  EXPECT_EQ(codes, (std::vector{ErrorCode::budget_exceeded, ErrorCode::ok}));
}

TEST_F(PressureTest, AHandlerThatThrowsIsPassedOver) {
  fill();
  const PressureRegistration angry =
      *memory.add_pressure_handler([](const MemoryPressure&) -> std::size_t { throw 7; });
  const PressureRegistration cache = *memory.add_pressure_handler(dropping());
  EXPECT_TRUE(scope.allocate(mib).has_value());
  EXPECT_EQ(asked, 1);
}

TEST_F(PressureTest, HandlersMayUnregisterThemselvesAndOthers) {
  fill();
  PressureRegistration self;
  PressureRegistration other;
  self = *memory.add_pressure_handler([&](const MemoryPressure&) -> std::size_t {
    order += 's';
    self.reset();
    other.reset();
    return 0;
  });
  other = *memory.add_pressure_handler(noting('o'));
  EXPECT_FALSE(scope.allocate(mib).has_value());
  EXPECT_FALSE(scope.allocate(mib).has_value());
  EXPECT_EQ(order, "s");
  EXPECT_FALSE(self.is_registered());
}

TEST_F(PressureTest, UnregisteringWaitsForACallOnAnotherThread) {
  fill();
  std::promise<void> entered;
  std::promise<void> release;
  std::atomic<bool> ended{false};
  PressureRegistration slow = *memory.add_pressure_handler([&](const MemoryPressure&) {
    entered.set_value();
    release.get_future().wait();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ended = true;
    return std::size_t{0};
  });
  std::thread asker([this] { EXPECT_FALSE(scope.allocate(mib).has_value()); });
  entered.get_future().wait();
  release.set_value();
  slow.reset();
  EXPECT_TRUE(ended);
  asker.join();
}

TEST_F(PressureTest, ARegistrationOutlivesTheManager) {
  std::optional<PressureRegistration> registration = *memory.add_pressure_handler(noting('x'));
  ASSERT_TRUE(memory.close().ok());
  EXPECT_EQ(memory.add_pressure_handler(noting('y')).status().code(), ErrorCode::closed);
  EXPECT_EQ(memory.add_pressure_handler({}).status().code(), ErrorCode::invalid_argument);
  registration.reset();
}

TEST_F(PressureTest, ManyThreadsUnderPressureAllGoOn) {
  std::vector<std::thread> threads;
  std::atomic<int> refused{0};
  std::atomic<int> calls{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      MemoryScope own = *memory.agent_scope("wf", "t" + std::to_string(t));
      std::vector<Storage> cache;
      for (int i = 0; i < 300; ++i) {
        const PressureRegistration registration =
            *memory.add_pressure_handler([&calls](const MemoryPressure&) -> std::size_t {
              ++calls;
              return 1;
            });
        if (auto block = own.allocate(300'000)) {
          cache.push_back(*std::move(block));
        } else {
          ++refused;
          cache.clear();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(refused, 0);
  EXPECT_GE(calls, refused);
  EXPECT_EQ(memory.root().stats().live_bytes, 0U);
}

TEST(Pressure, WhatTheSystemRefusesIsAskedOfHandlers) {
  FaultInjector faults;
  Environment environment;
  environment.faults = &faults;
  auto memory = *TensorMemoryManager::create(
      {.budget_bytes = 256 * mib, .pool = {.segment_bytes = 16 * mib}}, environment);
  const MemoryScope scope = memory.root();
  // The segments are full, and nothing more can be mapped.
  std::optional<Storage> first = *scope.allocate(16 * mib);
  const Storage second = *scope.allocate(16 * mib);
  faults.fail("memory.map", 1, Status::out_of_memory(), 1'000);
  EXPECT_EQ(scope.allocate(8 * mib).status().code(), ErrorCode::out_of_memory);
  std::optional<PressureReason> reason;
  const PressureRegistration registration =
      *memory.add_pressure_handler([&](const MemoryPressure& pressure) {
        reason = pressure.reason;
        first.reset();
        return 16 * mib;
      });
  EXPECT_TRUE(scope.allocate(8 * mib).has_value());
  EXPECT_EQ(reason, PressureReason::system);
}

TEST(Pressure, WhatOtherThreadsCacheDoesNotPassTheBudget) {
  auto memory = *TensorMemoryManager::create({.budget_bytes = 16 * mib}, {});
  const MemoryScope scope = memory.root();
  std::promise<void> filled;
  std::promise<void> end;
  std::thread other([&] {
    // Cut from what is free already, so that a block or two of each size stays with this thread.
    EXPECT_TRUE(scope.allocate(12 * mib).has_value());
    for (std::size_t bytes = 512 * 1024; bytes <= mib; bytes += 64 * 1024) {
      EXPECT_TRUE(scope.allocate(bytes).has_value());
    }
    filled.set_value();
    end.get_future().wait();
  });
  filled.get_future().wait();
  const ArenaSnapshot arena = memory.snapshot().arena;
  std::size_t kept = 0;
  for (const SizeClassSnapshot& blocks : arena.classes) kept += blocks.slab_bytes;
  EXPECT_GT(kept, 6 * mib) << "nothing lies in caches";
  std::vector<Storage> blocks;
  for (int i = 0; i < 15; ++i) {
    blocks.push_back(*scope.allocate(mib));
    EXPECT_LE(memory.pool_stats().committed_bytes, 16 * mib);
  }
  end.set_value();
  other.join();
}

}  // namespace
}  // namespace frys
