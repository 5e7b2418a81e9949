// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Bins of free device blocks by size, eight an octave, with a bit for each that holds any: a bin is
// found by looking at five words at most. Source: Masmano et al., "TLSF: a new dynamic memory
// allocator for real-time systems", 2004, its two levels laid flat.

#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace frys::detail {

using BlockId = std::uint32_t;
inline constexpr BlockId no_block = ~BlockId{0};

inline constexpr std::uint64_t device_unit_bytes = 256;  ///< Of sizes and of alignment.
inline constexpr std::uint64_t most_device_units = std::uint64_t{1} << 40;

/// The bin that holds blocks of so many units ≥ 1.
[[nodiscard]] constexpr std::size_t bin_of_units(std::uint64_t units) noexcept {
  if (units < 16) return static_cast<std::size_t>(units);
  const auto shift = static_cast<std::size_t>(std::bit_width(units)) - 4;
  return shift * 8 + static_cast<std::size_t>(units >> shift);
}

class FreeBins {
 public:
  static constexpr std::size_t bin_count = (bin_of_units(most_device_units) / 64 + 1) * 64;

  FreeBins() noexcept { heads_.fill(no_block); }

  [[nodiscard]] BlockId head(std::size_t bin) const noexcept { return heads_[bin]; }
  void set_head(std::size_t bin, BlockId block) noexcept {
    heads_[bin] = block;
    const std::uint64_t bit = std::uint64_t{1} << (bin % 64);
    std::uint64_t& word = filled_[bin / 64];
    word = block == no_block ? word & ~bit : word | bit;
  }
  /// The first bin from `bin` on that holds a block; `bin_count` when there is none.
  [[nodiscard]] std::size_t first_filled(std::size_t bin) const noexcept {
    std::size_t word = bin / 64;
    std::uint64_t bits = filled_[word] & ~std::uint64_t{0} << (bin % 64);
    while (bits == 0) {
      if (++word == filled_.size()) return bin_count;
      bits = filled_[word];
    }
    return word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
  }

 private:
  std::array<std::uint64_t, bin_count / 64> filled_{};
  std::array<BlockId, bin_count> heads_;
};

}  // namespace frys::detail
