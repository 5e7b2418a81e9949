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

  /// Steps to the nearest node that is found on levels `entry.level` to `to_level` + 1.
  Candidate descend(const CodeQuery& query, Graph::Entry entry, int to_level,
                    WalkScratch& scratch) const;
  /// Leaves the `effort` nearest nodes found on `level` from `start` in `scratch.pool`. Throws
  /// bad_alloc.
  void beam(const CodeQuery& query, Candidate start, int level, std::size_t effort,
            std::size_t nodes, WalkScratch& scratch) const;

 private:
  void gather(std::uint32_t node, int level, WalkScratch& scratch, Batch& batch) const;

  const Graph& graph_;
  const CodeStore& codes_;
};

}  // namespace frys::index
