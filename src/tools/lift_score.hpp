// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// How good the answers about steps of unseen tasks were, workflow by workflow.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tools/lift_statistics.hpp"
#include "tools/lift_trial.hpp"

namespace frys::tools {

/// What is measured, with 95 % intervals over tasks.
enum class Measure : std::uint8_t {
  auc,   ///< Of predicted rewards, over the steps that every predictor answered about.
  hit1,  ///< Share of steps of successful runs whose type was proposed first; no answer is wrong.
  hit3,  ///< … among the first three.
};
inline constexpr std::size_t measures = 3;

struct WorkflowScore {
  std::string workflow;
  std::size_t tasks = 0;
  std::size_t steps = 0;
  std::size_t judged = 0;                  ///< Steps that the area is over.
  std::size_t good = 0;                    ///< … of which were good.
  std::size_t next = 0;                    ///< Steps of successful runs.
  PerPredictor<double> reward_coverage{};  ///< Share of all steps that were answered about.
  PerPredictor<double> next_coverage{};    ///< … of those of successful runs.
  std::array<PerPredictor<Resampled>, measures> values;
};

/// Whether one predictor does better than another on the same draws.
struct Lift {
  double value = not_known;
  Interval interval;
  [[nodiscard]] bool known() const;
  /// The whole interval is above zero.
  [[nodiscard]] bool beats() const { return interval.low > 0; }
};
Lift lift_over(const WorkflowScore& score, Measure measure, Predictor than);

/// Every workflow, in order of appearance; after those of a data set (the name up to the slash)
/// that has several, their mean, in which each counts the same.
std::vector<WorkflowScore> score_lift(const LiftPlan& plan, const std::vector<StepAnswers>& answers,
                                      const LiftOptions& options);

std::string to_text(const std::vector<WorkflowScore>& scores, const LiftOptions& options);
std::string to_json(const std::vector<WorkflowScore>& scores, const LiftOptions& options);

}  // namespace frys::tools
