// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/scheduler/workflow_scheduler.hpp"

#include <gtest/gtest.h>

#include <future>
#include <set>
#include <stdexcept>
#include <thread>

#include "scheduler/scheduler_host.hpp"

namespace frys {
namespace {

using namespace frys::testing;  // NOLINT

TEST(WorkflowScheduler, RunsADiamondInOrder) {
  ThreadedHost host;
  WorkflowGraph graph("diamond");
  std::mutex mutex;
  std::vector<std::string> order;
  const auto note = [&](StepContext& context) {
    const std::lock_guard lock(mutex);
    order.emplace_back(context.step());
    return Status();
  };
  const StepId top = *graph.add_step({.name = "top", .run = note});
  const StepId left = *graph.add_step({.name = "left", .after = {top}, .run = note});
  const StepId right = *graph.add_step({.name = "right", .after = {top}, .run = note});
  ASSERT_TRUE(graph.add_step({.name = "bottom", .after = {left, right}, .run = note}));
  const WorkflowReport report = host.run(std::move(graph));
  EXPECT_TRUE(report.status.ok());
  ASSERT_EQ(order.size(), 4U);
  EXPECT_EQ(order.front(), "top");
  EXPECT_EQ(order.back(), "bottom");
  ASSERT_EQ(report.records.size(), 4U);
  EXPECT_EQ(host.host.recorder.records.size(), 4U);
  for (const StepRecord& record : report.records) {
    EXPECT_EQ(record.outcome, StepOutcome::success);
    EXPECT_EQ(record.workflow, "diamond");
    EXPECT_EQ(record.reward, 1);
    EXPECT_GE(record.start_ns, record.queued_ns);
    EXPECT_EQ(record.runtime_ns, record.end_ns - record.start_ns);
  }
}

TEST(WorkflowScheduler, AnEmptyWorkflowAndMilestonesEnd) {
  SimulatedHost host;
  EXPECT_TRUE(host.run(WorkflowGraph("empty")).status.ok());
  WorkflowGraph graph("milestones");
  const StepId a = *graph.add_step({.name = "a"});
  ASSERT_TRUE(graph.add_step({.name = "b", .after = {a}}));
  const WorkflowReport report = host.run(std::move(graph));
  EXPECT_TRUE(report.status.ok());
  EXPECT_EQ(summary(report, "b").state, StepState::succeeded);
}

TEST(WorkflowScheduler, RunsInlineWithoutNesting) {
  SchedulerHost host(inline_executor(), {});
  WorkflowGraph graph("long chain");
  std::set<std::uintptr_t> frames;  // Nested steps would each stand deeper in the stack.
  for (std::size_t i = 0; i < 5'000; ++i) {
    std::vector<StepId> after;
    if (i > 0) after.push_back({i - 1});
    ASSERT_TRUE(graph.add_step(
        {.name = "s" + std::to_string(i), .after = std::move(after), .run = [&](StepContext&) {
           frames.insert(reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)));
           return Status();
         }}));
  }
  EXPECT_TRUE(host.run(std::move(graph)).status.ok());
  EXPECT_LT(*frames.rbegin() - *frames.begin(), 64U << 10);
}

TEST(WorkflowScheduler, AFailureCancelsWhatWaitsForItAndNothingElse) {
  SimulatedHost host;
  WorkflowGraph graph("half");
  const StepId bad =
      *graph.add_step({.name = "bad", .run = returning({ErrorCode::io_error, "disk"})});
  const StepId next = *graph.add_step({.name = "next", .after = {bad}, .run = returning()});
  ASSERT_TRUE(graph.add_step({.name = "last", .after = {next}, .run = returning()}));
  ASSERT_TRUE(graph.add_step({.name = "other", .run = lasting(s)}));
  const WorkflowReport report = host.run(std::move(graph));
  EXPECT_EQ(report.status, ErrorCode::io_error);
  EXPECT_NE(report.status.message().find("'bad'"), std::string_view::npos);
  EXPECT_EQ(summary(report, "bad").state, StepState::failed);
  EXPECT_EQ(summary(report, "next").state, StepState::cancelled);
  EXPECT_NE(summary(report, "next").status.message().find("'bad'"), std::string_view::npos);
  EXPECT_EQ(summary(report, "last").state, StepState::cancelled);
  EXPECT_EQ(summary(report, "other").state, StepState::succeeded);
}

TEST(WorkflowScheduler, WhatAStepThrowsFailsIt) {
  ThreadedHost host;
  const auto status = [&](StepFunction run) {
    WorkflowGraph graph("throws");
    EXPECT_TRUE(graph.add_step({.name = "step", .run = std::move(run)}));
    return host.run(std::move(graph)).status;
  };
  const Status sync = status([](StepContext&) -> Status { throw std::runtime_error("boom 1"); });
  EXPECT_EQ(sync, ErrorCode::step_failed);
  EXPECT_NE(sync.message().find("boom 1"), std::string_view::npos);
  EXPECT_EQ(status([](StepContext&) -> Status { throw 5; }), ErrorCode::step_failed);
  const Status async =
      status([](StepContext&, StepCompletion) { throw std::runtime_error("boom 2"); });
  EXPECT_NE(async.message().find("boom 2"), std::string_view::npos);
  std::optional<StepCompletion> kept;
  EXPECT_EQ(status([&](StepContext&, StepCompletion done) {
              kept.emplace(std::move(done));
              throw std::runtime_error("boom 3");
            }),
            ErrorCode::step_failed);
  (*kept)();
  EXPECT_NE(status([](StepContext&, StepCompletion) {}).message().find("dropped"),
            std::string_view::npos);
}

TEST(WorkflowScheduler, RetriesUpToTheBound) {
  SimulatedHost host;
  WorkflowGraph graph("retries");
  std::vector<int> attempts;
  ASSERT_TRUE(graph.add_step({.name = "flaky", .max_attempts = 3, .run = [&](StepContext& context) {
                                attempts.push_back(context.attempt());
                                return context.attempt() < 3
                                           ? Status(ErrorCode::unavailable, "busy")
                                           : Status();
                              }}));
  ASSERT_TRUE(graph.add_step(
      {.name = "broken", .max_attempts = 2, .run = returning({ErrorCode::unavailable, "gone"})}));
  const WorkflowReport report = host.run(std::move(graph));
  EXPECT_EQ(attempts, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(summary(report, "flaky").state, StepState::succeeded);
  EXPECT_EQ(summary(report, "flaky").attempts, 3);
  EXPECT_EQ(summary(report, "broken").attempts, 2);
  EXPECT_EQ(report.records.size(), 5U);
}

TEST(WorkflowScheduler, AStepThatNeverEndsMissesItsDeadline) {
  SimulatedHost host;
  WorkflowGraph graph("late");
  std::optional<StepCompletion> kept;
  CancellationToken token;
  const StepId stuck = *graph.add_step({.name = "stuck",
                                        .deadline_ns = 5 * s,
                                        .run = [&](StepContext& context, StepCompletion done) {
                                          token = context.token();
                                          kept.emplace(std::move(done));
                                        }});
  ASSERT_TRUE(graph.add_step({.name = "after", .after = {stuck}, .run = returning()}));
  const WorkflowReport report = host.run(std::move(graph));
  EXPECT_EQ(report.status, ErrorCode::deadline_exceeded);
  EXPECT_EQ(report.finished_ns, 5 * s);
  EXPECT_EQ(summary(report, "after").state, StepState::cancelled);
  EXPECT_EQ(report.records[0].outcome, StepOutcome::deadline_exceeded);
  EXPECT_TRUE(token.is_cancelled());
  (*kept)();  // Late: ignored.
  EXPECT_EQ(host.host.recorder.records.size(), 1U);
}

TEST(WorkflowScheduler, ADeadlineHoldsWhileTheOnlyWorkerIsStuck) {
  ThreadedHost host(1);
  WorkflowGraph graph("stuck");
  std::atomic<bool> release{false};
  std::promise<void> holding;
  MemoryScope scope;
  ASSERT_TRUE(graph.add_step({.name = "stuck", .deadline_ns = ms, .run = [&](StepContext& context) {
                                auto scratch = context.scope().scratch(4096);
                                scope = context.scope();
                                holding.set_value();
                                while (!release) std::this_thread::yield();
                                EXPECT_TRUE(scratch->valid());  // Not taken from under it.
                                EXPECT_EQ(context.publish("x", TensorView()),
                                          ErrorCode::failed_precondition);
                                return Status();
                              }}));
  const WorkflowReport report = host.run(std::move(graph));
  EXPECT_EQ(report.status, ErrorCode::deadline_exceeded);
  holding.get_future().get();  // A busy machine may miss the deadline before the step holds it.
  EXPECT_TRUE(scope.is_open());
  release = true;
  while (scope.is_open()) std::this_thread::yield();
}

TEST(WorkflowScheduler, ARetryWaitsUntilTheLateAttemptHasLeft) {
  ThreadedHost host(2);
  WorkflowGraph graph("late");
  std::atomic<bool> release{false};
  std::atomic<int> inside{0};
  std::promise<void> late;
  ASSERT_TRUE(graph.add_step(
      {.name = "late", .deadline_ns = ms, .max_attempts = 2, .run = [&](StepContext& context) {
         EXPECT_EQ(++inside, 1);
         if (context.attempt() == 1) {
           while (!context.token().is_cancelled()) std::this_thread::yield();
           late.set_value();
           while (!release) std::this_thread::yield();
         }
         --inside;
         return Status();
       }}));
  auto id = host.scheduler().submit(std::move(graph));
  late.get_future().get();
  // The other worker is free: this is done by it after whatever the missed deadline let start.
  WorkflowGraph other("other");
  ASSERT_TRUE(other.add_step({.name = "step", .run = returning()}));
  EXPECT_TRUE(host.run(std::move(other)).status.ok());
  release = true;
  const auto report = host.scheduler().wait(*id);
  EXPECT_EQ(summary(*report, "late").attempts, 2);
}

TEST(WorkflowScheduler, ARetryThatWaitsCanBeCancelled) {
  ThreadedHost host(2);
  WorkflowGraph graph("late");
  std::promise<void> late;
  std::atomic<bool> release{false};
  std::atomic<int> attempts{0};
  ASSERT_TRUE(graph.add_step(
      {.name = "late", .deadline_ns = ms, .max_attempts = 9, .run = [&](StepContext& context) {
         ++attempts;
         while (!context.token().is_cancelled()) std::this_thread::yield();
         late.set_value();
         while (!release) std::this_thread::yield();
         return Status();
       }}));
  auto id = host.scheduler().submit(std::move(graph));
  late.get_future().get();
  EXPECT_TRUE(host.scheduler().cancel(*id).ok());
  EXPECT_EQ(host.scheduler().wait(*id)->status, ErrorCode::cancelled);
  release = true;
  EXPECT_TRUE(host.scheduler().close().ok());
  EXPECT_EQ(attempts, 1);
}

TEST(WorkflowScheduler, CompletionsComeFromAnyThreadAndHoldNoWorker) {
  ThreadedHost host(1, {.capacity = {.cpu_slots = 64}});
  WorkflowGraph graph("models");
  std::mutex mutex;
  std::vector<StepCompletion> out;
  std::promise<void> all;
  for (int i = 0; i < 64; ++i) {
    ASSERT_TRUE(graph.add_step(
        {.name = "ask" + std::to_string(i), .run = [&](StepContext&, StepCompletion done) {
           const std::lock_guard lock(mutex);
           out.push_back(std::move(done));
           if (out.size() == 64) all.set_value();
         }}));
  }
  auto id = host.scheduler().submit(std::move(graph));
  all.get_future().get();  // All 64 wait at the same time, on one worker.
  std::thread model([&] {
    for (StepCompletion& done : out) done();
  });
  EXPECT_TRUE(host.scheduler().wait(*id)->status.ok());
  model.join();
}

TEST(WorkflowScheduler, CancelStopsWhatRunsAndDropsWhatWaits) {
  ThreadedHost host(2);
  WorkflowGraph graph("cancelled");
  std::promise<void> started;
  const std::shared_future<void> running = started.get_future().share();
  std::optional<StepCompletion> kept;
  std::atomic<bool> told{false};
  const StepId loop = *graph.add_step({.name = "loop", .run = [&](StepContext& context) {
                                         running.get();
                                         while (!context.token().is_cancelled()) {
                                           std::this_thread::yield();
                                         }
                                         told = true;
                                         return Status();
                                       }});
  ASSERT_TRUE(graph.add_step({.name = "model", .run = [&](StepContext&, StepCompletion done) {
                                kept.emplace(std::move(done));
                                started.set_value();
                              }}));
  ASSERT_TRUE(graph.add_step({.name = "after", .after = {loop}, .run = returning()}));
  auto id = host.scheduler().submit(std::move(graph));
  running.wait();
  EXPECT_TRUE(host.scheduler().cancel(*id).ok());
  const Result<WorkflowReport> report = host.scheduler().wait(*id);
  EXPECT_TRUE(told);  // No step's function is on a worker any more.
  EXPECT_EQ(report->status, ErrorCode::cancelled);
  EXPECT_EQ(summary(*report, "loop").state, StepState::succeeded);
  EXPECT_EQ(summary(*report, "model").state, StepState::cancelled);
  EXPECT_EQ(summary(*report, "after").state, StepState::cancelled);
  EXPECT_TRUE(host.scheduler().cancel(*id).ok());
  (*kept)();
}

TEST(WorkflowScheduler, PrioritiesGoFirst) {
  SimulatedHost host({.capacity = {.cpu_slots = 1}});
  WorkflowGraph graph("priorities");
  for (const auto& [name, priority] :
       std::vector<std::pair<std::string, int>>{{"low", -1}, {"mid", 0}, {"high", 9}}) {
    ASSERT_TRUE(graph.add_step({.name = name, .priority = priority, .run = lasting(s)}));
  }
  EXPECT_EQ(order_of_start(host.run(std::move(graph))),
            (std::vector<std::string>{"high", "mid", "low"}));
}

/// Capacity for all of them, and one worker.
TEST(WorkflowScheduler, PrioritiesGoFirstAmongThoseThatWaitForAWorker) {
  ThreadedHost host(1, {.capacity = {.cpu_slots = 8}});
  WorkflowGraph graph("priorities");
  std::string order;
  const auto note = [&](StepContext& context) {
    order += std::string(context.step()) + " ";
    return Status();
  };
  const StepId head = *graph.add_step({.name = "head", .run = returning()});
  for (const auto& [name, priority] :
       std::vector<std::pair<std::string, int>>{{"low", 1}, {"mid", 5}, {"high", 9}}) {
    ASSERT_TRUE(graph.add_step({.name = name, .after = {head}, .priority = priority, .run = note}));
  }
  ASSERT_TRUE(graph.add_step({.name = "next", .after = {StepId{3}}, .priority = 7, .run = note}));
  EXPECT_TRUE(host.run(std::move(graph)).status.ok());
  EXPECT_EQ(order, "high next mid low ");
}

TEST(WorkflowScheduler, AdmitsNoMoreThanTheCapacity) {
  SimulatedHost host({.capacity = {.cpu_slots = 4, .memory_bytes = 100 << 20}});
  WorkflowGraph graph("slots");
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(graph.add_step({.name = "cpu" + std::to_string(i),
                                .request = {.cpu_slots = 1, .memory_bytes = 1 << 20},
                                .run = lasting(s)}));
  }
  EXPECT_EQ(host.run(std::move(graph)).finished_ns, 3 * s);
  WorkflowGraph memory("memory");
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(memory.add_step({.name = "mem" + std::to_string(i),
                                 .request = {.cpu_slots = 0, .memory_bytes = 50 << 20},
                                 .run = lasting(s)}));
  }
  const WorkflowReport report = host.run(std::move(memory));
  EXPECT_EQ(report.finished_ns - report.submitted_ns, 2 * s);
  EXPECT_EQ(report.records[0].given_bytes, std::size_t{50} << 20);
  EXPECT_EQ(host.scheduler().allocator().running, 0U);
}

TEST(WorkflowScheduler, ResizeAdmitsMore) {
  SimulatedHost host({.capacity = {.version = 1, .cpu_slots = 1}});
  WorkflowGraph graph("grow");
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(graph.add_step({.name = "s" + std::to_string(i), .run = lasting(s)}));
  }
  auto id = host.scheduler().submit(std::move(graph));
  EXPECT_EQ(host.scheduler().resize({.version = 1, .cpu_slots = 4}),
            ErrorCode::failed_precondition);
  EXPECT_TRUE(host.scheduler().resize({.version = 2, .cpu_slots = 4}).ok());
  EXPECT_EQ(host.scheduler().wait(*id)->finished_ns, s);
}

TEST(WorkflowScheduler, WaitsByCallbackToo) {
  ThreadedHost host;
  WorkflowGraph graph("callback");
  ASSERT_TRUE(graph.add_step({.name = "step", .run = lasting(ms)}));
  auto id = host.scheduler().submit(std::move(graph));
  for (int i = 0; i < 2; ++i) {  // While it runs, and again when it has ended.
    std::promise<Result<WorkflowReport>> answer;
    host.scheduler().wait(*id, [&](Result<WorkflowReport> r) { answer.set_value(std::move(r)); });
    EXPECT_TRUE(answer.get_future().get()->status.ok());
  }
  std::promise<Status> unknown;
  host.scheduler().wait(WorkflowId{99},
                        [&](Result<WorkflowReport> r) { unknown.set_value(r.status()); });
  EXPECT_EQ(unknown.get_future().get(), ErrorCode::not_found);
}

TEST(WorkflowScheduler, SurvivesACallbackThatThrows) {
  const auto throws = [](std::atomic<int>& calls) {
    return [&calls](const auto&) {
      ++calls;
      throw std::runtime_error("the host's mistake");
    };
  };
  std::atomic<int> calls{0};
  {
    ThreadedHost host;
    for (const bool ended : {false, true}) {
      WorkflowGraph graph("callback");
      ASSERT_TRUE(graph.add_step({.name = "step", .run = lasting(ms)}));
      auto id = host.scheduler().submit(std::move(graph));
      if (ended) {
        ASSERT_TRUE(host.scheduler().wait(*id).has_value());
      }
      host.scheduler().wait(*id, throws(calls));
      host.scheduler().optimize_for_collaboration(*id, throws(calls));
      EXPECT_TRUE(host.scheduler().wait(*id)->status.ok());
    }
    EXPECT_TRUE(host.pool->close().ok());
    host.scheduler().wait(WorkflowId{99}, throws(calls));  // Here: the executor is closed.
    host.scheduler().optimize_for_collaboration(WorkflowId{99}, throws(calls));
  }
  SchedulerHost inlined(inline_executor(), {});
  inlined.scheduler->wait(WorkflowId{99}, throws(calls));
  EXPECT_EQ(calls, 7);
}

TEST(WorkflowScheduler, BlockingOnItFromInsideIsRefused) {
  ThreadedHost host;
  WorkflowGraph graph("inside");
  std::vector<Status> seen;
  ASSERT_TRUE(graph.add_step({.name = "step", .run = [&](StepContext& context) {
                                seen.push_back(
                                    host.scheduler().wait(context.workflow_id()).status());
                                seen.push_back(host.scheduler().close());
                                return Status();
                              }}));
  EXPECT_TRUE(host.run(std::move(graph)).status.ok());
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0], ErrorCode::failed_precondition);
  EXPECT_EQ(seen[1], ErrorCode::failed_precondition);
}

TEST(WorkflowScheduler, ASimulationThatRestsSaysSo) {
  SimulatedHost host;
  WorkflowGraph graph("rests");
  std::optional<StepCompletion> kept;
  ASSERT_TRUE(graph.add_step({.name = "stuck", .run = [&](StepContext&, StepCompletion done) {
                                kept.emplace(std::move(done));
                              }}));
  EXPECT_EQ(host.run(std::move(graph)).status, ErrorCode::failed_precondition);
}

TEST(WorkflowScheduler, CloseCancelsAndRefuses) {
  ThreadedHost host;
  WorkflowGraph graph("open");
  ASSERT_TRUE(graph.add_step({.name = "never", .run = lasting(3600 * s)}));
  auto id = host.scheduler().submit(std::move(graph));
  std::promise<Result<WorkflowReport>> answer;
  host.scheduler().wait(*id, [&](Result<WorkflowReport> r) { answer.set_value(std::move(r)); });
  EXPECT_TRUE(host.scheduler().close().ok());
  EXPECT_EQ(answer.get_future().get()->status, ErrorCode::cancelled);
  EXPECT_EQ(host.scheduler().submit(WorkflowGraph("more")).status(), ErrorCode::closed);
  EXPECT_EQ(host.scheduler().wait(*id).status(), ErrorCode::closed);
  EXPECT_EQ(host.scheduler().cancel(*id), ErrorCode::closed);
  EXPECT_EQ(host.scheduler().resize({.version = 5}), ErrorCode::closed);
  EXPECT_EQ(host.scheduler().optimize_for_collaboration(*id).status(), ErrorCode::closed);
  EXPECT_TRUE(host.scheduler().close().ok());
}

TEST(WorkflowScheduler, APoolClosedFirstLeavesNobodyWaiting) {
  ThreadedHost host;
  WorkflowGraph graph("orphan");
  std::promise<void> waits;
  const auto wait_for_long = [&](StepContext& context, StepCompletion done) {
    auto done_later = [done = std::move(done)]() mutable { done(Status()); };
    EXPECT_TRUE(context.executor().submit_after(3600 * s, std::move(done_later)).has_value());
    waits.set_value();
  };
  StepId before = *graph.add_step({.name = "first", .run = wait_for_long});
  ASSERT_TRUE(graph.add_step({.name = "second", .after = {before}, .run = returning()}));
  auto id = host.scheduler().submit(std::move(graph));
  waits.get_future().wait();
  EXPECT_TRUE(host.pool->close().ok());
  const Result<WorkflowReport> report = host.scheduler().wait(*id);
  ASSERT_TRUE(report.has_value());
  EXPECT_FALSE(report->status.ok());
}

TEST(WorkflowScheduler, KeepsOnlySoManyReports) {
  SimulatedHost host({.reports_kept = 2});
  std::vector<WorkflowId> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(*host.scheduler().submit(WorkflowGraph("w")));
  }
  EXPECT_EQ(host.scheduler().wait(ids[0]).status(), ErrorCode::not_found);
  EXPECT_TRUE(host.scheduler().wait(ids[2]).has_value());
}

TEST(WorkflowScheduler, LetsGoOfWhatStepsCaptured) {
  ThreadedHost host;
  auto held = std::make_shared<int>(0);
  WorkflowGraph graph("captures");
  ASSERT_TRUE(graph.add_step({.name = "step", .run = [held](StepContext&) { return Status(); }}));
  EXPECT_TRUE(host.run(std::move(graph)).status.ok());
  EXPECT_EQ(held.use_count(), 1);
}

TEST(WorkflowScheduler, RefusesBadInput) {
  SimulatedHost host;
  WorkflowScheduler& scheduler = host.scheduler();
  WorkflowGraph cyclic("cyclic");
  ASSERT_TRUE(cyclic.add_step({.name = "a", .after = {{1}}}));
  ASSERT_TRUE(cyclic.add_step({.name = "b", .after = {{0}}}));
  const struct {
    Status status;
    ErrorCode code;
    std::string_view says;
  } cases[] = {
      {scheduler.submit(std::move(cyclic)).status(), ErrorCode::invalid_argument, "a -> b -> a"},
      {scheduler.submit(WorkflowGraph("")).status(), ErrorCode::invalid_argument, "no name"},
      {scheduler.wait(WorkflowId{77}).status(), ErrorCode::not_found, "77"},
      {scheduler.wait(WorkflowId{}).status(), ErrorCode::not_found, "0"},
      {scheduler.cancel(WorkflowId{77}), ErrorCode::not_found, "77"},
      {scheduler.optimize_for_collaboration(WorkflowId{77}).status(), ErrorCode::not_found, "77"},
      {scheduler.resize({.version = 9, .cpu_slots = -1}), ErrorCode::invalid_argument, "cpu_slots"},
      {WorkflowScheduler::create({.reports_kept = 0}, *host.host.memory, host.host.environment)
           .status(),
       ErrorCode::invalid_argument, "reports_kept"},
      {WorkflowScheduler::create({.capacity = {.cpu_slots = -2}}, *host.host.memory,
                                 host.host.environment)
           .status(),
       ErrorCode::invalid_argument, "cpu_slots"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(c.status, c.code) << c.says;
    EXPECT_NE(c.status.message().find(c.says), std::string_view::npos) << c.status.message();
  }
}

}  // namespace
}  // namespace frys
