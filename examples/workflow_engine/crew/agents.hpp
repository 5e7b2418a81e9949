// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The agents: each function makes the step that one of them does. Steps made while the workflow
// runs are added by the step before them: the scout adds readers, a reader its embedder, the
// librarian the analysts.

#pragma once

#include <cstddef>
#include <memory>

#include "crew/state.hpp"

namespace crew {

using SharedState = std::shared_ptr<CrewState>;

/// Lists the folder's files and deals them to readers.
frys::StepSpec scout_step(const SharedState& state);
/// Reads the files of a batch and cuts them into passages.
frys::StepSpec reader_step(const SharedState& state, std::size_t batch);
/// Turns the passages of a batch into vectors.
frys::StepSpec embedder_step(const SharedState& state, std::size_t batch);
/// Takes all vectors together, removes what they have in common, and deals them to analysts.
frys::StepSpec librarian_step(const SharedState& state, double input_size);
/// Compares the passages of a block with all others, and keeps the nearest of each.
frys::StepSpec analyst_step(const SharedState& state, std::size_t block);
/// Divides the passages into clusters, and again, as the critic asks.
frys::StepSpec clusterer_step(const SharedState& state);
/// Judges the clusters; sends weak ones back.
frys::StepSpec critic_step(const SharedState& state);
/// Looks for the passages that answer a question.
frys::StepSpec search_step(const SharedState& state, std::size_t question);
/// Writes down the clusters, with key terms, and the near-duplicate passages.
frys::StepSpec reporter_step(const SharedState& state);

/// Names of the steps that others refer to.
inline constexpr const char* scout_name = "scout";
inline constexpr const char* librarian_name = "centre";
inline constexpr const char* clusterer_name = "cluster";
inline constexpr const char* critic_name = "critique";
inline constexpr const char* reporter_name = "report";

/// A step's function: `body(state, context, part)`, whose StepError becomes the step's status.
using StepBody = void (*)(const SharedState& state, frys::StepContext& context, std::size_t part);
frys::StepFunction run_step(const SharedState& state, StepBody body, std::size_t part = 0);

/// The whole crew before it starts; it grows as it learns what there is to do.
frys::Result<frys::WorkflowGraph> crew_graph(const SharedState& state);

}  // namespace crew
