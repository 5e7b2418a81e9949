// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/scheduler/workflow.hpp"

#include <new>

#include "scheduler/graph_shape.hpp"

namespace frys {

Result<StepId> WorkflowGraph::add_step(StepSpec spec) {
  try {
    if (Status checked = detail::check_spec(spec); !checked.ok()) return checked;
    // Room first, so that nothing can throw once the name is taken.
    if (steps_.size() == steps_.capacity()) steps_.reserve(steps_.size() * 2 + 8);
    if (!index_.emplace(spec.name, steps_.size()).second) {
      return Status(ErrorCode::invalid_argument, "workflow '" + name_ + "' has a step '" +
                                                     spec.name +
                                                     "' already; give each step a name of its own");
    }
    steps_.push_back(std::move(spec));
    return StepId{steps_.size() - 1};
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

Status WorkflowGraph::add_loop(LoopSpec loop) {
  if (loop.max_iterations < 1) {
    return Status(
        ErrorCode::invalid_argument,
        "a loop's max_iterations is " + std::to_string(loop.max_iterations) + "; give at least 1");
  }
  try {
    loops_.push_back(loop);
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
  return {};
}

Status WorkflowGraph::validate() const {
  try {
    if (name_.empty()) {
      return Status(ErrorCode::invalid_argument,
                    "a workflow has no name; experience is kept by it");
    }
    detail::GraphShape shape;
    return detail::derive_shape(steps_, loops_, &shape);
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

}  // namespace frys
