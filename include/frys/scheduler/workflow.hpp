// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A graph of steps before it is submitted: what waits for what, and which parts repeat.
//
//   frys::WorkflowGraph graph("crew");
//   frys::StepId read = *graph.add_step({.name = "read", .run = read_files});
//   frys::StepId judge = *graph.add_step({.name = "judge", .after = {read}, .run = judge_files});
//   frys::Status ok = graph.add_loop({.first = read, .last = judge, .max_iterations = 5});

#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "frys/core/export.hpp"
#include "frys/core/result.hpp"
#include "frys/scheduler/step.hpp"

namespace frys {

namespace detail {
class Engine;
}

/// A part of the graph that may run again: `first`, `last` and every step on a path between them.
/// It repeats when `last` succeeds after `StepContext::request_iteration()`; a step outside that
/// waits for any step of the loop waits until it has ended.
struct LoopSpec {
  StepId first;
  StepId last;
  int max_iterations = 1;  ///< ≥ 1; in all, the first included.
};

/// A growing list of steps and loops. Threads: not safe; submitting takes it over.
class FRYS_API WorkflowGraph {
 public:
  /// `name` should be the same for every run of the same work: experience is kept by it.
  explicit WorkflowGraph(std::string name) : name_(std::move(name)) {}

  /// Adds a step; its id is the number of steps before it. `after` may name steps still to come.
  /// Errors: invalid_argument (no or a repeated name, a negative or non-finite number,
  /// max_attempts < 1). Cost: O(length of the name and of `after`).
  Result<StepId> add_step(StepSpec spec);

  /// Lets `loop.first` … `loop.last` repeat. Loops may nest or be apart, not overlap.
  /// Errors: invalid_argument (max_iterations < 1). Whether the steps exist and `last` comes after
  /// `first` is checked by submit.
  Status add_loop(LoopSpec loop);

  /// Checks what submit would: every dependency exists, nothing waits for itself, loops are sound.
  /// Errors: invalid_argument (names the missing step, or the cycle as "a -> b -> a").
  /// Cost: O(steps + dependencies).
  [[nodiscard]] Status validate() const;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::size_t size() const noexcept { return steps_.size(); }
  [[nodiscard]] const std::vector<StepSpec>& steps() const noexcept { return steps_; }
  [[nodiscard]] const std::vector<LoopSpec>& loops() const noexcept { return loops_; }

 private:
  friend class detail::Engine;
  std::string name_;
  std::vector<StepSpec> steps_;
  std::vector<LoopSpec> loops_;
  std::unordered_map<std::string, std::size_t> index_;  // By name.
};

}  // namespace frys
