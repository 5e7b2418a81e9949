// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What one attempt at a step came to: the small types that the scheduler, its three minds
// (detector, predictor, allocator) and their observers share. Plain values, copy freely.
//
//   void on_step(const frys::StepRecord& r) noexcept override {
//     log("%s used %zu of %zu bytes", r.step.c_str(), r.used.peak_bytes, r.given_bytes);
//   }

#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "frys/core/export.hpp"
#include "frys/core/status.hpp"

namespace frys {

/// Names a submitted workflow; unique in its scheduler, never used again. 0 is never a workflow.
struct WorkflowId {
  std::uint64_t value = 0;
  friend auto operator<=>(const WorkflowId&, const WorkflowId&) = default;
};

/// Names a step in its workflow: the steps are numbered from 0 in the order they were added.
struct StepId {
  std::uint64_t value = UINT64_MAX;  ///< The default is never a step.
  friend auto operator<=>(const StepId&, const StepId&) = default;
};

/// What a step asks for.
struct ResourceRequest {
  double cpu_slots = 1.0;        ///< Cores held while it runs or waits, ≥ 0; 0 for pure waiting.
  std::size_t memory_bytes = 0;  ///< A hard budget; 0 asks the predictor.
  std::size_t guess_bytes = 0;  ///< The host's estimate while the predictor knows nothing; 0: none.
};

/// What a step was seen to use.
struct ResourceUse {
  std::size_t peak_bytes = 0;       ///< Most live bytes at once, of tensors and scratch.
  std::uint64_t page_faults = 0;    ///< Pages of its scope that faulted at their first use.
  std::size_t copied_bytes = 0;     ///< Tensor bytes copied into its scope.
  std::size_t published_bytes = 0;  ///< Handed on as views.
};

/// How an attempt ended.
enum class StepOutcome : std::uint8_t { success, failure, cancelled, deadline_exceeded };

/// "success", "failure", "cancelled", "deadline_exceeded".
FRYS_API std::string_view to_string(StepOutcome outcome) noexcept;

/// One finished attempt. Times are nanoseconds on the executor's clock.
struct StepRecord {
  WorkflowId workflow_id;
  std::string workflow;  ///< Its name.
  StepId step_id;
  std::string step;       ///< Its name.
  std::string type;       ///< What kind of work; predictions are by type.
  std::string agent;      ///< Who did it.
  std::string situation;  ///< The host's words for what it was faced with; may be empty.
  int attempt = 1;        ///< Counts from 1 in each iteration.
  int iteration = 0;      ///< How often a loop repeated the step; 0 is the first run.
  double input_size = 0;  ///< The host's measure of the input; the predictor's feature.
  double cpu_slots = 0;   ///< Held while it ran.
  std::string_view admitted_because;  ///< Why it was started when it was; static storage.

  std::size_t predicted_bytes = 0;        ///< 0: no prediction was made.
  std::size_t given_bytes = 0;            ///< Held for it while it ran.
  ResourceUse used;                       ///< Measured, or what the step reported.
  std::int64_t predicted_runtime_ns = 0;  ///< 0: no prediction was made.
  std::int64_t runtime_ns = 0;            ///< end_ns - start_ns.

  std::int64_t queued_ns = 0;  ///< When its last dependency ended.
  std::int64_t start_ns = 0;
  std::int64_t end_ns = 0;
  std::int64_t started_wall_ns = 0;  ///< start_ns as time since 1970.

  StepOutcome outcome = StepOutcome::success;
  ErrorCode code = ErrorCode::ok;  ///< Of the step's status.
  std::string reason;              ///< Its message; empty for success.
  double reward = 0;               ///< What the step judged it was worth; 1 or 0 when it did not.
};

}  // namespace frys
