// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What one would ask instead of a store: the last steps, all of them, or some at random.

#pragma once

#include <cstddef>
#include <map>
#include <utility>
#include <vector>

#include "frys/core/random.hpp"
#include "tools/lift_store.hpp"
#include "tools/lift_trial.hpp"

namespace frys::tools {

/// The types of action that neighbours took, heaviest first; of equal ones the one met first.
std::vector<std::size_t> proposals_of(const std::vector<Neighbour>& neighbours,
                                      const std::vector<std::size_t>& type_of_step);

/// The same training steps as a store's, in lists of those that may answer about a step: its
/// workflow's, and for the reward only those of its type.
class TrainingLists {
 public:
  TrainingLists(const LiftPlan& plan, const std::vector<std::size_t>& chosen, LiftQuestion question,
                const LiftOptions& options);

  /// The k recorded last before the step, the latest first.
  [[nodiscard]] std::vector<Neighbour> recent(std::size_t step) const;
  /// k of all, drawn with replacement.
  std::vector<Neighbour> random(std::size_t step);
  /// What all together earned in the mean; `not_known` when there are none.
  [[nodiscard]] double mean_reward(std::size_t step) const;
  /// The types of those whose run succeeded, the most frequent first.
  [[nodiscard]] const std::vector<std::size_t>& frequent_types(std::size_t step) const;

 private:
  struct List {
    std::vector<std::size_t> steps;  // Ascending.
    double rewards = 0;
    std::vector<std::size_t> types;  // See `frequent_types`.
  };
  using Key = std::pair<std::size_t, std::size_t>;
  [[nodiscard]] Key key_of(std::size_t step) const;
  [[nodiscard]] const List& list_of(std::size_t step) const;
  void rank_types(List& list) const;

  const LiftPlan& plan_;
  const LiftOptions& options_;
  LiftQuestion question_;
  std::map<Key, List> lists_;
  List none_;
  SeededRandom random_;
};

}  // namespace frys::tools
