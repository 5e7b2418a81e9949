// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Links new nodes into the graph, some at a time, on as many threads as an executor lends: each
// finds what is near to it in the graph as it was before, and among those of its batch that come
// before it; then all choose; then those who were chosen link back, each to all that chose it. The
// graph that comes of it depends on where batches begin and end, but not on the threads (after the
// batches of ParlayANN: Dobson Manohar et al., 2024).

#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "frys/core/executor.hpp"
#include "index/link_worker.hpp"

namespace frys::index {

/// Where linking finds help.
struct LinkHelp {
  Executor* executor = &inline_executor();
  TaskClass task_class = TaskClass::foreground;
};

/// Threads: one calls.
class Linker {
 public:
  static constexpr std::size_t most_at_once = 32;

  Linker(Graph& graph, const CodeStore& codes, const NodeSet& retired, std::size_t links,
         std::size_t build_effort, std::uint64_t seed, const LinkHelp& help);

  /// Links [begin, end), whose codes are written and for which the graph, of those before, has
  /// room. Throws bad_alloc before it changes anything.
  void link(std::uint32_t begin, std::uint32_t end);
  /// Has those that `node` links to on level 0 link to it. Throws bad_alloc.
  void link_back_all(std::uint32_t node);

 private:
  /// What is found out about one that is to be linked.
  struct Newcomer {
    int level = 0;
    std::uint32_t twin = nobody;                     ///< An earlier one with the same code.
    std::vector<std::vector<Candidate>> near;        ///< By level.
    std::vector<std::vector<std::uint32_t>> chosen;  ///< The same.
  };
  struct LinkBack {
    int level;
    std::uint32_t from;  ///< Whose list it is.
    std::uint32_t to;
    friend auto operator<=>(const LinkBack&, const LinkBack&) = default;
  };

  [[nodiscard]] int level_of(std::uint32_t node) const noexcept;
  template <typename Step>
  void share(std::size_t count, std::size_t grain, Step step);
  void prepare(std::uint32_t begin, std::uint32_t end);
  void find(LinkWorker& worker, std::size_t which);
  void add_mates(const LinkWorker& worker, std::size_t which);
  [[nodiscard]] std::uint32_t find_twin(std::uint32_t node,
                                        std::span<const Candidate> near) const noexcept;
  void settle_twins() noexcept;
  void choose(LinkWorker& worker, Newcomer& newcomer) noexcept;
  void collect_links_back();
  void place() noexcept;
  void set_entry() noexcept;

  Graph& graph_;
  const CodeStore& codes_;
  const std::size_t links_;
  const std::size_t most_near_;  ///< What a newcomer may find on a level.
  const std::uint64_t seed_;
  const LinkHelp help_;
  LinkWorkers workers_;
  std::uint32_t begin_ = 0;
  std::uint32_t end_ = 0;
  std::vector<Newcomer> newcomers_;
  std::vector<LinkBack> links_back_;
  std::vector<std::uint32_t> sources_;  ///< Of `links_back_`, in their order.
  std::vector<std::size_t> lists_;      ///< Where in these each list's begin, and their end.
};

}  // namespace frys::index
