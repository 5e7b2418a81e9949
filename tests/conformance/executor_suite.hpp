// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What every Executor must do, whoever wrote it. A test instantiates the suite with a subject:
//
//   struct Subject {
//     Executor& executor();
//     void run_until(FunctionRef<bool()> done);   // lets tasks and timers run until `done()`
//     static constexpr bool has_timers = true;
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(Mine, ExecutorConformance, Subject);

#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <numeric>
#include <vector>

#include "frys/core/executor.hpp"

namespace frys::testing {

template <typename Subject>
class ExecutorConformance : public ::testing::Test {
 protected:
  Executor& executor() { return subject_.executor(); }
  void run_until(FunctionRef<bool()> done) { subject_.run_until(done); }

  // How often bulk visited each of `count` indices.
  std::vector<int> visits(std::size_t count, std::size_t grain) {
    std::vector<std::atomic<int>> seen(count);
    executor().bulk(count, grain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) seen[i].fetch_add(1);
    });
    return {seen.begin(), seen.end()};
  }

  Subject subject_;
};

TYPED_TEST_SUITE_P(ExecutorConformance);

TYPED_TEST_P(ExecutorConformance, RunsEveryTaskOnce) {
  std::vector<std::atomic<int>> runs(500);
  std::atomic<std::size_t> total{0};
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const TaskClass task_class = i % 3 == 0 ? TaskClass::background : TaskClass::foreground;
    const Status status = this->executor().submit(
        [&, i] {
          runs[i].fetch_add(1);
          total.fetch_add(1);
        },
        task_class);
    ASSERT_TRUE(status.ok()) << status.to_string();
  }
  this->run_until([&] { return total.load() == runs.size(); });
  for (const auto& run : runs) EXPECT_EQ(run.load(), 1);
}

TYPED_TEST_P(ExecutorConformance, DestroysATaskAfterItRan) {
  auto held = std::make_shared<int>(1);
  std::atomic<bool> ran{false};
  ASSERT_TRUE(this->executor().submit([held, &ran] { ran = *held == 1; }).ok());
  this->run_until([&] { return ran.load() && held.use_count() == 1; });
  EXPECT_EQ(held.use_count(), 1);
}

TYPED_TEST_P(ExecutorConformance, TasksMaySubmitTasks) {
  std::atomic<int> depth{0};
  struct Chain {
    Executor& executor;
    std::atomic<int>& depth;
    void operator()() const {
      if (depth.fetch_add(1) < 49) (void)executor.submit(Chain{executor, depth});
    }
  };
  ASSERT_TRUE(this->executor().submit(Chain{this->executor(), depth}).ok());
  this->run_until([&] { return depth.load() == 50; });
  EXPECT_EQ(depth.load(), 50);
}

TYPED_TEST_P(ExecutorConformance, BulkCoversEveryIndexOnce) {
  for (const std::size_t count :
       {std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{1000}}) {
    for (const std::size_t grain : {std::size_t{0}, std::size_t{1}, std::size_t{64}, SIZE_MAX}) {
      SCOPED_TRACE(::testing::Message() << count << " indices, grain " << grain);
      EXPECT_EQ(this->visits(count, grain), std::vector<int>(count, 1));
    }
  }
}

TYPED_TEST_P(ExecutorConformance, BulkKeepsItsGrain) {
  std::atomic<std::size_t> largest{0};
  this->executor().bulk(1000, 37, [&](std::size_t begin, std::size_t end) {
    std::size_t seen = largest.load();
    while (seen < end - begin && !largest.compare_exchange_weak(seen, end - begin)) {
    }
  });
  EXPECT_LE(largest.load(), 37U);
}

TYPED_TEST_P(ExecutorConformance, BulkMayBeNestedAndCalledFromTasks) {
  std::atomic<int> leaves{0};
  std::atomic<int> finished{0};
  for (int task = 0; task < 8; ++task) {
    const Status status = this->executor().submit([&] {
      this->executor().bulk(10, 1, [&](std::size_t, std::size_t) {
        this->executor().bulk(10, 3, [&](std::size_t begin, std::size_t end) {
          leaves.fetch_add(static_cast<int>(end - begin));
        });
      });
      finished.fetch_add(1);
    });
    ASSERT_TRUE(status.ok());
  }
  this->run_until([&] { return finished.load() == 8; });
  EXPECT_EQ(leaves.load(), 800);
}

TYPED_TEST_P(ExecutorConformance, SaysHowMuchRunsAtOnce) {
  EXPECT_GE(this->executor().concurrency(), 1U);
  const std::int64_t before = this->executor().clock().now_ns();
  EXPECT_LE(before, this->executor().clock().now_ns());
}

TYPED_TEST_P(ExecutorConformance, TimersFireInOrderAndNotEarly) {
  if (!TypeParam::has_timers) {
    EXPECT_EQ(this->executor().submit_after(1, [] {}).error().code(), ErrorCode::unavailable);
    return;
  }
  const Clock& clock = this->executor().clock();
  const std::int64_t start_ns = clock.now_ns();
  std::atomic<std::int64_t> fired_ns{0};
  const auto timer = this->executor().submit_after(3'000'000, [&] { fired_ns = clock.now_ns(); });
  ASSERT_TRUE(timer.has_value()) << timer.error().to_string();
  this->run_until([&] { return fired_ns.load() != 0; });
  EXPECT_GE(fired_ns.load(), start_ns + 3'000'000);
  EXPECT_FALSE(this->executor().cancel_timer(*timer));
}

TYPED_TEST_P(ExecutorConformance, ACancelledTimerNeverFires) {
  if (!TypeParam::has_timers) {
    EXPECT_FALSE(this->executor().cancel_timer(1));
    return;
  }
  auto held = std::make_shared<std::atomic<bool>>(false);
  std::atomic<bool> later{false};
  const auto timer = this->executor().submit_after(20'000'000, [held] { *held = true; });
  ASSERT_TRUE(timer.has_value());
  EXPECT_TRUE(this->executor().cancel_timer(*timer));
  EXPECT_FALSE(this->executor().cancel_timer(*timer));
  ASSERT_TRUE(this->executor().submit_after(40'000'000, [&] { later = true; }).has_value());
  this->run_until([&] { return later.load(); });
  EXPECT_FALSE(held->load());
  EXPECT_EQ(held.use_count(), 1);
}

REGISTER_TYPED_TEST_SUITE_P(ExecutorConformance, RunsEveryTaskOnce, DestroysATaskAfterItRan,
                            TasksMaySubmitTasks, BulkCoversEveryIndexOnce, BulkKeepsItsGrain,
                            BulkMayBeNestedAndCalledFromTasks, SaysHowMuchRunsAtOnce,
                            TimersFireInOrderAndNotEarly, ACancelledTimerNeverFires);

}  // namespace frys::testing
