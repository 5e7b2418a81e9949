// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Runs workflows and organises itself around how their agents collaborate. Every step is
// predicted, admitted against the capacity, given memory of its own, run, and learned from.
// Not for work without structure: submit that to the executor.
//
//   auto scheduler = frys::WorkflowScheduler::create({}, memory, environment);
//   frys::WorkflowId id = *(*scheduler)->submit(std::move(graph));
//   frys::WorkflowReport report = *(*scheduler)->wait(id);

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "frys/core/environment.hpp"
#include "frys/core/export.hpp"
#include "frys/core/function.hpp"
#include "frys/core/result.hpp"
#include "frys/memory/manager.hpp"
#include "frys/scheduler/advisor.hpp"
#include "frys/scheduler/collaboration_detector.hpp"
#include "frys/scheduler/load_predictor.hpp"
#include "frys/scheduler/observer.hpp"
#include "frys/scheduler/resource_allocator.hpp"
#include "frys/scheduler/step_context.hpp"
#include "frys/scheduler/workflow.hpp"
#include "frys/scheduler/workflow_report.hpp"

namespace frys {

struct SchedulerOptions {
  /// Handed out to steps. The default means the executor's `concurrency()` and the budget of the
  /// memory manager's root.
  Capacity capacity = {.version = 1, .cpu_slots = 0, .memory_bytes = 0};
  /// Its `policy` orders the steps: `organized` (critical path first, gaps filled) or `fifo`.
  ResourceAllocatorOptions allocator;
  LoadPredictorOptions predictor;
  CollaborationDetectorOptions detector;
  /// Borrowed, may be null; must outlive the scheduler.
  ExperienceAdvisor* advisor = nullptr;
  StepObserver* observer = nullptr;
  /// Makes a step's scope refuse more than was predicted. By default only a budget that the host
  /// asked for is hard; a predicted one is held free for the step and may be overrun.
  bool enforce_predictions = false;
  /// Commits the predicted bytes before the step starts. Off for simulations, where steps only
  /// say what they use.
  bool ready_memory = true;
  /// With `ready_memory`: when a step starts, commits the predicted bytes of those that follow once
  /// nothing but running steps is before them, as background work and within the memory that is
  /// free. One that starts before its own are ready takes what is there and does not wait.
  bool ready_ahead = true;
  /// Finished workflows whose report is kept for `wait`; ≥ 1. Older ones become not_found.
  std::size_t reports_kept = 64;
};

/// Threads: safe, every member, also from inside steps where it does not wait. One lock guards
/// the graphs; steps, the advisor and the observer run outside it.
class FRYS_API WorkflowScheduler {
 public:
  /// `environment.executor` runs the steps and its clock tells the time; an `InlineExecutor` runs
  /// them inside `submit`. `memory` and all of `environment` must outlive the scheduler.
  /// Errors: invalid_argument (an option out of range).
  static Result<std::unique_ptr<WorkflowScheduler>> create(const SchedulerOptions& options,
                                                           TensorMemoryManager& memory,
                                                           const Environment& environment);
  ~WorkflowScheduler();  ///< Closes.
  WorkflowScheduler(const WorkflowScheduler&) = delete;
  WorkflowScheduler& operator=(const WorkflowScheduler&) = delete;

  /// Takes the graph over and starts what waits for nothing. An empty graph finishes at once.
  /// Errors: invalid_argument (as `WorkflowGraph::validate`); closed; out_of_memory.
  /// Cost: O(steps + dependencies), and the advisor's answers for types that are not known yet.
  Result<WorkflowId> submit(WorkflowGraph graph);

  /// Waits until the workflow has ended. May be called again while the report is kept. On a
  /// `SimulatedExecutor` it runs the simulation.
  /// Errors: not_found; failed_precondition (called on a worker, or the simulation has come to
  /// rest with the workflow unfinished); closed (the scheduler closed before it ended).
  Result<WorkflowReport> wait(WorkflowId id);
  /// The same, without holding a thread: `done` is called once, on the executor, or here when the
  /// executor is closed or memory ran out. What it throws is logged and goes no further.
  void wait(WorkflowId id, UniqueFunction<void(Result<WorkflowReport>)> done);

  /// Cancels what has not started, asks what runs to stop, and ends the workflow once no step's
  /// function is on a worker; completions that are still out are ignored when they come.
  /// Errors: not_found. A finished workflow: success, nothing happens.
  Status cancel(WorkflowId id);

  /// Looks at how the agents collaborate so far, predicts what is left, and applies what follows:
  /// the order of steps, their budgets, and memory made ready for those that are next.
  /// Errors: not_found, closed. Cost: O(steps + dependencies + agents²).
  Result<CollaborationPlan> optimize_for_collaboration(WorkflowId id);
  /// The same as background work; `done` is called once, on the executor.
  void optimize_for_collaboration(WorkflowId id,
                                  UniqueFunction<void(Result<CollaborationPlan>)> done);

  /// Replaces the capacity; its version must grow. Errors: as `ResourceAllocator::resize`.
  Status resize(const Capacity& capacity);

  /// Cancels every workflow, waits until no step's function is on a worker, and reports what is
  /// left as cancelled. Later calls give `closed`. Errors: failed_precondition (on a worker).
  Status close() noexcept;

  /// The minds at work; they live as long as the scheduler.
  [[nodiscard]] const CollaborationDetector& detector() const noexcept;
  [[nodiscard]] const LoadPredictor& predictor() const noexcept;
  [[nodiscard]] AllocatorSnapshot allocator() const noexcept;

 private:
  struct Impl;
  explicit WorkflowScheduler(std::shared_ptr<Impl> impl) noexcept;
  std::shared_ptr<Impl> impl_;
};

}  // namespace frys
