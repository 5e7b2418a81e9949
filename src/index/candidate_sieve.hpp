// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The nearest of candidates that come in no order, as when all codes are compared one by one.

#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "index/candidates.hpp"

namespace frys::index {

/// Collects, and when twice as many are there as are wanted throws the farther half away: that is
/// a few steps a candidate however many are wanted, and most never pass the bound.
class CandidateSieve {
 public:
  /// Empty, for the `wanted` nearest. Throws bad_alloc.
  void reset(std::size_t wanted) {
    wanted_ = wanted;
    size_ = 0;
    bound_ = ~Candidate{0};
    if (kept_.size() < 2 * wanted + Batch::most) kept_.resize(2 * wanted + Batch::most);
  }

  void offer(const Batch& batch) noexcept {
    for (std::size_t i = 0; i < batch.count; ++i) {
      const Candidate candidate = make_candidate(batch.distances[i], batch.nodes[i]);
      kept_[size_] = candidate;
      size_ += candidate < bound_ ? 1 : 0;
    }
    if (size_ >= 2 * wanted_) shrink();
  }

  /// The nearest, in no order.
  [[nodiscard]] std::span<const Candidate> take() noexcept {
    if (size_ > wanted_) shrink();
    return {kept_.data(), size_};
  }

 private:
  void shrink() noexcept {
    const auto begin = kept_.begin();
    const auto last = begin + static_cast<std::ptrdiff_t>(wanted_ - 1);
    std::nth_element(begin, last, begin + static_cast<std::ptrdiff_t>(size_));
    bound_ = *last;
    size_ = wanted_;
  }

  std::vector<Candidate> kept_;
  std::size_t wanted_ = 0;
  std::size_t size_ = 0;
  Candidate bound_ = 0;  ///< What is not less is not among the nearest.
};

}  // namespace frys::index
