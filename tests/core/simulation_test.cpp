// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/core/simulation.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace frys {
namespace {

TEST(ManualClock, MovesOnlyForward) {
  ManualClock clock(10);
  clock.advance(5);
  clock.advance_to(12);
  EXPECT_EQ(clock.now_ns(), 15);
  clock.advance_to(40);
  EXPECT_EQ(clock.wall_ns(), 40);
}

TEST(SystemClock, DoesNotGoBack) {
  const std::int64_t before = system_clock().now_ns();
  EXPECT_LE(before, system_clock().now_ns());
  EXPECT_GT(system_clock().wall_ns(), 1'600'000'000'000'000'000);
}

TEST(InlineExecutor, RunsAtOnceAndHasNoTimers) {
  bool ran = false;
  ASSERT_TRUE(inline_executor().submit([&] { ran = true; }).ok());
  EXPECT_TRUE(ran);
  EXPECT_EQ(inline_executor().submit_after(1, [] {}).error().code(), ErrorCode::unavailable);
}

TEST(SimulatedExecutor, RunsInOrderAndBackgroundLast) {
  SimulatedExecutor simulation;
  std::vector<int> order;
  ASSERT_TRUE(simulation.submit([&] { order.push_back(3); }, TaskClass::background).ok());
  ASSERT_TRUE(simulation.submit([&] { order.push_back(1); }).ok());
  ASSERT_TRUE(simulation.submit([&] { order.push_back(2); }).ok());
  EXPECT_EQ(simulation.run(), 3U);
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(SimulatedExecutor, JumpsToTheNextTimer) {
  SimulatedExecutor simulation(100);
  std::vector<std::int64_t> fired;
  const auto note = [&] { fired.push_back(simulation.clock().now_ns()); };
  ASSERT_TRUE(simulation.submit_after(50, note).has_value());
  ASSERT_TRUE(simulation.submit_after(10, [&] {
    note();
    (void)simulation.submit_after(15, note);
  }));
  simulation.run();
  EXPECT_EQ(fired, (std::vector<std::int64_t>{110, 125, 150}));
}

TEST(SimulatedExecutor, TimersOfOneInstantKeepTheirOrder) {
  SimulatedExecutor simulation;
  std::vector<int> order;
  for (int i = 0; i < 5; ++i) (void)simulation.submit_after(7, [&order, i] { order.push_back(i); });
  simulation.run();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(SimulatedExecutor, ACancelledTimerNeverFires) {
  SimulatedExecutor simulation;
  bool fired = false;
  const Result<TimerId> timer = simulation.submit_after(5, [&] { fired = true; });
  ASSERT_TRUE(timer.has_value());
  EXPECT_TRUE(simulation.cancel_timer(*timer));
  EXPECT_FALSE(simulation.cancel_timer(*timer));
  EXPECT_FALSE(simulation.run_one());
  EXPECT_FALSE(fired);
}

}  // namespace
}  // namespace frys
