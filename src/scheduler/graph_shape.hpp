// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Who waits for whom, as plain lists of numbers: cycles, and the bodies of loops.

#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "frys/core/function.hpp"
#include "frys/core/status.hpp"
#include "frys/scheduler/workflow.hpp"

namespace frys::detail {

using Links = std::vector<std::vector<std::size_t>>;
/// Says the successors of a node, wherever they are kept.
using SuccessorsOf = FunctionRef<const std::vector<std::size_t>&(std::size_t)>;

/// The reverse of `links`. Cost: O(nodes + links).
Links reversed(const Links& links);

/// A cycle as nodes in order, without the first one repeated at the end; empty when there is none.
/// Cost: O(nodes + links), no recursion.
std::vector<std::size_t> find_cycle(const Links& successors);

/// A path from `from` to `to` as nodes, both included; empty when there is none. No recursion.
/// Cost: O(nodes and links that `from` reaches), whatever the size of the rest.
std::vector<std::size_t> find_path(SuccessorsOf successors, std::size_t from, std::size_t to);

/// What `frys::b_levels` promises, of successors that exist.
std::vector<double> b_levels(SuccessorsOf successors, const std::vector<double>& seconds);

/// Every node on a path from `first` to `last`, both included, ascending; empty when there is no
/// path. Cost: O(nodes + links).
std::vector<std::size_t> between(const Links& successors, const Links& predecessors,
                                 std::size_t first, std::size_t last);

/// "a -> b -> a".
std::string describe_cycle(const std::vector<std::size_t>& cycle,
                           const std::function<std::string_view(std::size_t)>& name);

/// What each step waits for, duplicates dropped, and with what follows from loops: who waits for a
/// step of a loop from outside waits for its last step too.
struct GraphShape {
  Links after;
  Links successors;
};

/// Checks a graph and derives its shape. Errors: as `WorkflowGraph::validate`.
Status derive_shape(const std::vector<StepSpec>& steps, const std::vector<LoopSpec>& loops,
                    GraphShape* shape);

/// What `WorkflowGraph::add_step` checks of a step alone; fills `type` and `agent` in.
Status check_spec(StepSpec& spec);

}  // namespace frys::detail
