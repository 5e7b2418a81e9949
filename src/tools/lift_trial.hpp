// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Asks an experience store, and simpler predictors, about steps of tasks that they never saw.
//
// For each fold a store is made of the steps of all other folds, and every predictor is asked about
// each step of the fold; all of them choose among the same training steps, those of the step's
// workflow.
//
// Reward: what will this action earn here? Of the training steps with the same type of action, k
// are chosen; the answer is the mean of what they earned, each weighing what it scored. (A nearest
// neighbour estimate, as in Nadaraya, "On Estimating Regression", 1964.)
// Next: which type of action does a step of a successful run take here? k training steps are
// chosen; the types that they took are proposed, the one whose steps weigh the most together
// first, of equal ones the one met first.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "frys/core/result.hpp"
#include "tools/lift_plan.hpp"

namespace frys::tools {

/// Who answers, and how its k training steps are chosen.
enum class Predictor : std::uint8_t {
  reward_aware,  ///< find_similar with its outcome weight: by score.
  similarity,    ///< find_similar without: by similarity.
  likeness,      ///< As similarity, but blind to rewards: how similar they are. Reward only.
  recency,       ///< Those recorded last before the step.
  frequency,  ///< All of them; for the next type, those of successful runs. Blind to the situation.
  random,     ///< Drawn with replacement.
};
inline constexpr std::size_t predictors = 6;
template <typename T>
using PerPredictor = std::array<T, predictors>;

/// What the predictors answered about one step.
struct StepAnswers {
  PerPredictor<double> reward;  ///< `not_known`: no answer.
  /// Place of the right type among the proposals, from 1.
  PerPredictor<std::uint32_t> place;
  static constexpr std::uint32_t not_proposed = ~std::uint32_t{0};
  static constexpr std::uint32_t no_answer = 0;
};

/// One element a step. Makes stores in a folder of its own under the system's temporary one.
/// Errors: io_error, and the store's.
Result<std::vector<StepAnswers>> ask_predictors(const LiftPlan& plan, const LiftOptions& options);

}  // namespace frys::tools
