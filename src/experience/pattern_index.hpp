// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Finds the nearest of many vectors. Internal: the store is its only user, hnswlib's graph its
// first form. Vectors are numbered from 0 in order of arrival, and have length 1 (or are zero), so
// that their inner product is their cosine.

#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "frys/core/environment.hpp"
#include "frys/core/function.hpp"
#include "frys/core/result.hpp"

namespace frys::detail {

struct IndexOptions {
  std::size_t dimension;
  std::size_t links;         ///< M
  std::size_t build_effort;  ///< ef_construction
};

struct Neighbour {
  float similarity;
  std::uint32_t ordinal;
};

/// Nearer first, then newer first: of what happened often, the last times tell most.
inline bool nearer(const Neighbour& a, const Neighbour& b) noexcept {
  return a.similarity != b.similarity ? a.similarity > b.similarity : a.ordinal > b.ordinal;
}

using AcceptOrdinal = FunctionRef<bool(std::uint32_t)>;

struct IndexQuery {
  const float* vector;                    ///< `dimension` floats, of length 1.
  std::size_t count;                      ///< Neighbours wanted at most.
  std::size_t effort;                     ///< ef; raised to `count`.
  const AcceptOrdinal* accept = nullptr;  ///< Null: every ordinal will do.
  /// A search of the graph that has looked at more vectors than these, and found fewer than
  /// `effort` that it may accept, gives up.
  std::size_t patience = std::numeric_limits<std::size_t>::max();
};

/// Threads: `reserve` and `append` one at a time; everything else at any time.
class PatternIndex {
 public:
  virtual ~PatternIndex() = default;

  /// Makes room for `additional` more vectors. Errors: out_of_memory.
  virtual Status reserve(std::size_t additional) noexcept = 0;
  /// Adds a vector that there is room for; the next search sees it.
  virtual void append(const float* unit_vector) noexcept = 0;
  /// Has what was appended linked into the graph: in the background, or here when there is none.
  virtual void link_appended() noexcept = 0;

  /// The nearest vectors, nearest first. Approximate among the linked, exact among the rest.
  /// Nothing when it gave up. Throws bad_alloc.
  [[nodiscard]] virtual std::optional<std::vector<Neighbour>> search(
      const IndexQuery& query) const = 0;
  /// The cosine of `unit_vector` and the vector `ordinal`, which a search sees.
  [[nodiscard]] virtual float similarity(const float* unit_vector,
                                         std::uint32_t ordinal) const noexcept = 0;

  /// Vectors that a search sees, that of them are in the graph, and what all of it takes.
  [[nodiscard]] virtual std::size_t size() const noexcept = 0;
  [[nodiscard]] virtual std::size_t linked() const noexcept = 0;
  [[nodiscard]] virtual std::size_t bytes() const noexcept = 0;

  /// Ends background work; waits for what runs. Searching goes on.
  virtual void close() noexcept = 0;
};

/// Errors: out_of_memory.
Result<std::unique_ptr<PatternIndex>> make_hnsw_index(const IndexOptions& options,
                                                      const Environment& environment);

/// Scales `vector` to length 1 into `unit`; false when it has none (zero, or not finite).
bool normalise(std::span<const float> vector, std::span<float> unit) noexcept;

}  // namespace frys::detail
