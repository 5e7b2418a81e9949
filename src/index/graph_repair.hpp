// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Makes a graph without those nodes whose vectors are gone: the others are numbered anew, in their
// order, and a link to one that is gone gives its place to what that one linked to, as far as it
// is not nearer to a link that is there than to the node (the consolidation of Singh et al.,
// "FreshDiskANN", 2021, with HNSW's choice of neighbours). So recall and degrees stay, and memory
// shrinks, however often the vectors are replaced.

#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "index/code_store.hpp"
#include "index/linker.hpp"

namespace frys::index {

class GraphRepair {
 public:
  /// `rows` has for each node of `from` its number in `to`, ascending, or `nobody`; `codes` are
  /// those of `to`, which is empty and has room.
  GraphRepair(const Graph& from, Graph& to, const CodeStore& codes, Linker& linker,
              std::span<const std::uint32_t> rows);
  /// Throws bad_alloc. Cost: some µs a node that loses a link.
  void run();

 private:
  [[nodiscard]] bool is_head(std::uint32_t node) const noexcept { return !behind_[node]; }
  /// The node of `to` that a link to `node` leads to; `nobody` when all with its code are gone.
  [[nodiscard]] std::uint32_t successor(std::uint32_t node) const noexcept;
  void find_twins();
  void place(std::uint32_t head);
  void relink(std::uint32_t head, int level);
  void collect(std::uint32_t head, int level);
  void choose(std::uint32_t node, std::span<std::uint32_t> list, std::size_t kept);
  void link_back();
  void set_entry();

  const Graph& from_;
  Graph& to_;
  const CodeStore& codes_;
  Linker& linker_;
  const std::span<const std::uint32_t> rows_;
  std::vector<bool> behind_;          ///< Nodes of `from_` that are some node's twin.
  std::vector<std::uint32_t> gone_;   ///< Of `from_`, whose links are looked at.
  std::vector<std::uint32_t> nodes_;  ///< Of `to_`: what may be linked to.
  std::vector<std::uint32_t> distances_;
  std::vector<Candidate> candidates_;
  std::vector<std::byte> code_;
  std::vector<std::byte> other_code_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> made_;  ///< New links on level 0.
};

}  // namespace frys::index
