// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/run_bins.hpp"

#include <algorithm>

namespace frys::detail {

PageRun* RunBins::find(std::uint32_t count, std::uint32_t alignment) const noexcept {
  std::uint32_t bin = bin_of(count);
  PageRun* best = fit_in(bin, count, alignment);
  for (int tries = 0; best == nullptr && tries < most_bins; ++tries) {
    bin = bin_above(bin);
    if (bin == none) return nullptr;
    best = fit_in(bin, count, alignment);
  }
  if (best != nullptr) return best;
  // Long enough wherever it begins.
  bin = bin_above(std::max(bin, bin_of(count + alignment - 1)));
  return bin == none ? nullptr : heads_[bin];
}

PageRun* RunBins::fit_in(std::uint32_t bin, std::uint32_t count,
                         std::uint32_t alignment) const noexcept {
  PageRun* best = nullptr;
  PageRun* run = heads_[bin];
  if (run == nullptr) return nullptr;
  for (int looks = 0; looks < most_looks; ++looks) {
    const std::size_t start = round_up(run->start, alignment);
    if (start + count <= run->end() && (best == nullptr || run->count < best->count)) {
      if (run->count == count) return run;
      best = run;
    }
    run = run->following;
    if (run == heads_[bin]) break;
  }
  return best;
}

PageRun* RunBins::longest() const noexcept {
  const std::uint32_t bin = bin_below(bins);
  return bin == none ? nullptr : heads_[bin]->previous;
}

std::uint32_t RunBins::bin_above(std::uint32_t bin) const noexcept {
  std::uint32_t level = bin / seconds;
  // A shift by sixteen leaves nothing of the level's bits.
  std::uint32_t filled = seconds_[level] & (~std::uint32_t{1} << bin % seconds);
  if (filled == 0) {
    const std::uint32_t above = levels_ & (~std::uint32_t{1} << level);
    if (above == 0) return none;
    level = static_cast<std::uint32_t>(std::countr_zero(above));
    filled = seconds_[level];
  }
  return level * seconds + static_cast<std::uint32_t>(std::countr_zero(filled));
}

std::uint32_t RunBins::bin_below(std::uint32_t bin) const noexcept {
  std::uint32_t level = bin / seconds;
  std::uint32_t filled =
      level < levels ? seconds_[level] & ((std::uint32_t{1} << bin % seconds) - 1) : 0;
  if (filled == 0) {
    const std::uint32_t below = levels_ & ((std::uint32_t{1} << level) - 1);
    if (below == 0) return none;
    level = static_cast<std::uint32_t>(std::bit_width(below)) - 1;
    filled = seconds_[level];
  }
  return level * seconds + static_cast<std::uint32_t>(std::bit_width(filled)) - 1;
}

}  // namespace frys::detail
