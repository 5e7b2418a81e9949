// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What stands behind `VectorIndex`: the tables, the graph, and the order in which they are written
// and read. The first `graph_begins` vectors are compared one by one; with the last of these the
// scale of the codes is learned from them, and all are linked. From then on a vector is encoded and
// linked as it is added.

#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "frys/index/vector_index.hpp"
#include "index/code_space.hpp"
#include "index/linker.hpp"

namespace frys::index {

/// What one search writes to.
struct SearchScratch {
  WalkScratch walk;
  std::vector<float> query;      ///< Prepared.
  CodeQuery code;                ///< Its code.
  std::vector<std::byte> whole;  ///< Another code, and the vector it keeps.
  std::vector<float> decoded;
  std::vector<std::uint32_t> nodes;  ///< Found by the walk.
  std::vector<std::uint32_t> distances;
  std::vector<Candidate> found;  ///< By fine distances.
  std::vector<VectorNeighbour> nearest;
};

/// Lends scratches out. Threads: safe.
class ScratchPool {
 public:
  /// Throws bad_alloc.
  std::unique_ptr<SearchScratch> take();
  void give_back(std::unique_ptr<SearchScratch> scratch);

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<SearchScratch>> free_;
};

class IndexCore {
 public:
  IndexCore(const VectorIndexOptions& options, std::uint64_t seed);
  IndexCore(const IndexCore&) = delete;
  IndexCore& operator=(const IndexCore&) = delete;

  /// Reserves the tables. Errors: out_of_memory.
  Status open() noexcept;

  /// As `VectorIndex`. Throw bad_alloc.
  Result<std::uint32_t> add(std::span<const float> rows);
  Result<std::size_t> search(std::span<const float> query, std::size_t count, std::size_t effort,
                             std::span<VectorNeighbour> out) const;

  [[nodiscard]] std::size_t dimension() const noexcept { return space_.dimension(); }
  [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_acquire); }
  [[nodiscard]] std::size_t bytes() const noexcept;

 private:
  static constexpr std::size_t graph_begins = 1024;

  Status check_rows(std::span<const float> rows) const;
  Status check_room(std::size_t more) const;
  Status add_one(const float* vector);
  void begin_graph() noexcept;
  void learn();
  const float* vector_of(std::uint32_t node, SearchScratch& scratch) const;

  void scan(std::size_t count, SearchScratch& scratch) const;
  void walk(std::size_t count, std::size_t effort, SearchScratch& scratch) const;
  void refine(SearchScratch& scratch) const;
  void take_in_order(std::size_t count, SearchScratch& scratch) const;
  void rank_again(std::size_t count, std::size_t at_most, SearchScratch& scratch) const;

  const VectorIndexOptions options_;
  CodeSpace space_;
  GrowingTable vectors_;  ///< Prepared ones, where the codes do not keep them.
  CodeStore codes_;
  Graph graph_;
  Linker linker_;
  std::vector<float> prepared_;  ///< Of the vector that is being added.
  CodeQuery code_;               ///< The same.
  std::atomic<std::size_t> size_{0};
  std::size_t linked_ = 0;                ///< Vectors in the graph.
  bool learned_ = false;                  ///< Codes are on their scale.
  std::atomic<bool> graph_ready_{false};  ///< All vectors are in the graph.
  mutable ScratchPool scratches_;
};

}  // namespace frys::index
