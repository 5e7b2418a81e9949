// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The work that both sides of scheduler_bench do, and where each side registers its rows.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace frys::bench {

/// Rows by parameter; `full` adds the long ones.
struct SchedulerSizes {
  std::vector<std::size_t> submit{1, 100, 10'000};
  std::vector<std::size_t> fork{2, 16, 256};
  std::vector<std::size_t> chain{100, 10'000};
  std::vector<std::size_t> bulk{10'000, 1'000'000};
  std::vector<std::size_t> steps{10, 1'000};
};

constexpr std::size_t bulk_grain = 4096;
constexpr std::size_t layer_width =
    10;  ///< Steps of a layer; each waits for two of the layer before.

/// About a microsecond of arithmetic that cannot be optimised away.
std::uint64_t some_work(std::uint64_t seed) noexcept;
/// y[i] += 0.25 · x[i] for begin ≤ i < end.
void add_scaled(float* y, const float* x, std::size_t begin, std::size_t end) noexcept;

void register_frys(const SchedulerSizes& sizes);
void register_tbb(const SchedulerSizes& sizes);

}  // namespace frys::bench
