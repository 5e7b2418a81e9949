// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// How steps are predicted, ordered and planned for; all of it in simulated time.

#include <gtest/gtest.h>

#include <future>

#include "frys/core/random.hpp"
#include "scheduler/scheduler_host.hpp"
#include "support/red_zones.hpp"

namespace frys {
namespace {

using namespace frys::testing;  // NOLINT

/// Remembers for every type what it was told.
struct TableAdvisor final : ExperienceAdvisor {
  Result<std::vector<PastStep>> recall(const StepQuery& query) override {
    ++asked;
    if (query.type == "angry") throw 1;
    if (query.type == "broken") return Status(ErrorCode::corruption, "no index");
    std::vector<PastStep> past;
    for (const auto& [type, runtime_ns, bytes] : table) {
      if (type == query.type) {
        past.assign(8, {.similarity = 1, .used = {.peak_bytes = bytes}, .runtime_ns = runtime_ns});
      }
    }
    return past;
  }
  std::vector<std::tuple<std::string, std::int64_t, std::size_t>> table;
  int asked = 0;
};

WorkflowGraph two_chains() {
  // Short steps come first by id; the long chain decides the makespan.
  WorkflowGraph graph("chains");
  for (int i = 0; i < 6; ++i) {
    EXPECT_TRUE(
        graph.add_step({.name = "short" + std::to_string(i), .type = "short", .run = lasting(s)}));
  }
  StepId before = *graph.add_step({.name = "long0", .type = "long", .run = lasting(3 * s)});
  EXPECT_TRUE(
      graph.add_step({.name = "long1", .type = "long", .after = {before}, .run = lasting(3 * s)}));
  return graph;
}

std::int64_t start_of(const WorkflowReport& report, std::string_view step) {
  for (const StepRecord& record : report.records) {
    if (record.step == step) return record.start_ns;
  }
  return -1;
}

TEST(EnginePlan, TheCriticalPathGoesFirst) {
  TableAdvisor advisor;
  advisor.table = {{"short", s, 1 << 20}, {"long", 3 * s, 1 << 20}};
  SimulatedHost organized({.capacity = {.cpu_slots = 2}, .advisor = &advisor});
  const WorkflowReport ours = organized.run(two_chains());
  EXPECT_EQ(start_of(ours, "long0"), 0);
  EXPECT_EQ(ours.finished_ns, 6 * s);  // max(critical path 6 s, work 12 s / 2)
  EXPECT_EQ(advisor.asked, 2);         // Once a type, not once a step.

  SimulatedHost fifo({.capacity = {.cpu_slots = 2},
                      .allocator = {.policy = AdmissionPolicy::fifo},
                      .advisor = &advisor});
  const WorkflowReport baseline = fifo.run(two_chains());
  EXPECT_EQ(start_of(baseline, "long0"), 3 * s);
  EXPECT_EQ(baseline.finished_ns, 9 * s);
}

TEST(EnginePlan, AnAdvisorThatFailsIsNoFailure) {
  TableAdvisor advisor;
  SimulatedHost host({.advisor = &advisor});
  WorkflowGraph graph("unlucky");
  ASSERT_TRUE(graph.add_step({.name = "a", .type = "angry", .run = returning()}));
  ASSERT_TRUE(graph.add_step({.name = "b", .type = "broken", .run = returning()}));
  EXPECT_TRUE(host.run(std::move(graph)).status.ok());
}

TEST(EnginePlan, LearnsWhileItRuns) {
  SimulatedHost host;
  for (int round = 0; round < 3; ++round) {
    WorkflowGraph graph("learning");
    ASSERT_TRUE(
        graph.add_step({.name = "embed", .run = [](StepContext& context, StepCompletion done) {
                          context.report_used({.peak_bytes = 50 << 20});
                          auto timer = context.executor().submit_after(
                              7 * s, [done = std::move(done)]() mutable { done(); });
                          ASSERT_TRUE(timer.has_value());
                        }}));
    const WorkflowReport report = host.run(std::move(graph));
    const StepRecord& record = report.records.at(0);
    EXPECT_EQ(record.runtime_ns, 7 * s);
    if (round > 0) {
      EXPECT_EQ(record.predicted_runtime_ns, 7 * s);
      EXPECT_NEAR(double(record.predicted_bytes), double(50 << 20), double(10 << 20));
      EXPECT_GE(record.given_bytes, record.predicted_bytes);
    }
  }
}

TEST(EnginePlan, MemoryIsMadeReadyOnceItIsKnown) {
  ThreadedHost host(1);
  std::vector<std::uint64_t> faults;
  for (int round = 0; round < 2; ++round) {
    WorkflowGraph graph("ready");
    ASSERT_TRUE(graph.add_step({.name = "embed", .run = [](StepContext& context) {
                                  return context.scope().allocate(8 << 20).status();
                                }}));
    const WorkflowReport report = host.run(std::move(graph));
    ASSERT_TRUE(report.status.ok());
    faults.push_back(report.records.at(0).used.page_faults);
    host.host.memory->trim();
  }
  EXPECT_GT(faults[0], 0U);
  EXPECT_EQ(faults[1], 0U);
}

TEST(EnginePlan, APredictedBudgetIsSoftUnlessAskedFor) {
  for (const bool enforce : {false, true}) {
    ThreadedHost host(1, {.enforce_predictions = enforce});
    Status last;
    for (const std::size_t bytes : {1 << 20, 1 << 20, 1 << 20, 64 << 20}) {
      WorkflowGraph graph("soft");
      ASSERT_TRUE(graph.add_step({.name = "grows", .run = [bytes](StepContext& context) {
                                    return context.scope().allocate(bytes).status();
                                  }}));
      last = host.run(std::move(graph)).status;
    }
    EXPECT_EQ(last.code(), enforce ? ErrorCode::budget_exceeded : ErrorCode::ok);
  }
}

TEST(EnginePlan, AnAttemptThatRanOutOfMemoryGetsMore) {
  SimulatedHost host;
  WorkflowGraph graph("more");
  std::vector<std::size_t> given;
  ASSERT_TRUE(graph.add_step({.name = "big",
                              .request = {.guess_bytes = 1 << 20},
                              .max_attempts = 10,
                              .run = [&](StepContext& context) {
                                given.push_back(context.given_bytes());
                                context.report_used({.peak_bytes = context.given_bytes()});
                                return context.given_bytes() < (5 << 20)
                                           ? Status(ErrorCode::budget_exceeded, "more")
                                           : Status();
                              }}));
  const WorkflowReport report = host.run(std::move(graph));
  EXPECT_TRUE(report.status.ok());
  ASSERT_EQ(given.size(), 4U);
  for (std::size_t i = 1; i < given.size(); ++i) EXPECT_GE(given[i], 2 * given[i - 1]);
}

TEST(EnginePlan, OptimizingPlansWhatIsLeft) {
  TableAdvisor advisor;
  advisor.table = {{"short", s, 1 << 20}, {"long", 3 * s, 4 << 20}};
  ThreadedHost host(2, {.capacity = {.cpu_slots = 2, .memory_bytes = 200 << 20},
                        .advisor = &advisor,
                        .ready_ahead = false});
  WorkflowGraph graph("plan");
  std::promise<void> release;
  const auto gate = release.get_future().share();
  std::atomic<int> ready_faults{-1};
  const StepId head = *graph.add_step({.name = "head", .run = [gate](StepContext&) {
                                         gate.wait();
                                         return Status();
                                       }});
  const StepId mid = *graph.add_step({.name = "mid",
                                      .type = "long",
                                      .agent = "critic",
                                      .after = {head},
                                      .run = [&](auto& context) {
                                        auto block = context.scope().allocate(3 << 20);
                                        ready_faults =
                                            int(context.scope().stats().first_touch_pages);
                                        return block.status();
                                      }});
  ASSERT_TRUE(graph.add_step({.name = "tail", .type = "long", .after = {mid}, .run = returning()}));
  ASSERT_TRUE(
      graph.add_step({.name = "side", .type = "short", .after = {head}, .run = returning()}));
  auto id = host.scheduler().submit(std::move(graph));
  std::promise<Result<CollaborationPlan>> answer;
  host.scheduler().optimize_for_collaboration(
      *id, [&](Result<CollaborationPlan> plan) { answer.set_value(std::move(plan)); });
  const Result<CollaborationPlan> plan = answer.get_future().get();
  ASSERT_TRUE(plan.has_value()) << plan.error().to_string();
  EXPECT_EQ(plan->workflow, "plan");
  EXPECT_EQ(plan->capacity.cpu_slots, 2);
  ASSERT_GE(plan->steps.size(), 3U);
  const auto find = [&](std::string_view name) -> const StepPlan& {
    return *std::find_if(plan->steps.begin(), plan->steps.end(),
                         [&](const StepPlan& step) { return step.step == name; });
  };
  EXPECT_TRUE(find("mid").critical);
  EXPECT_TRUE(find("tail").critical);
  EXPECT_FALSE(find("side").critical);
  EXPECT_DOUBLE_EQ(find("mid").urgency_s, 6);
  EXPECT_TRUE(find("mid").memory_ready);
  EXPECT_FALSE(find("tail").memory_ready);  // Not next.
  EXPECT_GE(plan->ready_bytes, std::size_t{4} << 20);
  EXPECT_GE(plan->critical_path_ns, 6 * s);
  EXPECT_NE(plan->to_json().find("\"critical\":true"), std::string::npos);
  release.set_value();
  EXPECT_TRUE(host.scheduler().wait(*id)->status.ok());
  EXPECT_EQ(ready_faults, 0);
  const auto after = host.scheduler().optimize_for_collaboration(*id);
  ASSERT_TRUE(after.has_value());
  EXPECT_TRUE(after->steps.empty());
}

/// How many system calls the memory costs between a head's end and what follows it, once that is
/// known. The head goes on for as long as background work that came before it.
std::uint64_t calls_before_follower(bool ahead) {
  ThreadedHost host(1, {.ready_ahead = ahead});
  std::uint64_t calls = 0;
  for (int round = 0; round < 2; ++round) {
    host.host.memory->trim();
    WorkflowGraph graph("ahead");
    const StepId head = *graph.add_step(
        {.name = "head", .run = [&](StepContext& context) {
           std::promise<void> done;
           EXPECT_TRUE(
               context.executor().submit([&] { done.set_value(); }, TaskClass::background).ok());
           done.get_future().wait();
           calls = host.host.memory->pool_stats().system_calls;
           return Status();
         }});
    EXPECT_TRUE(
        graph.add_step({.name = "follow", .after = {head}, .run = [&](StepContext& context) {
                          calls = host.host.memory->pool_stats().system_calls - calls;
                          return context.scope().allocate(testing::filling(32 << 20)).status();
                        }}));
    const WorkflowReport report = host.run(std::move(graph));
    EXPECT_TRUE(report.status.ok());
    EXPECT_EQ(report.records.at(1).used.page_faults, round == 0 ? 8192U : 0U);
  }
  return calls;
}

TEST(EnginePlan, WhatFollowsIsMadeReadyWhileItsPredecessorRuns) {
  EXPECT_EQ(calls_before_follower(true), 0U);
  EXPECT_GT(calls_before_follower(false), 0U);
}

TEST(EnginePlan, AStepThatStartsBeforeItsMemoryIsReadyDoesNotWait) {
  const auto schedule = [] {
    SimulatedHost host;
    std::string text;
    for (int round = 0; round < 3; ++round) {
      host.host.memory->trim();
      WorkflowGraph graph("hasty");
      // Both end at once, and the simulation runs background work behind foreground work.
      const StepId head = *graph.add_step({.name = "head", .run = returning()});
      EXPECT_TRUE(
          graph.add_step({.name = "follow", .after = {head}, .run = [](auto& context) {
                            return context.scope().allocate(testing::filling(4 << 20)).status();
                          }}));
      const WorkflowReport report = host.run(std::move(graph));
      EXPECT_TRUE(report.status.ok()) << report.status.to_string();
      for (const StepRecord& record : report.records) {
        text += record.step + " " + std::to_string(record.start_ns) + " " +
                std::to_string(record.used.page_faults) + "\n";
      }
      host.simulation.run();
      EXPECT_EQ(host.host.memory->root().stats().live_bytes, 0U);
    }
    return text;
  };
  const std::string first = schedule();
  EXPECT_NE(first.find("follow 0 1024\n"), std::string::npos) << first;
  EXPECT_EQ(first, schedule());
}

/// The same graph, the same seed: the same schedule, step by step.
TEST(EnginePlan, ASimulationRepeatsExactly) {
  const auto schedule = [] {
    SimulatedHost host({.capacity = {.cpu_slots = 5, .memory_bytes = 400 << 20}});
    SeededRandom random(11);
    WorkflowGraph graph("random");
    for (std::size_t i = 0; i < 400; ++i) {
      std::vector<StepId> after;
      for (int j = 0; j < 3 && i > 0; ++j) {
        if (random.next_below(3) != 0) after.push_back({random.next_below(i)});
      }
      const auto type = random.next_below(7);
      const bool fails = random.next_below(40) == 0;
      const auto time = std::int64_t(1 + random.next_below(980)) * ms;
      const std::size_t peak = std::size_t(1 + type) << 20;
      EXPECT_TRUE(
          graph.add_step({.name = std::to_string(i),
                          .type = std::to_string(type),
                          .after = std::move(after),
                          .deadline_ns = 990 * ms,
                          .max_attempts = 2,
                          .run = [time, fails, peak](StepContext& context, StepCompletion done) {
                            context.report_used({.peak_bytes = peak});
                            const Status end = fails && context.attempt() == 1
                                                   ? Status(ErrorCode::unavailable, "flaky")
                                                   : Status();
                            auto timer = context.executor().submit_after(
                                time, [end, done = std::move(done)]() mutable { done(end); });
                            ASSERT_TRUE(timer.has_value());
                          }}));
    }
    const WorkflowReport report = host.run(std::move(graph));
    std::string text;
    for (const StepRecord& r : report.records) {
      text += r.step + " " + std::to_string(r.start_ns) + " " + std::to_string(r.end_ns) + " " +
              std::to_string(r.given_bytes) + " " + std::string(to_string(r.outcome)) + "\n";
    }
    return text;
  };
  const std::string first = schedule();
  EXPECT_GT(first.size(), 5'000U);
  EXPECT_EQ(first, schedule());
}

}  // namespace
}  // namespace frys
