// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The store's index of vectors: `IndexCore` fed by writers and linked in the background. So a write
// is visible at once and costs the copy of a vector, and after opening every search is right while
// the graph is still being made.
//
//   [0 … linked)     found through the graph, or by comparing codes
//   [linked … size)  compared one by one
//
// Vectors are numbered from 0 in order of arrival, and have length 1 (or are zero), so that their
// inner product is their cosine.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "frys/core/environment.hpp"
#include "frys/core/result.hpp"
#include "index/searcher.hpp"

namespace frys::detail {

struct PatternIndexOptions {
  std::size_t dimension;
  std::size_t links;         ///< M
  std::size_t build_effort;  ///< ef_construction
  std::string folder = {};   ///< The store's, where graphs are saved. Empty: nowhere.
};

struct Neighbour {
  float similarity;
  std::uint32_t ordinal;
};

/// Nearer first, then newer first: of what happened often, the last times tell most.
inline bool nearer(const Neighbour& a, const Neighbour& b) noexcept {
  return a.similarity != b.similarity ? a.similarity > b.similarity : a.ordinal > b.ordinal;
}

/// Threads: `reserve` and `append` one at a time; everything else at any time.
class PatternIndex {
 public:
  /// Errors: out_of_memory.
  static Result<std::unique_ptr<PatternIndex>> create(const PatternIndexOptions& options,
                                                      const Environment& environment);
  ~PatternIndex();
  PatternIndex(const PatternIndex&) = delete;
  PatternIndex& operator=(const PatternIndex&) = delete;

  /// Makes room for `additional` more vectors. Errors: failed_precondition (the index is full),
  /// out_of_memory.
  Status reserve(std::size_t additional) noexcept;
  /// Adds a vector that there is room for; the next search sees it.
  void append(const float* unit_vector) noexcept;
  /// Takes over a graph that was saved; when all that the store holds was appended, and nothing
  /// linked. Without one that fits all is linked anew.
  void load_graph() noexcept;
  /// Has what was appended linked into the graph: in the background, or here when there is none.
  void link_appended() noexcept;

  /// The nearest vectors, nearest first; `request.query` has length 1. Approximate among the
  /// linked, exact among the rest. Throws bad_alloc.
  [[nodiscard]] std::vector<Neighbour> search(const index::SearchRequest& request) const;
  /// The cosine of `unit_vector` and the vector `ordinal`, which a search sees.
  [[nodiscard]] float similarity(const float* unit_vector, std::uint32_t ordinal) const noexcept;

  /// Vectors that a search sees, that of them are in the graph, and what all of it takes.
  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] std::size_t linked() const noexcept;
  [[nodiscard]] std::size_t bytes() const noexcept;

  /// Ends background work; waits for what runs. Saves the graph. Searching goes on.
  void close() noexcept;

 private:
  struct Shared;
  explicit PatternIndex(std::shared_ptr<Shared> shared) noexcept;
  static void run_slice(const std::shared_ptr<Shared>& shared) noexcept;
  std::shared_ptr<Shared> shared_;
};

/// Scales `vector` to length 1 into `unit`; false when it has none (zero, or not finite).
bool normalise(std::span<const float> vector, std::span<float> unit) noexcept;

}  // namespace frys::detail
