// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What the load predictor keeps of one step type: a window of recent steps, a few running totals,
// and how well each small model would have done on them.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace frys::detail {

/// Estimators of peak memory. Each gives an upper estimate in bytes.
enum class MemoryModel : std::uint8_t {
  max_seen,    ///< The largest peak ever: the trivial baseline, always a candidate.
  max_plus_2,  ///< … and 2 % more.
  max_plus_5,
  max_plus_10,
  max_plus_20,
  recent_max,        ///< The largest of the last eight, and 5 % more.
  mean_deviation,    ///< Mean and 2.5 standard deviations.
  linear_max,        ///< Least squares on the input size, raised by its largest residual.
  linear_deviation,  ///< … raised by 2.5 standard deviations of its residuals.
};
inline constexpr std::size_t memory_models = 9;

/// Estimators of run time. Each gives a middling estimate in nanoseconds.
enum class RuntimeModel : std::uint8_t {
  last,
  mean,
  median,  ///< Of the window.
  recent,  ///< Exponentially weighted, 0.3 for the newest.
  linear,  ///< Least squares on the input size.
  ratio,   ///< The median of time per input, times the input.
};
inline constexpr std::size_t runtime_models = 6;

std::string_view to_string(MemoryModel model) noexcept;
std::string_view to_string(RuntimeModel model) noexcept;

/// Samples that a history can be told to keep.
inline constexpr std::size_t largest_window = 1024;

/// One estimate a model; a negative value where the model has nothing to go by.
using MemoryEstimates = std::array<double, memory_models>;
using RuntimeEstimates = std::array<double, runtime_models>;

/// Decayed mean loss of each model.
template <std::size_t n>
struct ModelLosses {
  std::array<double, n> sum{};
  double weight = 0;

  void add(const std::array<double, n>& losses, double decay) noexcept {
    for (std::size_t i = 0; i < n; ++i) sum[i] = sum[i] * decay + losses[i];
    weight = weight * decay + 1;
  }
  [[nodiscard]] double mean(std::size_t model, double otherwise) const noexcept {
    return weight > 0 ? sum[model] / weight : otherwise;
  }
};
using MemoryLosses = ModelLosses<memory_models>;
using RuntimeLosses = ModelLosses<runtime_models>;

/// A least squares line y = a + b·x, and how far it is to be trusted.
struct Line {
  bool valid = false;
  double a = 0;
  double b = 0;
  double largest_residual = 0;
  double deviation = 0;    ///< Of the residuals.
  double correlation = 0;  ///< Pearson's, −1 … 1.
};

/// Recent steps of one type. Memory: 24 bytes a sample of the window.
class LoadHistory {
 public:
  /// `window` ≤ largest_window.
  explicit LoadHistory(std::size_t window) : window_(window) {}

  /// Adds a step. `peak_bytes` ≤ 0 or `runtime_ns` < 0: that half is not known.
  void add(double input_size, double peak_bytes, double runtime_ns);

  [[nodiscard]] std::uint64_t memory_samples() const noexcept { return memory_count_; }
  [[nodiscard]] std::uint64_t runtime_samples() const noexcept { return runtime_count_; }
  [[nodiscard]] double max_peak_bytes() const noexcept { return max_peak_bytes_; }
  [[nodiscard]] double mean_runtime_ns() const noexcept {
    return runtime_count_ == 0 ? 0 : runtime_sum_ns_ / static_cast<double>(runtime_count_);
  }
  [[nodiscard]] double last_runtime_ns() const noexcept { return last_runtime_ns_; }

  /// Every model's estimate for a step with this input. Needs at least one sample of the kind.
  /// Cost: O(window).
  [[nodiscard]] MemoryEstimates memory_estimates(double input_size) const noexcept;
  [[nodiscard]] RuntimeEstimates runtime_estimates(double input_size) const noexcept;

  /// What memory should at least be when the input is larger than any seen and memory was seen to
  /// follow the input; 0 otherwise. Cost: O(window).
  [[nodiscard]] double extrapolated_bytes(double input_size) const noexcept;

  MemoryLosses memory_losses;
  RuntimeLosses runtime_losses;
  /// Largest budget that a step of the type ran out of; 0: never.
  double failed_bytes = 0;
  /// When it was last used, on the predictor's own count.
  std::uint64_t touched = 0;

 private:
  struct Sample {
    double input_size;
    double value;
  };
  /// A ring: the newest sample is at (next - 1).
  struct Ring {
    std::vector<Sample> samples;
    std::size_t next = 0;
    void push(Sample sample, std::size_t window);
  };
  static Line fit(const Ring& ring) noexcept;

  std::size_t window_;
  Ring memory_;
  Ring runtime_;
  std::uint64_t memory_count_ = 0;
  std::uint64_t runtime_count_ = 0;
  double max_peak_bytes_ = 0;
  double max_input_size_ = 0;
  double runtime_sum_ns_ = 0;
  double last_runtime_ns_ = 0;
  double recent_runtime_ns_ = 0;
};

}  // namespace frys::detail
