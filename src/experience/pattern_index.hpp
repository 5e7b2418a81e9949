// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What the store holds of its experiences in memory, and the graph by which it finds them:
// `IndexCore` fed by writers and linked in the background. So a write is visible at once and costs
// the copy of a vector, and after opening every search is right while the graph is still being
// made.
//
//   [0 … linked)     found through the graph, or by comparing codes
//   [linked … size)  compared one by one
//
// Experiences are numbered from 0 in the order of their sequence. One that is removed is hidden at
// once. When an eighth of all is, tables and graph are made without them, in the background, and
// exchanged for the old ones: then numbers are others. Vectors have length 1 (or are zero), so that
// their inner product is their cosine.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "experience/attribute_table.hpp"
#include "experience/recall_estimate.hpp"
#include "frys/core/environment.hpp"
#include "frys/core/result.hpp"
#include "index/index_core.hpp"

namespace frys::detail {

struct PatternIndexOptions {
  std::size_t dimension;
  std::size_t links;         ///< M
  std::size_t build_effort;  ///< ef_construction
  std::string folder = {};   ///< The store's, where graphs are saved. Empty: nowhere.
  std::uint8_t space = 0;    ///< By which the saved graphs are told apart; 0: the unnamed.
};

struct Neighbour {
  float similarity;
  std::uint32_t ordinal;
};

/// Nearer first, then newer first: of what happened often, the last times tell most.
inline bool nearer(const Neighbour& a, const Neighbour& b) noexcept {
  return a.similarity != b.similarity ? a.similarity > b.similarity : a.ordinal > b.ordinal;
}

/// The tables, all by the same number. Threads: as their parts.
struct ResidentRows {
  ResidentRows(const VectorIndexOptions& options, const Environment& environment)
      : core(options, environment.seed, {environment.executor, TaskClass::background}) {}

  /// The nearest vectors, nearest first; `request.query` has length 1. Approximate among the
  /// linked, exact among the rest. Throws bad_alloc.
  [[nodiscard]] std::vector<Neighbour> search(const index::SearchRequest& request) const;
  /// The cosine of `unit_vector` and the vector `ordinal`.
  [[nodiscard]] float similarity(const float* unit_vector, std::uint32_t ordinal) const noexcept;
  /// Which share of the `count` nearest a search of `effort` is expected to find; nothing where
  /// that is not known.
  [[nodiscard]] std::optional<double> expected_recall(std::size_t count,
                                                      std::size_t effort) const noexcept;
  /// Has what a comparison with it needs fetched; any number may be.
  void prefetch(std::uint32_t ordinal) const noexcept;
  /// Those that a search may answer.
  [[nodiscard]] std::size_t live() const noexcept {
    const std::size_t hidden = core.hidden();
    return core.size() - hidden;
  }
  /// Whether there is one that was added at `sequence`, and is not removed; its number.
  [[nodiscard]] bool find(std::uint64_t sequence, std::uint32_t& ordinal) const noexcept;

  index::IndexCore core;
  AttributeTable attributes;
  RecallRecord recall;
};

/// Threads: a writer changes `rows` while it has the `turn`, one at a time; everything else is
/// safe.
class PatternIndex {
 public:
  /// Errors: out_of_memory.
  static Result<std::unique_ptr<PatternIndex>> create(const PatternIndexOptions& options,
                                                      const Environment& environment);
  ~PatternIndex();
  PatternIndex(const PatternIndex&) = delete;
  PatternIndex& operator=(const PatternIndex&) = delete;

  /// The tables of this moment, for a reader; they stay until it lets go of them.
  [[nodiscard]] std::shared_ptr<const ResidentRows> view() const noexcept;

  /// A writer's turn: as long as it lasts the tables are not exchanged.
  [[nodiscard]] std::unique_lock<std::mutex> turn() const;
  /// The same tables, for who has the turn. It appends to `attributes`, then to `core`.
  [[nodiscard]] ResidentRows& rows() noexcept;
  /// Hides `ordinal`, removed at `sequence`; for who has the turn. Throws bad_alloc, and then
  /// nothing has changed.
  void remove(std::uint32_t ordinal, std::uint64_t sequence);

  /// Takes over a graph that was saved; when all that the store holds was appended, and nothing
  /// linked. Without one that fits all is linked anew.
  void load_graph() noexcept;
  /// Has what was appended and removed taken into the graph, and then the graph measured: in the
  /// background, or here when there is none, and then some steps of it; without a turn.
  void link_appended() noexcept;
  /// For who has added and removed `changes`, without a turn: while more wait for the graph than a
  /// search should compare one by one, waits until it has taken in twice as many, or takes them in
  /// itself where nobody else does. A tenth of a second at most, but for a step that takes longer.
  void keep_pace(std::size_t changes) noexcept;
  /// The same, until `latest` at most.
  void keep_pace(std::size_t changes, std::chrono::steady_clock::time_point latest) noexcept;
  static constexpr std::chrono::milliseconds longest_hold{100};

  /// Vectors that are in the graph; what all of it takes.
  [[nodiscard]] std::size_t linked() const noexcept;
  [[nodiscard]] std::size_t bytes() const noexcept;

  /// Ends background work; waits for what runs. Saves the graph. Searching goes on.
  void close() noexcept;

 private:
  struct Shared;
  explicit PatternIndex(std::shared_ptr<Shared> shared) noexcept;
  static void run_slice(const std::shared_ptr<Shared>& shared, bool links) noexcept;
  std::shared_ptr<Shared> shared_;
};

/// Scales `vector` to length 1 into `unit`; false when it has none (zero, or not finite).
bool normalise(std::span<const float> vector, std::span<float> unit) noexcept;

}  // namespace frys::detail
