// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/scheduler/coroutine.hpp"

#include <gtest/gtest.h>

#include <future>
#include <stdexcept>
#include <thread>

#include "scheduler/scheduler_host.hpp"

namespace frys {
namespace {

using namespace frys::testing;  // NOLINT

WorkflowGraph one_step(StepFunction run, std::int64_t deadline_ns = 0) {
  WorkflowGraph graph("coroutines");
  EXPECT_TRUE(graph.add_step({.name = "step", .deadline_ns = deadline_ns, .run = std::move(run)}));
  return graph;
}

TEST(Coroutine, SleepsWithoutAWorkerInSimulatedTime) {
  SimulatedHost host({.capacity = {.cpu_slots = 100}});
  WorkflowGraph graph("sleepers");
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(graph.add_step(
        {.name = "s" + std::to_string(i), .run = [](StepContext& context) -> StepCoroutine {
           for (int j = 0; j < 3; ++j) {
             if (Status slept = co_await context.sleep(s); !slept.ok()) {
               co_return slept;
             }
           }
           co_return Status();
         }}));
  }
  const WorkflowReport report = host.run(std::move(graph));
  EXPECT_TRUE(report.status.ok()) << report.status.to_string();
  EXPECT_EQ(report.finished_ns - report.submitted_ns, 3 * s);
}

TEST(Coroutine, ReportsWhatItReturnsAndThrows) {
  ThreadedHost host;
  EXPECT_EQ(host.run(one_step([](StepContext&) -> StepCoroutine {
                  co_return Status(ErrorCode::unavailable, "no model");
                }))
                .status,
            ErrorCode::unavailable);
  const Status thrown = host.run(one_step([](StepContext& context) -> StepCoroutine {
                              static_cast<void>(co_await context.sleep(1));
                              throw std::runtime_error("lost the thread");
                            }))
                            .status;
  EXPECT_EQ(thrown, ErrorCode::step_failed);
  EXPECT_NE(thrown.message().find("lost the thread"), std::string_view::npos);
}

TEST(Coroutine, OneThatThrowsBeforeItExistsIsLetGo) {
  ThreadedHost host;
  auto held = std::make_shared<int>(0);
  const Status thrown = host.run(one_step([held](StepContext&) -> StepCoroutine {
                              throw std::runtime_error("no coroutine yet");
                            }))
                            .status;
  EXPECT_NE(thrown.message().find("no coroutine yet"), std::string_view::npos);
  EXPECT_TRUE(host.scheduler().close().ok());  // The worker has left the step.
  EXPECT_TRUE(host.pool->close().ok());
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(host.host.memory->root().stats().children, 0U);
}

TEST(Coroutine, AwaitsCallbacksFromAnywhere) {
  ThreadedHost host;
  std::vector<std::thread> models;
  const WorkflowReport report = host.run(one_step([&](StepContext& context) -> StepCoroutine {
    const Result<int> at_once = co_await await_callback<int>(
        context.executor(), [](UniqueFunction<void(Result<int>)> done) { done(1); });
    const Result<int> later = co_await await_callback<int>(
        context.executor(), [&](UniqueFunction<void(Result<int>)> done) {
          models.emplace_back([done = std::move(done)]() mutable { done(41); });
        });
    const Result<int> dropped =
        co_await await_callback<int>(context.executor(), [](UniqueFunction<void(Result<int>)>) {});
    EXPECT_EQ(dropped.status(), ErrorCode::cancelled);
    EXPECT_EQ(*at_once + *later, 42);
    co_return Status();
  }));
  EXPECT_TRUE(report.status.ok()) << report.status.to_string();
  for (std::thread& model : models) model.join();
}

TEST(Coroutine, ACancelledPauseEndsAtOnce) {
  ThreadedHost host;
  std::promise<void> asleep;
  std::promise<Status> woke;
  auto id = host.scheduler().submit(one_step([&](StepContext& context) -> StepCoroutine {
    asleep.set_value();
    Status slept = co_await context.sleep(3600 * s);
    woke.set_value(slept);
    co_return slept;
  }));
  asleep.get_future().get();
  EXPECT_TRUE(host.scheduler().cancel(*id).ok());
  EXPECT_EQ(woke.get_future().get(), ErrorCode::cancelled);
  EXPECT_EQ(host.scheduler().wait(*id)->status, ErrorCode::cancelled);
}

/// Resumes the step on a thread of the host's, as an awaitable that knows nothing of executors.
struct OnAnotherThread {
  std::thread& thread;
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) const {
    std::thread& into = thread;  // Once resumed, the coroutine may be gone, and this with it.
    into = std::thread([handle] { handle.resume(); });
  }
  void await_resume() const noexcept {}
};

TEST(Coroutine, CancelAndCloseWaitForOneThatWasResumed) {
  for (const bool on_the_pool : {true, false}) {
    std::thread hosts;
    std::atomic<bool> ended{false};
    ThreadedHost host;
    std::promise<void> resumed;
    std::promise<void> release;
    auto gate = release.get_future();
    auto id = host.scheduler().submit(one_step([&](StepContext& context) -> StepCoroutine {
      if (on_the_pool) {
        static_cast<void>(co_await context.sleep(1000));
      } else {
        co_await OnAnotherThread{hosts};
      }
      EXPECT_EQ(host.scheduler().wait(context.workflow_id()).status(),
                ErrorCode::failed_precondition);  // It is a step, wherever it runs.
      resumed.set_value();
      gate.wait();
      ended = true;
      co_return Status();
    }));
    resumed.get_future().get();
    EXPECT_TRUE(host.scheduler().cancel(*id).ok());
    std::thread opens([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      release.set_value();
    });
    const auto report = host.scheduler().wait(*id);
    EXPECT_TRUE(ended);
    EXPECT_EQ(summary(*report, "step").state, StepState::succeeded);
    opens.join();
    if (hosts.joinable()) hosts.join();
  }
}

struct Never {
  std::coroutine_handle<>& handle;
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> suspended) const noexcept { handle = suspended; }
  void await_resume() const noexcept {}
};

TEST(Coroutine, ACancelledOneIsLetGoAtItsNextSuspension) {
  for (const bool was_resumed : {false, true}) {
    std::coroutine_handle<> kept;
    ThreadedHost host;
    std::promise<void> running;
    std::promise<void> release;
    auto id = host.scheduler().submit(one_step([&](StepContext& context) -> StepCoroutine {
      if (was_resumed) {
        static_cast<void>(co_await context.sleep(1000));
      }
      running.set_value();
      release.get_future().get();
      co_await Never{kept};
      co_return Status();
    }));
    running.get_future().get();
    EXPECT_TRUE(host.scheduler().cancel(*id).ok());
    release.set_value();
    EXPECT_EQ(summary(*host.scheduler().wait(*id), "step").state, StepState::cancelled);
    kept.resume();  // Late: it ends, and nobody minds.
  }
}

TEST(Coroutine, OneThatMissesItsDeadlineIsWokenAndFreed) {
  SimulatedHost host;
  auto held = std::make_shared<int>(0);
  Status woke;
  const WorkflowReport report = host.run(one_step(
      [held, &woke](StepContext& context) -> StepCoroutine {
        const auto mine = held;
        woke = co_await context.sleep(3600 * s);
        co_return Status();
      },
      10 * ms));
  EXPECT_EQ(report.status, ErrorCode::deadline_exceeded);
  EXPECT_EQ(report.finished_ns, 10 * ms);
  host.simulation.run();
  EXPECT_EQ(woke, ErrorCode::cancelled);
  EXPECT_EQ(held.use_count(), 1);
}

TEST(Coroutine, AClosedExecutorLosesNone) {
  auto held = std::make_shared<int>(0);
  Status woke;
  {
    ThreadedHost host;
    std::promise<void> asleep;
    auto id = host.scheduler().submit(
        one_step([&woke, &asleep, held](StepContext& context) -> StepCoroutine {
          asleep.set_value();
          woke = co_await context.sleep(3600 * s);
          co_return woke;
        }));
    ASSERT_TRUE(id.has_value());
    asleep.get_future().get();
    EXPECT_TRUE(host.pool->close().ok());
  }
  EXPECT_EQ(woke, ErrorCode::closed);
  EXPECT_EQ(held.use_count(), 1);
}

TEST(Coroutine, WithoutTimersAPauseSaysSo) {
  SchedulerHost host(inline_executor(), {});
  EXPECT_EQ(host.run(one_step([](StepContext& context) -> StepCoroutine {
                  co_return co_await context.sleep(1);
                }))
                .status,
            ErrorCode::unavailable);
}

}  // namespace
}  // namespace frys
