// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The trivial predictors that a replay is measured against, and the measures themselves.

#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace frys::tools {

/// What the trivial predictors say of a step of one type.
struct Baseline {
  std::size_t seen = 0;  ///< Steps of the type that had ended.
  double max_bytes = 0;  ///< 0: no step with known memory had ended.
  double last_runtime_s = 0;
  double mean_runtime_s = 0;
};

/// Learns what the scheduler's predictor learns, at the same simulated time.
class BaselineTracker {
 public:
  [[nodiscard]] Baseline predict(const std::string& type) const;
  void observe(const std::string& type, double used_bytes, double runtime_s);

 private:
  std::map<std::string, Baseline> types_;
};

/// Memory held in vain, in bytes × seconds, and steps that were given too little.
struct MemoryScore {
  double wasted = 0;
  double used = 0;
  std::size_t out_of_memory = 0;
  std::size_t steps = 0;

  /// One attempt: held `given` for `seconds`, used `used` of it, or all in vain.
  void hold(double given, double used_bytes, double seconds, bool killed);
  /// A whole step whose first budget is `given`; killed as the replay does it, doubled (or raised
  /// to `at_least`) and started again until it is enough.
  void simulate(double given, double used_bytes, double runtime_s, double at_least);
};

/// When a step that is given too little is killed: memory grows evenly over its run time.
double killed_after_s(double given, double used_bytes, double runtime_s);

/// Errors of predicted run times.
class RuntimeScore {
 public:
  void add(double predicted_s, double actual_s);
  /// Of |predicted − actual| ÷ max(actual, 1 ms).
  [[nodiscard]] double median_relative_error() const;
  /// Σ |predicted − actual| ÷ Σ actual.
  [[nodiscard]] double total_relative_error() const;
  [[nodiscard]] std::size_t steps() const { return relative_.size(); }

 private:
  std::vector<double> relative_;
  double error_s_ = 0;
  double actual_s_ = 0;
};

}  // namespace frys::tools
