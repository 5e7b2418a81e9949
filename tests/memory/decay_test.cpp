// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Memory that nobody needs goes back to the system, in its time and without anybody being woken
// for nothing.

#include "memory/decay.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <limits>
#include <thread>
#include <vector>

#include "frys/core/simulation.hpp"
#include "frys/memory/manager.hpp"
#include "support/red_zones.hpp"
#include "support/test_executor.hpp"

namespace frys {
namespace {

using detail::DecayCurve;

constexpr std::size_t mib = std::size_t{1} << 20;
constexpr std::int64_t s = 1'000'000'000;
constexpr std::int64_t decay_ns = 8 * s;

TEST(DecayCurve, WhatIsNeverNeededGoesSoftlyAndWhole) {
  DecayCurve curve;
  std::size_t left = 10'000;
  std::vector<std::size_t> gone;
  for (std::uint32_t i = 0; i < DecayCurve::looks; ++i) {
    gone.push_back(curve.pass(left));
    left -= gone.back();
  }
  EXPECT_EQ(left, 0U);
  EXPECT_LT(gone.front(), 300U);  // The steepest part is in the middle.
  EXPECT_LT(gone.back(), 300U);
  EXPECT_GT(gone[3], 2'000U);
  EXPECT_EQ(curve.pass(0), 0U);
}

TEST(DecayCurve, WhatWasNeededMeanwhileIsYoung) {
  DecayCurve curve;
  DecayCurve undisturbed;
  std::size_t left = 7'000;
  // 3 000 more are idle for one beat and then needed: those that were there before go on.
  for (std::uint32_t i = 0; i < DecayCurve::looks; ++i) {
    const std::size_t expected = undisturbed.pass(left);
    if (i == 3) {
      DecayCurve probe = curve;
      EXPECT_GT(probe.pass(left + 3'000), expected);
    }
    EXPECT_EQ(curve.pass(left), expected);
    left -= expected;
  }
  EXPECT_EQ(left, 0U);
}

/// Allocates, touches nothing, and gives back.
void use(const MemoryScope& scope, std::size_t bytes) {
  ASSERT_TRUE(scope.allocate(testing::filling(bytes)).has_value());
}

// A manager in simulated time.
struct Simulated {
  explicit Simulated(std::int64_t ns = decay_ns, std::size_t budget_bytes = 256 * mib)
      : memory(make(simulation, ns, budget_bytes)), scope(*memory.workflow_scope("wf")) {}
  static TensorMemoryManager make(Executor& executor, std::int64_t ns, std::size_t budget_bytes) {
    Environment environment;
    environment.executor = &executor;
    environment.clock = &executor.clock();
    return *TensorMemoryManager::create({.budget_bytes = budget_bytes, .decay_ns = ns},
                                        environment);
  }
  [[nodiscard]] std::int64_t now_ns() const { return simulation.clock().now_ns(); }
  [[nodiscard]] std::size_t committed() const { return memory.pool_stats().committed_bytes; }
  /// Runs what is due before `ns`.
  void run_until(std::int64_t ns) {
    bool reached = false;
    ASSERT_TRUE(simulation.submit_after(ns - now_ns(), [&reached] { reached = true; }));
    while (!reached) ASSERT_TRUE(simulation.run_one());
  }
  SimulatedExecutor simulation;
  TensorMemoryManager memory;
  MemoryScope scope;
};

TEST(Decay, IdlePagesGoWithinTheDecayTimeAlongACurve) {
  Simulated host;
  use(host.scope, 64 * mib);
  std::vector<std::size_t> left;
  for (int beat = 0; beat <= 8; ++beat) {
    host.run_until(beat * s + s / 2);
    left.push_back(host.committed());
  }
  EXPECT_EQ(left[0], 64 * mib);
  for (std::size_t i = 1; i < left.size(); ++i) EXPECT_LE(left[i], left[i - 1]);
  EXPECT_GT(left[1], 62 * mib);
  EXPECT_NEAR(double(left[3]) / double(64 * mib), 0.63, 0.1);
  EXPECT_EQ(left[7], 0U);
}

TEST(Decay, AtRestNobodyIsWoken) {
  Simulated host;
  EXPECT_EQ(host.simulation.run(), 0U);  // Nothing was used yet.
  Storage kept = *host.scope.allocate(testing::filling(2 * mib));
  use(host.scope, 8 * mib);
  EXPECT_LE(host.simulation.run(), 2U * DecayCurve::beats + 2);
  EXPECT_LE(host.now_ns(), decay_ns);
  EXPECT_EQ(host.committed(), 2 * mib);
  EXPECT_EQ(host.simulation.run(), 0U);
  // The next that is freed starts it again.
  kept = {};
  EXPECT_GT(host.simulation.run(), 0U);
  EXPECT_EQ(host.committed(), 0U);
}

TEST(Decay, WhatIsNeededAtEachBeatStays) {
  Simulated host;
  use(host.scope, 64 * mib);
  for (int i = 1; i <= 40; ++i) {
    host.run_until(i * s / 2);
    use(host.scope, 16 * mib);
  }
  EXPECT_EQ(host.committed(), 16 * mib);
  const std::uint64_t touched = host.scope.stats().first_touch_pages;
  use(host.scope, 16 * mib);
  EXPECT_EQ(host.scope.stats().first_touch_pages, touched);
}

TEST(Decay, WhatThreadsAndSlabsKeepGoesAsWell) {
  Simulated host;
  std::vector<Storage> blocks;
  for (int i = 0; i < 4'000; ++i) blocks.push_back(*host.scope.allocate(64 + i % 60'000));
  blocks.clear();
  static_cast<void>(host.scope.close());
  ASSERT_GT(host.committed(), mib);
  host.simulation.run();
  EXPECT_EQ(host.committed(), 0U);
  EXPECT_LE(host.now_ns(), decay_ns);
}

TEST(Decay, AThreadThatWorksKeepsItsBlocks) {
  Simulated host;
  use(host.scope, 100'000);
  use(host.scope, 8 * mib);  // Past the caches: this starts the beats.
  for (int i = 1; i <= 40; ++i) {
    host.run_until(i * s / 2);
    use(host.scope, 100'000);
  }
  EXPECT_GT(host.committed(), 0U);
  EXPECT_LT(host.committed(), mib);
  // The large block began on the pages of the small one, which were collected before the pool grew.
  EXPECT_EQ(host.scope.stats().first_touch_pages, 8 * mib >> 12);
}

TEST(Decay, WhatIsPromisedStaysReady) {
  Simulated host;
  ASSERT_TRUE(host.scope.reserve(testing::filling(4 * mib)).ok());
  use(host.scope, 32 * mib);
  ASSERT_TRUE(host.scope.reserve(testing::filling(4 * mib)).ok());
  host.simulation.run();
  EXPECT_GE(host.committed(), 4 * mib);
  EXPECT_LT(host.committed(), 5 * mib);
  const std::uint64_t touched = host.scope.stats().first_touch_pages;
  use(host.scope, 4 * mib);
  EXPECT_EQ(host.scope.stats().first_touch_pages, touched);
  // Kept, it is like everything else.
  host.simulation.run();
  EXPECT_EQ(host.committed(), 0U);
}

TEST(Decay, NoneAndNever) {
  for (const std::int64_t never : {std::int64_t{-1}, std::numeric_limits<std::int64_t>::max()}) {
    Simulated host(never);
    use(host.scope, 8 * mib);
    EXPECT_EQ(host.simulation.run(), 0U);
    EXPECT_EQ(host.committed(), 8 * mib);
  }
  Simulated at_once(0);
  use(at_once.scope, 8 * mib);
  EXPECT_EQ(at_once.committed(), 0U);
  EXPECT_EQ(at_once.simulation.run(), 0U);
}

TEST(Decay, WithoutTimersOnlyTrimGivesBack) {
  auto memory = Simulated::make(inline_executor(), decay_ns, 256 * mib);
  use(memory.root(), 8 * mib);
  EXPECT_EQ(memory.pool_stats().committed_bytes, 8 * mib);
  memory.trim();
  EXPECT_EQ(memory.pool_stats().committed_bytes, 0U);
}

TEST(Decay, CloseEndsTheTimer) {
  SimulatedExecutor simulation;
  Storage kept;
  {
    auto memory = Simulated::make(simulation, decay_ns, 256 * mib);
    kept = *memory.root().allocate(8 * mib);
    use(memory.root(), 8 * mib);
  }
  EXPECT_EQ(simulation.run(), 0U);
  kept = {};
  EXPECT_EQ(simulation.run(), 0U);
  // The same between the timer and the work it hands on.
  {
    auto memory = Simulated::make(simulation, decay_ns, 256 * mib);
    use(memory.root(), 8 * mib);
    ASSERT_TRUE(simulation.run_one());
  }
  EXPECT_EQ(simulation.run(), 1U);
}

/// Timers are due at once, on whichever thread serves the background.
class HastyExecutor final : public Executor {
 public:
  Status submit(Task task, TaskClass task_class) override {
    return inner_.submit(std::move(task), task_class);
  }
  Result<TimerId> submit_after(std::int64_t, Task task) override {
    if (Status status = inner_.submit(std::move(task)); !status.ok()) return status;
    return ++timers_;
  }
  bool cancel_timer(TimerId) noexcept override { return false; }
  void bulk(std::size_t count, std::size_t grain, FunctionRef<void(std::size_t, std::size_t)> body,
            TaskClass helpers) noexcept override {
    inner_.bulk(count, grain, body, helpers);
  }
  [[nodiscard]] std::size_t concurrency() const noexcept override { return 1; }
  [[nodiscard]] const Clock& clock() const noexcept override { return system_clock(); }
  [[nodiscard]] TimerId timers() const noexcept { return timers_.load(); }
  void close() { inner_.close(); }

 private:
  testing::TestExecutor inner_{1, 1};
  std::atomic<TimerId> timers_{0};
};

TEST(Decay, CloseWaitsForABeatAndNoneFollows) {
  HastyExecutor executor;
  for (int round = 0; round < 50; ++round) {
    auto memory = Simulated::make(executor, decay_ns, 256 * mib);
    MemoryScope scope = *memory.workflow_scope("wf");
    int allocated = 0;
    std::thread other([&] {
      while (scope.allocate(2 * mib)) {  // Until it is closed, or enough.
        if (++allocated == 20) break;
      }
    });
    for (int i = 0; i < 20; ++i) use(scope, 60'000);
    if (round % 2 == 0) other.join();
    const TimerId before = executor.timers();
    ASSERT_TRUE(memory.close().ok());
    EXPECT_TRUE(round % 2 != 0 || before > 0);
    if (round % 2 != 0) other.join();
  }
}

TEST(Decay, ThreadsAllocateWhileBeatsTakeTheirCaches) {
  HastyExecutor executor;
  auto memory = Simulated::make(executor, decay_ns, 256 * mib);
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&memory, t] {
      MemoryScope scope = *memory.workflow_scope("wf-" + std::to_string(t));
      for (int i = 0; i < 500; ++i) {
        Storage large = *scope.allocate(2 * mib);
        Storage small = *scope.allocate(100 + 37 * i);
        static_cast<std::byte*>(small.data())[0] = std::byte{1};
        if (i % 100 == 99) std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  // All is freed, so the beats, which come at once here, soon have nothing left to give back.
  for (int i = 0; i < 2'000 && memory.pool_stats().committed_bytes != 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(memory.pool_stats().committed_bytes, 0U);
  EXPECT_EQ(memory.root().stats().live_bytes, 0U);
}

}  // namespace
}  // namespace frys
