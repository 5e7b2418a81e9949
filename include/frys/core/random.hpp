// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Chance, injected, so that a run can be repeated bit for bit. Not for cryptography.
//
//   frys::SeededRandom random(42);
//   std::size_t victim = random.next_below(workers);

#pragma once

#include <cstdint>

#include "frys/core/export.hpp"

namespace frys {

/// A source of uniform 64-bit words. Threads: not safe; give each thread its own.
class FRYS_API RandomSource {
 public:
  virtual ~RandomSource();
  virtual std::uint64_t next() noexcept = 0;

  /// Uniform in [0, bound); 0 for bound 0. Source: Lemire, "Fast random integer generation in an
  /// interval", 2019 (the multiply-shift form; its bias is below bound / 2^64).
  std::uint64_t next_below(std::uint64_t bound) noexcept;
  /// Uniform in [0, 1) with 53 random bits.
  double next_unit() noexcept;
};

/// xoshiro256** (Blackman and Vigna, 2018), its state filled by SplitMix64 from one seed.
class FRYS_API SeededRandom final : public RandomSource {
 public:
  explicit SeededRandom(std::uint64_t seed) noexcept;
  std::uint64_t next() noexcept override;

 private:
  std::uint64_t state_[4];
};

/// The SplitMix64 finaliser: a fast, well mixed hash of one word.
FRYS_API std::uint64_t mix64(std::uint64_t word) noexcept;

}  // namespace frys
