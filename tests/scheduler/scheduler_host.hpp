// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A scheduler with all it stands on, on threads or in a simulation.

#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "frys/core/simulation.hpp"
#include "frys/memory/manager.hpp"
#include "frys/scheduler/thread_pool.hpp"
#include "frys/scheduler/workflow_scheduler.hpp"

namespace frys::testing {

inline constexpr std::int64_t ms = 1'000'000;
inline constexpr std::int64_t s = 1'000'000'000;

/// Keeps every record, in order of arrival.
struct Recorder final : StepObserver {
  void on_step(const StepRecord& record) noexcept override {
    const std::lock_guard lock(mutex);
    records.push_back(record);
  }
  std::mutex mutex;
  std::vector<StepRecord> records;
};

/// `Host` provides an executor.
struct SchedulerHost {
  SchedulerHost(Executor& executor, SchedulerOptions options) {
    environment.executor = &executor;
    environment.clock = &executor.clock();
    memory.emplace(*TensorMemoryManager::create({.budget_bytes = std::size_t{256} << 20}, {}));
    if (options.observer == nullptr) options.observer = &recorder;
    scheduler = *WorkflowScheduler::create(options, *memory, environment);
  }

  /// Submits and waits.
  WorkflowReport run(WorkflowGraph graph) {
    const Result<WorkflowId> id = scheduler->submit(std::move(graph));
    if (!id) return {.status = id.error()};
    Result<WorkflowReport> report = scheduler->wait(*id);
    return report ? *std::move(report) : WorkflowReport{.status = report.error()};
  }

  Recorder recorder;
  Environment environment;
  std::optional<TensorMemoryManager> memory;
  std::unique_ptr<WorkflowScheduler> scheduler;
};

struct SimulatedHost {
  explicit SimulatedHost(const SchedulerOptions& options = {}) : host(simulation, options) {}
  SimulatedExecutor simulation;
  SchedulerHost host;
  WorkflowScheduler& scheduler() { return *host.scheduler; }
  WorkflowReport run(WorkflowGraph graph) { return host.run(std::move(graph)); }
};

struct ThreadedHost {
  explicit ThreadedHost(std::size_t workers = 2, const SchedulerOptions& options = {})
      : pool(*ThreadPool::create({.workers = workers, .background_workers = 1})),
        host(*pool, options) {}
  ~ThreadedHost() {
    EXPECT_TRUE(host.scheduler->close().ok());
    EXPECT_TRUE(pool->close().ok());
  }
  std::unique_ptr<ThreadPool> pool;
  SchedulerHost host;
  WorkflowScheduler& scheduler() { return *host.scheduler; }
  WorkflowReport run(WorkflowGraph graph) { return host.run(std::move(graph)); }
};

/// Takes `duration_ns` of the executor's time and no worker.
inline StepFunction lasting(std::int64_t duration_ns, Status end = {}) {
  return [duration_ns, end](StepContext& context, StepCompletion done) {
    auto timer = context.executor().submit_after(
        duration_ns, [done = std::move(done), end]() mutable { done(end); });
    EXPECT_TRUE(timer.has_value());
  };
}

inline StepFunction returning(Status status = {}) {
  return [status](StepContext&) { return status; };
}

inline const StepSummary& summary(const WorkflowReport& report, std::string_view name) {
  for (const StepSummary& step : report.steps) {
    if (step.name == name) return step;
  }
  ADD_FAILURE() << "no step " << name;
  static const StepSummary none;
  return none;
}

inline std::vector<std::string> order_of_start(const WorkflowReport& report) {
  std::vector<const StepRecord*> records;
  for (const StepRecord& record : report.records) records.push_back(&record);
  std::stable_sort(records.begin(), records.end(),
                   [](const auto* a, const auto* b) { return a->start_ns < b->start_ns; });
  std::vector<std::string> names;
  for (const StepRecord* record : records) names.push_back(record->step);
  return names;
}

}  // namespace frys::testing
