// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Walks through the graph towards a query: greedy steps through the upper levels, then a beam
// search (algorithms 5 and 2 of Malkov and Yashunin).

#pragma once

#include "index/candidates.hpp"
#include "index/code_store.hpp"
#include "index/graph.hpp"

namespace frys::index {

class Walker {
 public:
  Walker(const Graph& graph, const CodeStore& codes) noexcept : graph_(graph), codes_(codes) {}

  /// Begins a walk for the `effort` nearest of `nodes`, and steps towards them on levels
  /// `entry.level` to `to_level` + 1. What it saw on the way stays in `scratch.pool`: it need not
  /// be looked at again on lower levels. Throws bad_alloc.
  void descend(const CodeQuery& query, Graph::Entry entry, int to_level, std::size_t effort,
               std::size_t nodes, WalkScratch& scratch) const;
  /// Goes on from what is in `scratch.pool`, and leaves the nearest found on `level` there.
  void beam(const CodeQuery& query, int level, WalkScratch& scratch) const noexcept;
  /// The same on level 0 among the nodes that `marks` has, the `effort` nearest of them; from the
  /// nearest in `scratch.pool`, marked or not. None may be found where few are marked. Throws
  /// bad_alloc.
  void beam_marked(const CodeQuery& query, const NodeMarks& marks, std::size_t effort,
                   WalkScratch& scratch) const;

 private:
  void gather(std::uint32_t node, int level, WalkScratch& scratch, Batch& batch) const noexcept;
  auto may_be_answer(const NodeMarks& marks) const noexcept;
  std::size_t gather_near(std::uint32_t node, const NodeMarks& marks, WalkScratch& scratch,
                          Batch& batch) const noexcept;
  void gather_far(std::size_t passed_over, const NodeMarks& marks, WalkScratch& scratch,
                  Batch& batch) const noexcept;
  void prefetch_likely(const CandidatePool& pool) const noexcept;

  const Graph& graph_;
  const CodeStore& codes_;
};

}  // namespace frys::index
