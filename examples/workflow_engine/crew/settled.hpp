// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What the critic leaves for later runs: the centres it accepted, kept as an experience and found
// again by likeness of the situation.

#pragma once

#include <optional>
#include <string>

#include "crew/state.hpp"

namespace crew {

struct Settled {
  frys::TensorView centres;  ///< f32 [clusters, dimension], in the experience's own bytes.
  double agreement = 0;
};

/// What the clusterer is faced with, in words.
std::string clustering_situation(const CrewState& state);

/// The centres that the most alike earlier run settled on; none when there is no such run, or it
/// is not alike, or its vectors are of another kind.
std::optional<Settled> recall_settled(CrewState& state);

/// Keeps the centres of the best round. Throws StepError.
void remember_settled(CrewState& state);

}  // namespace crew
