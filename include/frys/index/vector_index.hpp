// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Finds the nearest of many vectors, approximately: a graph of neighbours (HNSW: Malkov and
// Yashunin, 2018) walked on codes of the vectors that are smaller than the vectors. Nothing is
// kept on disk and nothing is removed. For fewer than some thousand vectors a loop over
// `frys::ops` is as good.
//
//   frys::VectorIndexOptions options{.dimension = 128};
//   auto index = frys::VectorIndex::create(options);
//   status = index->add(rows);                                   // rows.size() / 128 vectors
//   std::array<frys::VectorNeighbour, 10> nearest;
//   frys::Result<std::size_t> found = index->search(query, 10, 64, nearest);

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "frys/core/environment.hpp"
#include "frys/core/export.hpp"
#include "frys/core/result.hpp"

namespace frys {

/// What `VectorNeighbour::distance` is; smaller is nearer.
enum class Metric : std::uint8_t {
  l2,             ///< Σ (a − b)²: the square of the Euclidean distance.
  inner_product,  ///< −Σ a · b.
  cosine,         ///< 1 − Σ a · b / (|a| · |b|); 1 where a or b is zero.
};

/// How vectors are kept for the walk through the graph.
enum class VectorCodes : std::uint8_t {
  f32,       ///< As they are given.
  f16,       ///< IEEE binary16: half the memory; distances to three digits.
  u8,        ///< A byte a dimension on a scale learned from the first vectors; the vectors are kept
             ///< as f32 beside them, and what the walk found is ranked again by these.
  exact_u8,  ///< A byte a dimension, for vectors of whole numbers from 0 to 255 with `Metric::l2`;
             ///< others are refused. Nothing is lost, so nothing is kept beside them. A query may
             ///< hold any numbers, but the walk takes them for the nearest byte's and finds less
             ///< the farther they are from one.
};

FRYS_API std::string_view to_string(Metric metric) noexcept;
FRYS_API std::string_view to_string(VectorCodes codes) noexcept;

struct VectorIndexOptions {
  /// Numbers a vector has: 2 to 4096.
  std::size_t dimension = 0;
  Metric metric = Metric::l2;
  VectorCodes codes = VectorCodes::u8;
  /// M, 4 to 64: a vector links to at most twice as many on the lowest level. More find more, and
  /// cost 8 bytes each.
  std::size_t links = 16;
  /// ef_construction, at least `links` and at most 4096: how many candidates an addition compares.
  std::size_t build_effort = 200;
  /// Most vectors that can be added, at most 2^30. Address space is reserved for them, memory is
  /// not. Lower it where the process's address space is limited.
  std::size_t max_vectors = std::size_t{1} << 26;
};

/// One answer of a search.
struct VectorNeighbour {
  std::uint32_t ordinal;  ///< Which vector: the first one added has 0.
  float distance;         ///< Of the kept vector to the query, as `Metric` says.
};

/// Vectors are numbered in order of addition. The same vectors added in the same order, in whatever
/// portions, with the same options and seed, on the same instruction set, make the same graph.
///
/// Threads: `search` and the observers at any time, from any number of threads, beside one thread
/// that adds; additions from several threads need a lock of the caller's. A search sees every
/// vector whose addition had returned when it began.
class FRYS_API VectorIndex {
 public:
  static constexpr std::size_t min_dimension = 2;
  static constexpr std::size_t max_dimension = 4096;

  /// An empty index. Chance comes from the environment's seed, and help in adding from its
  /// executor, which must outlive the index. Errors: invalid_argument (an option out of its range,
  /// or codes that do not fit the metric), out_of_memory.
  static Result<VectorIndex> create(const VectorIndexOptions& options,
                                    const Environment& environment = {}) noexcept;

  VectorIndex(VectorIndex&&) noexcept;
  VectorIndex& operator=(VectorIndex&&) noexcept;
  ~VectorIndex();

  /// Adds the vectors that stand one after another in `rows`; returns the first one's ordinal,
  /// which the others follow. Errors: invalid_argument (`rows` is no whole number of vectors, or a
  /// number in it is not finite, or too large to be squared, or not a whole number of a byte with
  /// `exact_u8`) and failed_precondition (more than `max_vectors`), where nothing was added;
  /// out_of_memory (the vectors before the one that found none are in). Where there is memory for a
  /// vector but not for its links, it is in, and a later addition links it. Cost: some tens of
  /// microseconds a vector, on one of the executor's threads that help; 32 are linked at a time,
  /// and until then, as the first 1024, searched by comparing all.
  Result<std::uint32_t> add(std::span<const float> rows) noexcept;

  /// Writes the at most `count` nearest vectors, nearest first, equal ones in no promised order, to
  /// the front of `out`; returns how many. `effort` (ef; raised to `count`) is how many candidates
  /// the walk keeps: more find more, and take longer, up to where comparing all codes takes less.
  /// Shapes: `query` has `dimension()` elements, `out` at least `count`.
  /// Errors: invalid_argument (shapes, or a query that is not finite or too large to be squared),
  /// out_of_memory. Cost: no allocation once as many searches have run at the same time before.
  Result<std::size_t> search(std::span<const float> query, std::size_t count, std::size_t effort,
                             std::span<VectorNeighbour> out) const noexcept;

  [[nodiscard]] std::size_t dimension() const noexcept;
  /// Vectors that a search sees.
  [[nodiscard]] std::size_t size() const noexcept;
  /// What vectors, codes and links take; not what running searches do.
  [[nodiscard]] std::size_t bytes() const noexcept;

 private:
  struct Impl;
  explicit VectorIndex(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace frys
