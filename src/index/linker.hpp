// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Links new nodes into the graph: a beam search for each finds candidates, of which those are
// chosen that are nearer to it than to one chosen before (algorithms 1 and 4 of Malkov and
// Yashunin); they link back, and choose anew when they have too many. Walks go by coarse distances,
// choices by fine ones.

#pragma once

#include "frys/core/random.hpp"
#include "index/node_set.hpp"
#include "index/walk.hpp"

namespace frys::index {

/// Threads: one.
class Linker {
 public:
  /// Nothing new is linked to those in `retired`, but to nothing else.
  Linker(Graph& graph, const CodeStore& codes, const NodeSet& retired, std::size_t links,
         std::size_t build_effort, std::uint64_t seed);

  /// Links `node`, whose code is written and for which the graph has room. Throws bad_alloc before
  /// it changes anything.
  void link(std::uint32_t node, const CodeQuery& query);
  /// Has those that `node` links to on level 0 link to it. Throws bad_alloc.
  void link_back_all(std::uint32_t node);

 private:
  [[nodiscard]] int level_of(std::uint32_t node) const noexcept;
  [[nodiscard]] std::uint32_t find_twin(std::uint32_t node) const noexcept;
  void drop_retired();
  void choose(std::span<const Candidate> candidates, std::size_t at_most);
  void connect(std::uint32_t node, int level);
  void collect(const CodeQuery& query);
  void link_back(std::uint32_t from, std::uint32_t to, int level);

  Graph& graph_;
  const CodeStore& codes_;
  const NodeSet& retired_;
  const std::size_t links_;
  const std::size_t build_effort_;
  Walker walker_;
  const std::uint64_t seed_;
  WalkScratch scratch_;
  std::vector<Candidate> candidates_;
  std::vector<std::uint32_t> nodes_;
  std::vector<std::uint32_t> distances_;
  std::vector<std::byte> buffer_;  ///< A code.
  std::vector<std::uint32_t> chosen_;
  std::vector<std::uint32_t> to_chosen_;  ///< Distances.
};

}  // namespace frys::index
