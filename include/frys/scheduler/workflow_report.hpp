// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What a workflow came to, and how the scheduler means to go on with one.
//
//   frys::WorkflowReport report = *scheduler->wait(id);
//   for (const frys::StepRecord& r : report.records) draw(r.agent, r.start_ns, r.end_ns);

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "frys/core/export.hpp"
#include "frys/core/status.hpp"
#include "frys/scheduler/collaboration_detector.hpp"
#include "frys/scheduler/resource_allocator.hpp"
#include "frys/scheduler/step_record.hpp"

namespace frys {

enum class StepState : std::uint8_t { waiting, ready, running, succeeded, failed, cancelled };

/// "waiting", "ready", … as spelled in the enumeration.
FRYS_API std::string_view to_string(StepState state) noexcept;

/// The end of one step.
struct StepSummary {
  StepId id;
  std::string name;
  StepState state = StepState::waiting;
  Status status;       ///< Why it failed or was cancelled.
  int attempts = 0;    ///< Of its last iteration.
  int iterations = 0;  ///< Times it ran in all.
};

/// The end of a workflow. Times are nanoseconds on the executor's clock.
struct WorkflowReport {
  WorkflowId id;
  std::string name;
  Status status;  ///< Success when every step succeeded; else the first failure, or cancelled.
  std::int64_t submitted_ns = 0;
  std::int64_t finished_ns = 0;
  std::vector<StepSummary> steps;    ///< By id.
  std::vector<StepRecord> records;   ///< Every attempt, in order of end.
  CollaborationGraph collaboration;  ///< As the detector saw it at the end.
};

/// What is meant for one step that has not started.
struct StepPlan {
  StepId step_id;
  std::string step;
  std::string agent;
  double urgency_s = 0;   ///< Predicted seconds of work from its start to the workflow's end.
  bool critical = false;  ///< Its delay would delay the end.
  std::size_t predicted_bytes = 0;
  std::size_t budget_bytes = 0;  ///< What it would be given on an idle machine.
  std::int64_t predicted_runtime_ns = 0;
  bool memory_ready = false;  ///< Its memory was made ready ahead.
};

/// What the three minds together make of a workflow.
struct CollaborationPlan {
  WorkflowId workflow_id;
  std::string workflow;
  CollaborationGraph collaboration;
  std::vector<NextAgent> next_agents;  ///< Most likely first.
  std::vector<StepPlan> steps;         ///< Not started yet, most urgent first.
  std::int64_t critical_path_ns = 0;   ///< Predicted, of what is left.
  std::int64_t least_makespan_ns = 0;  ///< max(critical path, work left ÷ slots).
  std::size_t ready_bytes = 0;         ///< Made ready ahead by this call.
  Capacity capacity;                   ///< That it was made for.

  /// {"workflow": …, "critical_path_ns": …, "collaboration": {…}, "steps": […]}.
  [[nodiscard]] std::string to_json() const;
};

}  // namespace frys
