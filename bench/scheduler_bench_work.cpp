// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The loops that both sides run, compiled once: flags are not what is compared.

#include "scheduler_bench.hpp"

namespace frys::bench {

std::uint64_t some_work(std::uint64_t seed) noexcept {
  for (int i = 0; i < 500; ++i) seed = seed * 6364136223846793005U + 1442695040888963407U;
  return seed;
}

void add_scaled(float* y, const float* x, std::size_t begin, std::size_t end) noexcept {
  for (std::size_t i = begin; i < end; ++i) y[i] += 0.25F * x[i];
}

}  // namespace frys::bench
