// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The sizes that are asked for: mostly small, often at an edge, seldom huge, sometimes absurd.

#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "frys/core/random.hpp"
#include "frys/memory/scope.hpp"

namespace frys::torture {

/// How heavy a round is.
enum class Mix : std::uint8_t { light, mixed, heavy };

inline const char* name_of(Mix mix) {
  return mix == Mix::light ? "light" : mix == Mix::mixed ? "mixed" : "heavy";
}

/// Uniform in the exponent, so that small ones are as likely as large ones.
inline std::size_t skewed_size(SeededRandom& random, std::uint64_t bits) {
  return 1 + random.next_below(std::uint64_t{1} << random.next_below(bits + 1));
}

/// A quarter of an octave from 64 bytes on, or one byte beside it.
inline std::size_t edge_size(SeededRandom& random, std::uint64_t octaves) {
  const std::size_t base = std::size_t{64} << random.next_below(octaves);
  return base / 4 * (4 + random.next_below(4)) + random.next_below(3) - 1;
}

/// A budget for a scope: none, wide, or so narrow that it is met all the time.
inline std::size_t some_budget(SeededRandom& random) {
  const std::uint64_t dice = random.next_below(100);
  if (dice < 75) return unlimited_bytes;
  if (dice < 95) return skewed_size(random, 9) << 18;
  if (dice < 99) return skewed_size(random, 20);
  return random.next_below(128);
}

/// Every fourth scope, and what is opened below it, can be shown to other processes.
inline ScopeOptions some_options(SeededRandom& random) {
  const std::size_t budget_bytes = some_budget(random);
  return {.budget_bytes = budget_bytes, .shareable = random.next_below(4) == 0};
}

/// A size that can be had if the budgets allow it.
inline std::size_t some_size(SeededRandom& random, Mix mix) {
  const std::uint64_t dice = random.next_below(100000);
  if (dice < 1500) return 0;
  if (mix == Mix::light) {
    if (dice < 20000) return edge_size(random, 7);
    if (dice < 20200) return edge_size(random, 18);
    if (dice < 20220) return skewed_size(random, 25);
    return skewed_size(random, 12);
  }
  const std::uint64_t rare = mix == Mix::mixed ? 1 : 10;
  if (dice < 1500 + 2 * rare) return (std::size_t{100} << 20) + random.next_below(300U << 20);
  if (dice < 1500 + 200 * rare) return skewed_size(random, 26);
  if (dice < 20000) return edge_size(random, 16);
  return skewed_size(random, mix == Mix::mixed ? 16 : 20);
}

/// A size that no machine has.
inline std::size_t absurd_size(SeededRandom& random) {
  const std::size_t most = std::numeric_limits<std::size_t>::max();
  switch (random.next_below(4)) {
    case 0:
      return most - random.next_below(200);
    case 1:
      return most / 2 + random.next_below(200) - 100;
    case 2:
      return (std::size_t{1} << (47 + random.next_below(17))) - random.next_below(2);
    default:
      return most - skewed_size(random, 40);
  }
}

}  // namespace frys::torture
