// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/scheduler/step_context.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "frys/memory/copies.hpp"
#include "frys/tensor/tensor.hpp"
#include "scheduler/scheduler_host.hpp"

namespace frys {
namespace {

using namespace frys::testing;  // NOLINT

TEST(StepContext, TellsTheStepAboutItself) {
  SimulatedHost host;
  WorkflowGraph graph("crew");
  ASSERT_TRUE(graph.add_step({.name = "first"}));
  ASSERT_TRUE(graph.add_step({.name = "read-1",
                              .type = "read",
                              .agent = "reader",
                              .after = {{0}},
                              .request = {.memory_bytes = 4096},
                              .run = [&](StepContext& context) {
                                EXPECT_EQ(context.workflow(), "crew");
                                EXPECT_EQ(context.workflow_id().value, 1U);
                                EXPECT_EQ(context.step(), "read-1");
                                EXPECT_EQ(context.step_id(), StepId{1});
                                EXPECT_EQ(context.type(), "read");
                                EXPECT_EQ(context.agent(), "reader");
                                EXPECT_EQ(context.attempt(), 1);
                                EXPECT_EQ(context.iteration(), 0);
                                EXPECT_EQ(context.given_bytes(), 4096U);
                                EXPECT_EQ(context.dependencies(), std::vector<StepId>{StepId{0}});
                                EXPECT_EQ(context.now_ns(), 0);
                                EXPECT_EQ(&context.executor(), &host.simulation);
                                EXPECT_EQ(context.scope().path(), "kernel/crew-1/reader/read-1");
                                return Status();
                              }}));
  EXPECT_TRUE(host.run(std::move(graph)).status.ok());
}

TEST(StepContext, HandsTensorsOnWithoutACopy) {
  ThreadedHost host;
  WorkflowGraph graph("hand-off");
  const void* produced = nullptr;
  const void* consumed = nullptr;
  const StepId make = *graph.add_step(
      {.name = "make", .agent = "writer", .run = [&](StepContext& context) {
         auto tensor = Tensor::zeros(context.scope(), {100, 4}, DType::f32);
         if (!tensor) return tensor.error();
         produced = tensor->view().data();
         EXPECT_EQ(context.publish("", tensor->view()), ErrorCode::invalid_argument);
         return context.publish("numbers", tensor->view());
       }});
  const StepId use = *graph.add_step(
      {.name = "use", .agent = "critic", .after = {make}, .run = [&](StepContext& context) {
         const auto by_id = context.input(make, "numbers");
         const auto by_name = context.input("make", "numbers");
         if (!by_id || !by_name) return by_id.status();
         consumed = by_id->data();
         EXPECT_EQ(by_name->data(), consumed);
         const Status wrong = context.input(make, "letters").status();
         EXPECT_EQ(wrong, ErrorCode::not_found);
         EXPECT_NE(wrong.message().find("'numbers'"), std::string_view::npos) << wrong.message();
         EXPECT_EQ(context.input("nobody", "x").status(), ErrorCode::not_found);
         EXPECT_EQ(context.input(StepId{9}, "x").status(), ErrorCode::not_found);
         context.note_message("writer", 10, 2);
         return Status();
       }});
  ASSERT_TRUE(graph.add_step({.name = "copy", .after = {use}, .run = [&](StepContext& context) {
                                auto view = context.input(make, "numbers");
                                return contiguous(context.scope(), *view->transpose(0, 1)).status();
                              }}));
  const CopyStats before = copy_stats();
  const WorkflowReport report = host.run(std::move(graph));
  ASSERT_TRUE(report.status.ok()) << report.status.to_string();
  EXPECT_EQ(produced, consumed);
  EXPECT_EQ(copy_stats().copies - before.copies, 1U);  // The one that `copy` made on purpose.
  for (const StepRecord& record : report.records) {
    EXPECT_EQ(record.used.copied_bytes, record.step == "copy" ? 1600U : 0U);
    EXPECT_EQ(record.used.published_bytes, record.step == "make" ? 1600U : 0U);
  }
  const CollaborationGraph& seen = report.collaboration;
  ASSERT_FALSE(seen.edges.empty());
  EXPECT_EQ(seen.edges[0].from, "writer");
  EXPECT_EQ(seen.edges[0].to, "critic");
  EXPECT_EQ(seen.edges[0].bytes, 2U * 1600U);
  EXPECT_EQ(seen.edges[0].messages, 2U);
}

/// The host's release function runs while nothing is locked.
TEST(StepContext, WhatAReplacedViewReleasesMayCallTheScheduler) {
  ThreadedHost host;
  WorkflowGraph graph("release");
  static float number = 0;
  bool released = false;
  ASSERT_TRUE(graph.add_step({.name = "twice", .run = [&](StepContext& context) {
                                auto storage = Storage::wrap(&number, sizeof number, {}, [&] {
                                  released = host.scheduler().cancel(WorkflowId{99}) ==
                                             ErrorCode::not_found;
                                });
                                auto view =
                                    TensorView::from_storage(*std::move(storage), DType::f32, {1});
                                EXPECT_TRUE(context.publish("x", *std::move(view)).ok());
                                return context.publish("x", TensorView());
                              }}));
  EXPECT_TRUE(host.run(std::move(graph)).status.ok());
  EXPECT_TRUE(released);
}

TEST(StepContext, ScopesHoldTheBudgetAndGiveEverythingBack) {
  ThreadedHost host;
  WorkflowGraph graph("budget");
  Storage kept;
  ASSERT_TRUE(graph.add_step(
      {.name = "greedy", .request = {.memory_bytes = 1 << 20}, .run = [&](StepContext& context) {
         kept = *context.scope().allocate(1000);
         return context.scope().allocate(2 << 20).status();
       }}));
  const WorkflowReport report = host.run(std::move(graph));
  EXPECT_EQ(report.status, ErrorCode::budget_exceeded);
  EXPECT_NE(report.status.message().find("kernel/budget-1/greedy/greedy"), std::string_view::npos)
      << report.status.message();
  EXPECT_EQ(report.records[0].used.peak_bytes, 1024U);
  const ScopeStats root = host.host.memory->root().stats();
  EXPECT_EQ(root.children, 0U);
  EXPECT_EQ(root.live_bytes, 1024U);  // What outlived its step is charged further up.
  kept.reset();
  EXPECT_EQ(host.host.memory->root().stats().live_bytes, 0U);
}

TEST(StepContext, AWorkflowGrowsWhileItRuns) {
  ThreadedHost host;
  WorkflowGraph graph("growing");
  std::atomic<int> read{0};
  std::atomic<int> seen_by_join{-1};
  ASSERT_TRUE(graph.add_step(
      {.name = "scout", .run = [&](StepContext& context) {
         std::vector<StepId> readers;
         for (int i = 0; i < 20; ++i) {
           readers.push_back(*context.add_step({.name = "read-" + std::to_string(i),
                                                .type = "read",
                                                .after = {context.step_id()},
                                                .run = [&](StepContext&) {
                                                  ++read;
                                                  return Status();
                                                }}));
         }
         const auto join =
             context.add_step({.name = "join", .after = readers, .run = [&](StepContext& inner) {
                                 EXPECT_EQ(inner.dependencies().size(), 20U);
                                 seen_by_join = read.load();
                                 return Status();
                               }});
         EXPECT_TRUE(join.has_value());
         EXPECT_EQ(context.add_step({.name = "join"}).status(), ErrorCode::invalid_argument);
         EXPECT_EQ(context.add_step({.name = "x", .after = {{99}}}).status(),
                   ErrorCode::invalid_argument);
         EXPECT_EQ(context.add_step({.name = ""}).status(), ErrorCode::invalid_argument);
         return Status();
       }}));
  const WorkflowReport report = host.run(std::move(graph));
  EXPECT_TRUE(report.status.ok()) << report.status.to_string();
  EXPECT_EQ(report.steps.size(), 22U);
  EXPECT_EQ(seen_by_join, 20);
}

TEST(StepContext, AStepAddedBehindAFailureIsCancelled) {
  SimulatedHost host;
  WorkflowGraph graph("behind");
  const StepId bad = *graph.add_step({.name = "bad", .run = returning({ErrorCode::io_error, ""})});
  ASSERT_TRUE(graph.add_step(
      {.name = "later", .run = [&](StepContext& context, StepCompletion done) {
         auto timer = context.executor().submit_after(s, [&, done = std::move(done)]() mutable {
           EXPECT_TRUE(context.add_step({.name = "new", .after = {bad}}));
           done();
         });
         EXPECT_TRUE(timer.has_value());
       }}));
  const WorkflowReport report = host.run(std::move(graph));
  EXPECT_EQ(summary(report, "new").state, StepState::cancelled);
  EXPECT_EQ(summary(report, "later").state, StepState::succeeded);
}

TEST(StepContext, DependenciesCanBeAddedUntilAStepStarts) {
  SimulatedHost host({.capacity = {.cpu_slots = 4}});
  WorkflowGraph graph("linking");
  const StepId first = *graph.add_step({.name = "first", .run = lasting(s)});
  const StepId last = *graph.add_step({.name = "last", .after = {first}, .run = lasting(s)});
  ASSERT_TRUE(graph.add_step(
      {.name = "editor", .run = [&](StepContext& context) {
         const StepId extra =
             *context.add_step({.name = "extra", .after = {first}, .run = lasting(5 * s)});
         const StepId end = *context.add_step({.name = "end", .after = {last}});
         EXPECT_TRUE(context.add_dependency(extra, last).ok());
         EXPECT_TRUE(context.add_dependency(extra, last).ok());
         for (const auto& [before, cycle] :
              std::vector<std::pair<StepId, std::string>>{{end, "extra -> last -> end -> extra"},
                                                          {last, "extra -> last -> extra"},
                                                          {extra, "extra -> extra"}}) {
           const Status refused = context.add_dependency(before, extra);
           EXPECT_EQ(refused, ErrorCode::invalid_argument);
           EXPECT_NE(refused.message().find(cycle), std::string_view::npos) << refused.message();
         }
         EXPECT_EQ(context.add_dependency(extra, first), ErrorCode::failed_precondition);
         EXPECT_EQ(context.add_dependency(StepId{77}, last), ErrorCode::not_found);
         return Status();
       }}));
  const WorkflowReport report = host.run(std::move(graph));
  EXPECT_TRUE(report.status.ok()) << report.status.to_string();
  EXPECT_EQ(report.finished_ns, 7 * s);
}

/// write -> judge loops until the judge is content; publish waits for `write`.
TEST(StepContext, ALoopRunsUntilItsLastStepIsContent) {
  SimulatedHost host;
  WorkflowGraph graph("reflection");
  std::vector<std::string> order;
  const auto note = [&](StepContext& context) {
    order.push_back(std::string(context.step()) + std::to_string(context.iteration()));
  };
  const StepId write = *graph.add_step({.name = "write", .run = [&](StepContext& context) {
                                          note(context);
                                          return Status();
                                        }});
  const StepId judge =
      *graph.add_step({.name = "judge", .after = {write}, .run = [&](auto& context) {
                         note(context);
                         if (context.iteration() < 2) {
                           EXPECT_TRUE(*context.request_iteration());
                         }
                         return Status();
                       }});
  ASSERT_TRUE(graph.add_step({.name = "publish", .after = {write}, .run = [&](auto& context) {
                                note(context);
                                EXPECT_EQ(context.request_iteration().status(),
                                          ErrorCode::failed_precondition);
                                return Status();
                              }}));
  ASSERT_TRUE(graph.add_loop({write, judge, 10}).ok());
  const WorkflowReport report = host.run(std::move(graph));
  EXPECT_TRUE(report.status.ok());
  EXPECT_EQ(order, (std::vector<std::string>{"write0", "judge0", "write1", "judge1", "write2",
                                             "judge2", "publish0"}));
  EXPECT_EQ(summary(report, "judge").iterations, 3);
  EXPECT_EQ(summary(report, "publish").iterations, 1);
}

TEST(StepContext, ALoopStopsAtItsBound) {
  SimulatedHost host;
  WorkflowGraph graph("endless");
  int runs = 0;
  const StepId only = *graph.add_step({.name = "only", .run = [&](StepContext& context) {
                                         ++runs;
                                         EXPECT_EQ(*context.request_iteration(), runs < 4);
                                         return Status();
                                       }});
  ASSERT_TRUE(graph.add_loop({only, only, 4}).ok());
  EXPECT_TRUE(host.run(std::move(graph)).status.ok());
  EXPECT_EQ(runs, 4);
}

TEST(StepContext, LoopsNest) {
  SimulatedHost host;
  WorkflowGraph graph("nested");
  int inner_runs = 0;
  int outer_runs = 0;
  const StepId a = *graph.add_step({.name = "a"});
  const StepId inner = *graph.add_step({.name = "inner", .after = {a}, .run = [&](auto& context) {
                                          ++inner_runs;
                                          return context.request_iteration().status();
                                        }});
  const StepId outer =
      *graph.add_step({.name = "outer", .after = {inner}, .run = [&](auto& context) {
                         ++outer_runs;
                         return context.request_iteration().status();
                       }});
  ASSERT_TRUE(graph.add_loop({inner, inner, 3}).ok());
  ASSERT_TRUE(graph.add_loop({a, outer, 2}).ok());
  const WorkflowReport report = host.run(std::move(graph));
  EXPECT_TRUE(report.status.ok());
  EXPECT_EQ(inner_runs, 6);
  EXPECT_EQ(outer_runs, 2);
}

TEST(StepContext, ABoundedLoopOverAFanOutRestartsAllOfIt) {
  ThreadedHost host(3);
  WorkflowGraph graph("fan");
  std::atomic<int> runs{0};
  const StepId first = *graph.add_step({.name = "first", .run = returning()});
  std::vector<StepId> middle;
  for (int i = 0; i < 8; ++i) {
    middle.push_back(*graph.add_step(
        {.name = "m" + std::to_string(i), .type = "m", .after = {first}, .run = [&](StepContext&) {
           ++runs;
           return Status();
         }}));
  }
  const StepId last = *graph.add_step({.name = "last", .after = middle, .run = [&](auto& context) {
                                         EXPECT_EQ(runs, 8 * (context.iteration() + 1));
                                         return context.request_iteration().status();
                                       }});
  ASSERT_TRUE(graph.add_step({.name = "outside", .after = {middle[3]}, .run = [&](auto&) {
                                EXPECT_EQ(runs, 8 * 20);
                                return Status();
                              }}));
  ASSERT_TRUE(graph.add_loop({first, last, 20}).ok());
  EXPECT_TRUE(host.run(std::move(graph)).status.ok());
  EXPECT_EQ(runs, 8 * 20);
}

TEST(StepContext, RewardsAndReportedUseReachTheRecord) {
  SimulatedHost host;
  WorkflowGraph graph("reward");
  ASSERT_TRUE(graph.add_step({.name = "step", .run = [](StepContext& context) {
                                EXPECT_EQ(context.set_reward(NAN), ErrorCode::invalid_argument);
                                EXPECT_EQ(context.set_reward(INFINITY),
                                          ErrorCode::invalid_argument);
                                EXPECT_TRUE(context.set_reward(0.25).ok());
                                context.report_used({.peak_bytes = 123, .page_faults = 4});
                                return Status();
                              }}));
  const WorkflowReport report = host.run(std::move(graph));
  EXPECT_EQ(report.records[0].reward, 0.25);
  EXPECT_EQ(report.records[0].used.peak_bytes, 123U);
  EXPECT_EQ(report.records[0].used.page_faults, 4U);
}

}  // namespace
}  // namespace frys
