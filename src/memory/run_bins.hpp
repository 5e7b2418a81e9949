// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Free runs by length, found in constant time: the two-level segregated fit of M. Masmano,
// I. Ripoll, A. Crespo and J. Real, "TLSF: a New Dynamic Memory Allocator for Real-Time Systems",
// ECRTS 2004. The first level is a power of two, the second cuts it into sixteen bins; a bit for
// each bin that is not empty. Below sixteen pages a bin holds one length.
//
// TLSF rounds a request up, so that any run of the bin fits. Before that, a few runs of the bin
// that the request itself falls into are tried, so that a run of the same length is used again.
//
// A bin is a ring: what was freed last is at its head, what has lain longest at its end.
//
// Threads: guarded by the heap's lock.

#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "memory/segment.hpp"

namespace frys::detail {

inline constexpr std::uint32_t most_run_pages = std::uint32_t{1} << 30;

class RunBins {
 public:
  [[nodiscard]] static constexpr std::uint32_t bin_of(std::uint32_t count) noexcept {
    if (count < seconds) return count;
    const auto shift = static_cast<std::uint32_t>(std::bit_width(count)) - second_bits - 1;
    return (shift + 1) * seconds + (count >> shift) % seconds;
  }

  void insert(PageRun* run) noexcept { insert_in(bin_of(run->count), run); }
  /// The same for who knows the bin of the run's length.
  void insert_in(std::uint32_t bin, PageRun* run) noexcept {
    run->bin = bin;
    PageRun*& head = heads_[bin];
    if (head == nullptr) {
      run->previous = run->following = run;
      seconds_[bin / seconds] |= 1U << bin % seconds;
      levels_ |= 1U << bin / seconds;
    } else {
      run->following = head;
      run->previous = head->previous;
      head->previous->following = run;
      head->previous = run;
    }
    head = run;
  }
  void remove(PageRun* run) noexcept {
    const std::uint32_t bin = run->bin;
    PageRun*& head = heads_[bin];
    if (run->following == run) {
      head = nullptr;
      std::uint32_t& filled = seconds_[bin / seconds];
      filled &= ~(1U << bin % seconds);
      if (filled == 0) levels_ &= ~(1U << bin / seconds);
      return;
    }
    run->previous->following = run->following;
    run->following->previous = run->previous;
    if (head == run) head = run->following;
  }

  /// A run that has `count` pages from a multiple of `alignment` on, a short one; null for none.
  /// Cost: looks at a few runs of a few bins, then takes one that must fit.
  [[nodiscard]] PageRun* find(std::uint32_t count, std::uint32_t alignment) const noexcept;
  /// One of the longest, that which has lain longest; null for none.
  [[nodiscard]] PageRun* longest() const noexcept;
  /// Calls `body` for up to `most` runs, long ones first.
  template <typename Body>
  void for_longest(int most, Body&& body) const noexcept {
    for (std::uint32_t bin = bin_below(bins); bin != none && most > 0; bin = bin_below(bin)) {
      PageRun* run = heads_[bin];
      do {
        body(run);
        run = run->following;
      } while (--most > 0 && run != heads_[bin]);
    }
  }

 private:
  static constexpr std::uint32_t second_bits = 4;
  static constexpr std::uint32_t seconds = 1U << second_bits;
  static constexpr std::uint32_t levels = 28;
  static constexpr std::uint32_t bins = levels * seconds;
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  static constexpr int most_looks = 4;
  static constexpr int most_bins = 3;

  [[nodiscard]] PageRun* fit_in(std::uint32_t bin, std::uint32_t count,
                                std::uint32_t alignment) const noexcept;
  /// The first bin after, and the last before this one that is not empty.
  [[nodiscard]] std::uint32_t bin_above(std::uint32_t bin) const noexcept;
  [[nodiscard]] std::uint32_t bin_below(std::uint32_t bin) const noexcept;

  std::uint32_t levels_ = 0;
  std::array<std::uint32_t, levels> seconds_{};
  std::array<PageRun*, bins> heads_{};
};
static_assert(RunBins::bin_of(most_run_pages) < 28 * 16);

}  // namespace frys::detail
