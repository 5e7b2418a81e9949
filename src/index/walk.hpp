// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Walks through the graph towards a query: greedy steps through the upper levels, then a beam
// search (algorithms 5 and 2 of Malkov and Yashunin).

#pragma once

#include "index/candidates.hpp"
#include "index/graph.hpp"
#include "simd/dispatch.hpp"

namespace frys::index {

/// A table of codes and how they are compared.
struct CodeTable {
  const GrowingTable* rows;
  std::size_t length;
  simd::L2OfRows kernel;

  [[nodiscard]] const void* row(std::uint32_t node) const noexcept {
    return rows->row<const std::byte>(node);
  }
  void distances(const void* query, std::span<const std::uint32_t> nodes,
                 std::uint32_t* out) const noexcept {
    kernel(out, query, {rows->base(), rows->row_bytes(), length, nodes.data(), nodes.size()});
  }
  void prefetch(std::uint32_t node) const noexcept {
    const auto* row = rows->row<const char>(node);
    for (std::size_t at = 0; at < rows->row_bytes(); at += 64) __builtin_prefetch(row + at);
  }
};

class Walker {
 public:
  Walker(const Graph& graph, const CodeTable& codes) noexcept : graph_(graph), codes_(codes) {}

  /// Steps to the nearest node that is found on levels `entry.level` to `to_level` + 1.
  Candidate descend(const void* query, Graph::Entry entry, int to_level,
                    WalkScratch& scratch) const;
  /// Leaves the `effort` nearest nodes found on `level` from `start` in `scratch.pool`. Throws
  /// bad_alloc.
  void beam(const void* query, Candidate start, int level, std::size_t effort, std::size_t nodes,
            WalkScratch& scratch) const;

 private:
  void expand(const void* query, std::uint32_t node, int level, WalkScratch& scratch) const;

  const Graph& graph_;
  const CodeTable& codes_;
};

}  // namespace frys::index
