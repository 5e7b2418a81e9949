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

 private:
  void gather(std::uint32_t node, int level, WalkScratch& scratch, Batch& batch) const noexcept;
  void prefetch_likely(const CandidatePool& pool) const noexcept;

  const Graph& graph_;
  const CodeStore& codes_;
};

}  // namespace frys::index
