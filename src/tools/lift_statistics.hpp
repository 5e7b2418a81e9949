// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// How well predictions separate good from bad, and how sure that is.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

namespace frys::tools {

/// What a statistic is when it can't be told, as an area under a curve without a good one.
inline constexpr double not_known = std::numeric_limits<double>::quiet_NaN();

/// How often each task counts; a task's steps count together, as its experiences hang together.
using TaskWeights = std::span<const std::uint32_t>;

/// Area under the ROC curve: the chance that a good step is predicted higher than a bad one, a tie
/// counting half. It is the Mann-Whitney statistic (Hanley and McNeil, "The meaning and use of the
/// area under a receiver operating characteristic (ROC) curve", 1982) over steps that count more
/// than once, as a bootstrap needs it. Predictions are sorted once; then it costs O(steps).
class RocCurve {
 public:
  struct Step {
    double predicted = 0;
    bool good = false;
    std::size_t task = 0;
  };
  explicit RocCurve(std::vector<Step> steps);
  /// `not_known` without a good or without a bad step.
  [[nodiscard]] double area(TaskWeights weights) const;

 private:
  std::vector<Step> steps_;  // By prediction, the lowest first.
};

/// Right answers out of all, task by task.
struct TaskShares {
  std::vector<double> right;
  std::vector<double> asked;
  explicit TaskShares(std::size_t tasks) : right(tasks), asked(tasks) {}
  void note(std::size_t task, bool is_right);
  /// `not_known` when nothing was asked.
  [[nodiscard]] double share(TaskWeights weights) const;
};

/// A statistic, and what it would have been on other draws of tasks.
struct Resampled {
  double value = not_known;
  std::vector<double> draws;
};

/// The bootstrap over tasks (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993; whole
/// clusters are drawn, as in Field and Welsh, "Bootstrapping clustered data", 2007): as many tasks
/// as there are, drawn with replacement, `resamples` times. Draw number i is the same for every
/// statistic of the same `tasks` and `seed`, so that statistics can be compared draw by draw.
Resampled resample(std::size_t tasks, std::size_t resamples, std::uint64_t seed,
                   const std::function<double(TaskWeights)>& statistic);

/// a − b, draw by draw. Both have as many draws.
Resampled difference(const Resampled& a, const Resampled& b);
/// The mean of those whose value is known, draw by draw. All have as many draws.
Resampled mean_of(const std::vector<Resampled>& all);

/// The percentile interval: 95 % of the known draws lie in it. `not_known` when fewer than half of
/// the draws are known.
struct Interval {
  double low = not_known;
  double high = not_known;
};
Interval interval_of(const Resampled& statistic);

}  // namespace frys::tools
