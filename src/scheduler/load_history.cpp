// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/load_history.hpp"

#include <algorithm>
#include <cmath>
#include <span>

namespace frys::detail {
namespace {

constexpr std::size_t recent_samples = 8;
constexpr double deviations = 2.5;
constexpr double unknown = -1;

double median_of(std::span<double> values) noexcept {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

std::string_view to_string(MemoryModel model) noexcept {
  constexpr std::array<std::string_view, memory_models> names = {
      "max seen",   "max seen + 2 %",   "max seen + 5 %",    "max seen + 10 %",   "max seen + 20 %",
      "recent max", "mean + deviation", "linear + residual", "linear + deviation"};
  return names[static_cast<std::size_t>(model)];
}

std::string_view to_string(RuntimeModel model) noexcept {
  constexpr std::array<std::string_view, runtime_models> names = {"last",   "mean",   "median",
                                                                  "recent", "linear", "ratio"};
  return names[static_cast<std::size_t>(model)];
}

void LoadHistory::Ring::push(Sample sample, std::size_t window) {
  if (samples.size() < window) {
    samples.push_back(sample);
    next = samples.size() % window;
    return;
  }
  samples[next] = sample;
  next = (next + 1) % window;
}

void LoadHistory::add(double input_size, double peak_bytes, double runtime_ns) {
  if (peak_bytes > 0) {
    memory_.push({input_size, peak_bytes}, window_);
    max_peak_bytes_ = std::max(max_peak_bytes_, peak_bytes);
    max_input_size_ = std::max(max_input_size_, input_size);
    ++memory_count_;
  }
  if (runtime_ns >= 0) {
    runtime_.push({input_size, runtime_ns}, window_);
    recent_runtime_ns_ =
        runtime_count_ == 0 ? runtime_ns : 0.7 * recent_runtime_ns_ + 0.3 * runtime_ns;
    last_runtime_ns_ = runtime_ns;
    runtime_sum_ns_ += runtime_ns;
    ++runtime_count_;
  }
}

Line LoadHistory::fit(const Ring& ring) noexcept {
  Line line;
  const std::size_t n = ring.samples.size();
  if (n < 3) return line;
  double mean_x = 0;
  double mean_y = 0;
  for (const Sample& s : ring.samples) {
    mean_x += s.input_size / static_cast<double>(n);
    mean_y += s.value / static_cast<double>(n);
  }
  double xx = 0;
  double xy = 0;
  double yy = 0;
  for (const Sample& s : ring.samples) {
    xx += (s.input_size - mean_x) * (s.input_size - mean_x);
    xy += (s.input_size - mean_x) * (s.value - mean_y);
    yy += (s.value - mean_y) * (s.value - mean_y);
  }
  // A spread of x that is lost in rounding says nothing about the slope.
  if (!(xx > mean_x * mean_x * 1e-12) || !std::isfinite(xx)) return line;
  line.valid = true;
  line.b = xy / xx;
  line.a = mean_y - line.b * mean_x;
  line.correlation = yy > 0 ? xy / std::sqrt(xx * yy) : 0;
  double squares = 0;
  for (const Sample& s : ring.samples) {
    const double residual = s.value - (line.a + line.b * s.input_size);
    line.largest_residual = std::max(line.largest_residual, residual);
    squares += residual * residual;
  }
  line.deviation = std::sqrt(squares / static_cast<double>(n - 2));
  return line;
}

MemoryEstimates LoadHistory::memory_estimates(double input_size) const noexcept {
  MemoryEstimates estimates;
  estimates.fill(unknown);
  const auto set = [&](MemoryModel model, double bytes) {
    estimates[static_cast<std::size_t>(model)] = bytes;
  };
  const std::size_t n = memory_.samples.size();
  if (n == 0) return estimates;
  set(MemoryModel::max_seen, max_peak_bytes_);
  set(MemoryModel::max_plus_2, max_peak_bytes_ * 1.02);
  set(MemoryModel::max_plus_5, max_peak_bytes_ * 1.05);
  set(MemoryModel::max_plus_10, max_peak_bytes_ * 1.10);
  set(MemoryModel::max_plus_20, max_peak_bytes_ * 1.20);

  double recent = 0;
  for (std::size_t i = 1; i <= std::min(n, recent_samples); ++i) {
    recent = std::max(recent, memory_.samples[(memory_.next + n - i) % n].value);
  }
  set(MemoryModel::recent_max, recent * 1.05);
  if (n < 3) return estimates;

  double mean = 0;
  double smallest = max_peak_bytes_;
  for (const Sample& s : memory_.samples) {
    mean += s.value / static_cast<double>(n);
    smallest = std::min(smallest, s.value);
  }
  double squares = 0;
  for (const Sample& s : memory_.samples) squares += (s.value - mean) * (s.value - mean);
  set(MemoryModel::mean_deviation,
      mean + deviations * std::sqrt(squares / static_cast<double>(n - 1)));

  const Line line = fit(memory_);
  if (line.valid) {
    const double middle = line.a + line.b * input_size;
    set(MemoryModel::linear_max, std::max(middle + line.largest_residual, smallest) * 1.02);
    set(MemoryModel::linear_deviation, std::max(middle + deviations * line.deviation, smallest));
  }
  return estimates;
}

RuntimeEstimates LoadHistory::runtime_estimates(double input_size) const noexcept {
  RuntimeEstimates estimates;
  estimates.fill(unknown);
  const auto set = [&](RuntimeModel model, double ns) {
    estimates[static_cast<std::size_t>(model)] = ns;
  };
  const std::size_t n = runtime_.samples.size();
  if (n == 0) return estimates;
  set(RuntimeModel::last, last_runtime_ns_);
  set(RuntimeModel::mean, mean_runtime_ns());
  set(RuntimeModel::recent, recent_runtime_ns_);

  std::array<double, largest_window> values;
  std::size_t count = 0;
  double smallest = last_runtime_ns_;
  double largest = last_runtime_ns_;
  for (const Sample& s : runtime_.samples) {
    values[count++] = s.value;
    smallest = std::min(smallest, s.value);
    largest = std::max(largest, s.value);
  }
  // Nobody knows how time goes on far outside what was seen.
  const auto near = [&](double ns) { return std::clamp(ns, smallest / 2, largest * 4); };
  set(RuntimeModel::median, median_of({values.data(), count}));
  const Line line = fit(runtime_);
  if (line.valid) set(RuntimeModel::linear, near(line.a + line.b * input_size));

  if (input_size > 0) {
    count = 0;
    for (const Sample& s : runtime_.samples) {
      if (s.input_size > 0) values[count++] = s.value / s.input_size;
    }
    if (count > 0) {
      set(RuntimeModel::ratio, near(median_of({values.data(), count}) * input_size));
    }
  }
  return estimates;
}

double LoadHistory::extrapolated_bytes(double input_size) const noexcept {
  if (input_size <= max_input_size_ * 1.2) return 0;
  const Line line = fit(memory_);
  if (!line.valid || line.correlation < 0.8) return 0;
  return line.a + line.b * input_size + line.largest_residual;
}

}  // namespace frys::detail
