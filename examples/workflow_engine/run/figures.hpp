// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The figures that runs are compared by, worked out from their steps.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "run/run_summary.hpp"

namespace crew {

/// How far predictions were from the truth: Σ |predicted − actual| ÷ Σ actual, over the steps that
/// used memory (for time: all). A step nobody made a prediction for counts as predicted 0.
/// What runs are compared by is what they learned of each other, so steps of `new_types` are left
/// out: one question nobody asked before would hide all the rest. A run that began with an empty
/// store has no such types, and its ignorance counts in full.
struct Figures {
  double memory_error = 0;
  double time_error = 0;
  std::uint64_t new_steps = 0;          ///< Left out of the two errors.
  std::uint64_t first_touch_pages = 0;  ///< Tensor pages that were not made ready.
  std::uint64_t peak_bytes = 0;         ///< Sum of the steps' peaks.
  std::uint64_t published_bytes = 0;
  std::uint64_t steps = 0;
};

Figures figures_of(const RunSummary& run);

/// The same for the steps of one type.
struct TypeFigures {
  std::string type;
  std::uint64_t steps = 0;
  double predicted_bytes = 0;  ///< Mean over its steps.
  double peak_bytes = 0;
  double predicted_ns = 0;
  double runtime_ns = 0;
  double first_predicted_bytes = 0;  ///< Of its first step.
  double first_peak_bytes = 0;
};

/// By type, in order of first start.
std::vector<TypeFigures> figures_by_type(const RunSummary& run);

}  // namespace crew
