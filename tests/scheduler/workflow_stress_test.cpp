// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Many workflows of every kind of step at once, with cancelling and closing in between.

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

#include "frys/core/random.hpp"
#include "scheduler/scheduler_host.hpp"

namespace frys {
namespace {

using namespace frys::testing;  // NOLINT

StepFunction some_function(std::uint64_t kind, std::atomic<int>& runs) {
  switch (kind % 7) {
    case 0:
      return lasting(100'000);
    case 1:
      return [&runs](StepContext& context) -> StepCoroutine {
        ++runs;
        static_cast<void>(co_await context.sleep(50'000));
        co_return context.token().is_cancelled() ? Status(ErrorCode::cancelled, "") : Status();
      };
    case 2:
      return [&runs](StepContext& context) {
        ++runs;
        auto block = context.scope().allocate(10'000);
        return block.status();
      };
    case 3:
      return [&runs](StepContext& context) {
        for (int i = 0; i < 3; ++i) {
          auto added =
              context.add_step({.name = std::string(context.step()) + "." +
                                        std::to_string(context.attempt()) + std::to_string(i),
                                .type = "grown",
                                .after = {context.step_id()},
                                .run = [&runs](StepContext&) {
                                  ++runs;
                                  return Status();
                                }});
          if (!added) return added.error();
        }
        return Status();
      };
    case 4:
      return [](StepContext& context) -> Status {
        if (context.attempt() == 1) throw std::runtime_error("first time unlucky");
        return {};
      };
    case 5:
      return [](StepContext&, StepCompletion done) {
        std::thread([done = std::move(done)]() mutable { done(); }).detach();
      };
    default:
      return {};
  }
}

WorkflowGraph random_graph(std::uint64_t seed, std::atomic<int>& runs, std::int64_t deadline_ns) {
  SeededRandom random(seed);
  WorkflowGraph graph("stress");
  for (std::size_t i = 0; i < 40; ++i) {
    std::vector<StepId> after;
    if (i > 0 && random.next_below(4) != 0) after.push_back({random.next_below(i)});
    const std::uint64_t kind = random.next_below(7);
    EXPECT_TRUE(graph.add_step({.name = std::to_string(i),
                                .type = std::to_string(kind),
                                .after = std::move(after),
                                .deadline_ns = random.next_below(5) == 0 ? deadline_ns : 0,
                                .max_attempts = 2,
                                .run = some_function(kind, runs)}));
  }
  return graph;
}

TEST(WorkflowStress, EverythingAtOnce) {
  ThreadedHost host(4, {.capacity = {.cpu_slots = 16}});
  std::atomic<int> runs{0};
  std::vector<std::thread> hosts;
  for (std::uint64_t t = 0; t < 3; ++t) {
    hosts.emplace_back([&, t] {
      for (std::uint64_t i = 0; i < 10; ++i) {
        // Deadlines that are missed now and then, or timers that are armed and taken back.
        const bool in_time = i % 2 == 0;
        auto id =
            host.scheduler().submit(random_graph(t * 100 + i, runs, in_time ? 600 * s : 200'000));
        ASSERT_TRUE(id.has_value()) << id.error().to_string();
        if (i % 3 == 1) {
          EXPECT_TRUE(host.scheduler().cancel(*id).ok());
        }
        if (i % 2 == 0) {
          EXPECT_TRUE(host.scheduler().optimize_for_collaboration(*id).has_value());
        }
        const Result<WorkflowReport> report = host.scheduler().wait(*id);
        ASSERT_TRUE(report.has_value());
        for (const StepSummary& step : report->steps) {
          EXPECT_TRUE(step.state == StepState::succeeded || step.state == StepState::failed ||
                      step.state == StepState::cancelled);
        }
        if (i % 3 != 1 && in_time) {
          EXPECT_TRUE(report->status.ok()) << report->status.to_string();
        }
      }
    });
  }
  for (std::thread& thread : hosts) thread.join();
  EXPECT_GT(runs, 0);
  EXPECT_EQ(host.scheduler().allocator().running, 0U);
  EXPECT_EQ(host.scheduler().allocator().waiting, 0U);
}

TEST(WorkflowStress, ClosesUnderLoad) {
  for (std::uint64_t round = 0; round < 10; ++round) {
    std::atomic<int> runs{0};
    ThreadedHost host(3);
    std::vector<WorkflowId> ids;
    std::atomic<int> answers{0};
    for (std::uint64_t i = 0; i < 4; ++i) {
      ids.push_back(*host.scheduler().submit(random_graph(round * 10 + i, runs, 20 * ms)));
      host.scheduler().wait(ids.back(), [&](Result<WorkflowReport> report) {
        EXPECT_TRUE(report.has_value());
        ++answers;
      });
    }
    EXPECT_TRUE(host.scheduler().close().ok());
    EXPECT_TRUE(host.pool->close().ok());
    EXPECT_EQ(answers, 4);
  }
}

}  // namespace
}  // namespace frys
