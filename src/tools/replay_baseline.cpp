// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tools/replay_baseline.hpp"

#include <algorithm>
#include <cmath>

namespace frys::tools {

Baseline BaselineTracker::predict(const std::string& type) const {
  const auto at = types_.find(type);
  return at == types_.end() ? Baseline{} : at->second;
}

void BaselineTracker::observe(const std::string& type, double used_bytes, double runtime_s) {
  Baseline& known = types_[type];
  ++known.seen;
  known.max_bytes = std::max(known.max_bytes, used_bytes);
  known.last_runtime_s = runtime_s;
  known.mean_runtime_s += (runtime_s - known.mean_runtime_s) / static_cast<double>(known.seen);
}

double killed_after_s(double given, double used_bytes, double runtime_s) {
  return given >= used_bytes ? runtime_s : runtime_s * given / used_bytes;
}

void MemoryScore::hold(double given, double used_bytes, double seconds, bool killed) {
  if (killed) {
    wasted += given * seconds;
    ++out_of_memory;
    return;
  }
  wasted += (given - used_bytes) * seconds;
  used += used_bytes * seconds;
  ++steps;
}

void MemoryScore::simulate(double given, double used_bytes, double runtime_s, double at_least) {
  given = std::max(given, 1.0);
  while (given < used_bytes) {
    hold(given, used_bytes, killed_after_s(given, used_bytes, runtime_s), true);
    given = std::max(2 * given, at_least);
  }
  hold(given, used_bytes, runtime_s, false);
}

void RuntimeScore::add(double predicted_s, double actual_s) {
  const double error = std::abs(predicted_s - actual_s);
  relative_.push_back(error / std::max(actual_s, 1e-3));
  error_s_ += error;
  actual_s_ += actual_s;
}

double RuntimeScore::median_relative_error() const {
  if (relative_.empty()) return 0;
  std::vector<double> sorted = relative_;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

double RuntimeScore::total_relative_error() const {
  return actual_s_ > 0 ? error_s_ / actual_s_ : 0;
}

}  // namespace frys::tools
