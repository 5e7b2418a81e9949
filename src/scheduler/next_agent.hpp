// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Who acts next: a few experts look at the turns so far, and each counts for as much as it has
// been right before.

#pragma once

#include <cstdint>
#include <vector>

#include "scheduler/hand_off_graph.hpp"

namespace frys::detail {

/// Replays `moves` (in order; consecutive moves of one agent are one turn) and returns a
/// probability for every agent to act next. Empty without moves.
/// Cost: O(moves · experts + agents).
std::vector<double> next_agent_probabilities(const std::vector<Move>& moves, std::size_t agents);

}  // namespace frys::detail
