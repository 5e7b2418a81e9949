// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What one thread does when nodes are linked: it finds what is near to a new node by a beam search
// on each level, chooses of this what is nearer to it than to one chosen before (algorithms 1 and 4
// of Malkov and Yashunin), and gives a node links back, where it chooses anew when they get too
// many. Walks go by coarse distances, choices by fine ones.

#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "index/code_store.hpp"
#include "index/graph.hpp"
#include "index/node_set.hpp"
#include "index/walk.hpp"

namespace frys::index {

/// Threads: one; several workers may find and choose in a graph that nobody changes, and give
/// different nodes links back.
class LinkWorker {
 public:
  /// Nothing is linked to those in `retired`, but to nothing else. A node gets `most_back` links
  /// back at a time at most. Throws bad_alloc.
  LinkWorker(Graph& graph, const CodeStore& codes, const NodeSet& retired, std::size_t build_effort,
             std::size_t most_back);

  /// Begins with `node`, whose code is written, in a graph of those before `end`: on level `top`.
  /// Throws bad_alloc.
  void begin(std::uint32_t node, std::uint32_t end, int top);
  /// What is near to it on `level`, nearest first; `top` first, then each below. Throws bad_alloc.
  void find(int level, std::vector<Candidate>& near);
  /// Its fine distances to `others`.
  void measure(std::span<const std::uint32_t> others, std::uint32_t* out) const noexcept {
    codes_.fine(query_.fine.data(), others, out);
  }

  /// Takes those that are retired out of `near`, unless there are no others.
  void drop_retired(std::vector<Candidate>& near) const noexcept;
  /// Writes to `chosen`, which has room for `at_most`, what is chosen of `near`, which is sorted.
  void choose(std::span<const Candidate> near, std::size_t at_most,
              std::vector<std::uint32_t>& chosen) noexcept;
  /// Gives `from` links to `to`, which it has none to.
  void link_back(std::uint32_t from, std::span<const std::uint32_t> to, int level) noexcept;

 private:
  Graph& graph_;
  const CodeStore& codes_;
  const NodeSet& retired_;
  const std::size_t build_effort_;
  Walker walker_;
  WalkScratch walk_;
  CodeQuery query_;
  std::vector<Candidate> near_;
  std::vector<std::uint32_t> nodes_;
  std::vector<std::uint32_t> distances_;
  std::vector<std::uint32_t> chosen_;
  std::vector<std::uint32_t> to_chosen_;  ///< Distances.
  std::vector<std::byte> buffer_;         ///< A code.
};

/// Lends workers out: as many as there are threads at work, or as there is memory for.
/// Threads: safe.
class LinkWorkers {
 public:
  LinkWorkers(Graph& graph, const CodeStore& codes, const NodeSet& retired,
              std::size_t build_effort, std::size_t most_back) noexcept
      : graph_(graph),
        codes_(codes),
        retired_(retired),
        build_effort_(build_effort),
        most_back_(most_back) {}

  /// Waits while there is no memory for one more. Throws bad_alloc when there is not for one.
  std::unique_ptr<LinkWorker> take();
  void give_back(std::unique_ptr<LinkWorker> worker) noexcept;

 private:
  Graph& graph_;
  const CodeStore& codes_;
  const NodeSet& retired_;
  const std::size_t build_effort_;
  const std::size_t most_back_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<LinkWorker>> free_;  ///< Has room for all.
  std::size_t made_ = 0;
};

}  // namespace frys::index
