// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Which steps are asked about when, so that no task is met by a store that was taught it.
//
// Tasks are dealt into folds by a hash of their name (cross-validation: Stone, "Cross-Validatory
// Choice and Assessment of Statistical Predictions", 1974). Tasks that have a solution in common
// are the same in other words, and are dealt as one.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "frys/experience/experience_store.hpp"
#include "tools/lift_step.hpp"

namespace frys::tools {

struct LiftOptions {
  std::uint64_t seed = 1;        ///< Of the folds, the random predictor and the resamples.
  std::size_t folds = 5;         ///< From 2.
  std::size_t resamples = 1000;  ///< Of the intervals.
  std::size_t neighbours = 10;   ///< k.
  double success = 1;            ///< A step is good when its reward reaches this.
  double outcome_weight = SimilarityQuery().outcome_weight;
  std::size_t limit = 0;        ///< Most tasks of a workflow; 0: all.
  std::size_t dimension = 256;  ///< Of the store's vectors.
};

/// Steps with their names as numbers, and each task's fold.
struct LiftPlan {
  std::vector<RecordedStep> steps;
  std::vector<std::string> workflows;  ///< Names, in order of appearance.
  std::vector<std::size_t> workflow;   ///< Of each step, as what follows.
  std::vector<std::size_t> task;       ///< Counted through all workflows.
  std::vector<std::size_t> type;
  std::vector<std::size_t> fold;  ///< Of each task.
};

/// Keeps of each workflow the `limit` tasks of least hash.
LiftPlan plan_lift(std::vector<RecordedStep> steps, const LiftOptions& options);

}  // namespace frys::tools
