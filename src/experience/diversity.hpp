// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Which of many matches to answer when they are to differ: maximal marginal relevance (Carbonell
// and Goldstein, "The use of MMR, diversity-based reranking for reordering documents and producing
// summaries", SIGIR 1998).

#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "frys/core/function.hpp"

namespace frys::detail {

struct DiversePick {
  std::size_t place;  ///< Among the candidates.
  double penalty;     ///< diversity × its greatest similarity to one picked before, at least 0.
};

/// Picks `wanted` candidates, or all when they are fewer: next is always that whose
/// (1 − diversity) × score − penalty is greatest; of equal ones, the first. `similarity` is of two
/// places, `scores` descend. Cost: candidates × wanted similarities. Throws bad_alloc.
std::vector<DiversePick> pick_diverse(
    std::span<const double> scores, double diversity, std::size_t wanted,
    FunctionRef<double(std::size_t picked, std::size_t candidate)> similarity);

}  // namespace frys::detail
