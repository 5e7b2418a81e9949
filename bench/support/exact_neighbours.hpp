// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What the nearest neighbours really are, by comparing with every vector; and recall by distance:
// an answer is right when it is as near as the k-th neighbour, whichever of equally near ones it
// is.

#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "frys/index/vector_index.hpp"

namespace frys::bench {

/// The distance as `Metric` defines it, in double precision.
double exact_distance(Metric metric, const float* a, const float* b, std::size_t dimension);

/// Of each query the distance of its k-th nearest vector: exact, found by a scan in single
/// precision and taken again in double among the nearest of it. There must be k vectors.
/// Cost: queries × vectors × dimension, some billions a second; one thread.
std::vector<double> kth_distances(Metric metric, std::span<const float> vectors,
                                  std::span<const float> queries, std::size_t dimension,
                                  std::size_t k);

/// Whether something at `distance` is as near as the k-th nearest, but for what single precision
/// may round away: of the distance for `l2`, whose terms add up, of 1 or more for the others, whose
/// terms cancel out.
bool is_hit(Metric metric, double distance, double kth_distance);

}  // namespace frys::bench
