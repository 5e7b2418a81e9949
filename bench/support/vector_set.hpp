// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Sets of vectors to search in: made here, cut out of recorded data where that is at hand, or
// brought by the user.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "frys/core/result.hpp"
#include "frys/index/vector_index.hpp"
#include "support/bench_cache.hpp"
#include "support/vector_file.hpp"

namespace frys::bench {

/// How many neighbours are looked for.
inline constexpr std::size_t neighbours = 10;
/// Of more queries the first are used.
inline constexpr std::size_t max_queries = 1'000;

struct VectorSet {
  std::string name;
  Metric metric = Metric::l2;
  /// Whether all vectors and queries are of whole numbers from 0 to 255.
  bool bytes = false;
  std::size_t dimension = 0;
  std::vector<float> vectors;
  std::vector<float> queries;
  /// Of each query the exact distance of its last true neighbour.
  std::vector<double> kth_distances;
  /// Tells this set from others: of all above, but the name and the distances.
  std::uint64_t content_hash = 0;

  [[nodiscard]] std::size_t size() const { return vectors.size() / dimension; }
  [[nodiscard]] std::size_t query_count() const { return queries.size() / dimension; }
  [[nodiscard]] std::span<const float> vector(std::size_t i) const {
    return std::span(vectors).subspan(i * dimension, dimension);
  }
  [[nodiscard]] std::span<const float> query(std::size_t i) const {
    return std::span(queries).subspan(i * dimension, dimension);
  }
};

/// A set from its parts; takes the first `max_queries` queries, and the true neighbours from the
/// cache or by an exact scan. Errors: invalid_argument (lengths that differ, too few vectors, no
/// query).
Result<VectorSet> make_set(std::string name, Metric metric, VectorTable vectors,
                           VectorTable queries, const BenchCache& cache);

/// The set of two files. Errors: as of read_vectors and make_set.
Result<VectorSet> read_set(const std::string& vectors, const std::string& queries, Metric metric,
                           const BenchCache& cache);

/// Unit vectors around a few hundred centres, noise of their size, as embeddings lie around topics.
VectorTable clustered_vectors(std::size_t count, std::size_t dimension, std::uint64_t seed);

/// 16 rows × 8 columns of 28 × 28 images, at rows {0, 4, 8, 12} × columns {0, 5, 10, 15, 20}, less
/// those with fewer than 64 pixels that are not zero and less all but one of equal ones; in an
/// order drawn by `seed`. At most `count` of them.
VectorTable image_windows(const VectorTable& images, std::uint64_t seed,
                          std::size_t count = SIZE_MAX);

/// Moves each `every`-th row into a table of its own.
VectorTable hold_out(VectorTable& table, std::size_t every);

}  // namespace frys::bench
