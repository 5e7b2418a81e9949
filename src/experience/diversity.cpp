// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/diversity.hpp"

#include <algorithm>

namespace frys::detail {

std::vector<DiversePick> pick_diverse(
    std::span<const double> scores, double diversity, std::size_t wanted,
    FunctionRef<double(std::size_t picked, std::size_t candidate)> similarity) {
  std::vector<DiversePick> left(scores.size());  // In the order of their scores.
  for (std::size_t place = 0; place < left.size(); ++place) left[place] = {place, 0};
  const auto worth = [&](const DiversePick& one) {
    return (1 - diversity) * scores[one.place] - one.penalty;
  };
  std::vector<DiversePick> picks;
  picks.reserve(std::min(wanted, left.size()));
  while (picks.size() < wanted && !left.empty()) {
    const auto best = std::ranges::max_element(left, {}, worth);
    picks.push_back(*best);
    left.erase(best);
    if (picks.size() == wanted) break;
    for (DiversePick& one : left) {
      one.penalty = std::max(one.penalty, diversity * similarity(picks.back().place, one.place));
    }
  }
  return picks;
}

}  // namespace frys::detail
