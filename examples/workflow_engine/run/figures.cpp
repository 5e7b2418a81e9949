// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "run/figures.hpp"

#include <algorithm>
#include <cmath>

namespace crew {

Figures figures_of(const RunSummary& run) {
  Figures figures;
  double bytes_off = 0;
  double bytes = 0;
  double time_off = 0;
  double time = 0;
  for (const StepRow& step : run.steps) {
    figures.first_touch_pages += step.first_touch_pages;
    figures.peak_bytes += step.peak_bytes;
    figures.published_bytes += step.published_bytes;
    ++figures.steps;
    if (std::find(run.new_types.begin(), run.new_types.end(), step.type) != run.new_types.end()) {
      ++figures.new_steps;
      continue;
    }
    const auto runtime = static_cast<double>(step.end_ns - step.start_ns);
    time_off += std::abs(static_cast<double>(step.predicted_ns) - runtime);
    time += runtime;
    if (step.peak_bytes > 0) {
      bytes_off += std::abs(static_cast<double>(step.predicted_bytes) -
                            static_cast<double>(step.peak_bytes));
      bytes += static_cast<double>(step.peak_bytes);
    }
  }
  figures.memory_error = bytes > 0 ? bytes_off / bytes : 0;
  figures.time_error = time > 0 ? time_off / time : 0;
  return figures;
}

std::vector<TypeFigures> figures_by_type(const RunSummary& run) {
  std::vector<const StepRow*> steps;
  for (const StepRow& step : run.steps) steps.push_back(&step);
  std::stable_sort(steps.begin(), steps.end(),
                   [](const StepRow* a, const StepRow* b) { return a->start_ns < b->start_ns; });
  std::vector<TypeFigures> types;
  for (const StepRow* step : steps) {
    auto type = std::find_if(types.begin(), types.end(),
                             [&](const TypeFigures& t) { return t.type == step->type; });
    if (type == types.end()) {
      types.push_back({.type = step->type,
                       .first_predicted_bytes = static_cast<double>(step->predicted_bytes),
                       .first_peak_bytes = static_cast<double>(step->peak_bytes)});
      type = types.end() - 1;
    }
    ++type->steps;
    type->predicted_bytes += static_cast<double>(step->predicted_bytes);
    type->peak_bytes += static_cast<double>(step->peak_bytes);
    type->predicted_ns += static_cast<double>(step->predicted_ns);
    type->runtime_ns += static_cast<double>(step->end_ns - step->start_ns);
  }
  for (TypeFigures& type : types) {
    const auto n = static_cast<double>(type.steps);
    type.predicted_bytes /= n;
    type.peak_bytes /= n;
    type.predicted_ns /= n;
    type.runtime_ns /= n;
  }
  return types;
}

}  // namespace crew
