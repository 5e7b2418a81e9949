// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "index/graph_repair.hpp"

#include <algorithm>

namespace frys::index {
namespace {

// Where the neighbours of a node that is gone are gone as well, theirs are looked at, and so on.
constexpr std::size_t most_gone = 4096;

std::span<std::uint32_t> used(std::span<std::uint32_t> list) noexcept {
  return {list.begin(), std::ranges::find(list, nobody)};
}

}  // namespace

GraphRepair::GraphRepair(const Graph& from, Graph& to, const CodeStore& codes, Linker& linker,
                         std::span<const std::uint32_t> rows)
    : from_(from),
      to_(to),
      codes_(codes),
      linker_(linker),
      rows_(rows),
      behind_(rows.size(), false),
      code_(codes.code_bytes()),
      other_code_(codes.code_bytes()) {}

void GraphRepair::run() {
  find_twins();
  const auto nodes = static_cast<std::uint32_t>(rows_.size());
  for (std::uint32_t node = 0; node < nodes; ++node) {
    if (is_head(node)) place(node);
  }
  for (std::uint32_t node = 0; node < nodes; ++node) {
    if (!is_head(node) || successor(node) == nobody) continue;
    for (int level = from_.level(node); level >= 0; --level) relink(node, level);
  }
  link_back();
  set_entry();
}

void GraphRepair::find_twins() {
  for (std::uint32_t node = 0; node < rows_.size(); ++node) {
    const std::uint32_t twin = from_.twin(node);
    if (twin != nobody) behind_[twin] = true;
  }
}

std::uint32_t GraphRepair::successor(std::uint32_t node) const noexcept {
  while (node != nobody && rows_[node] == nobody) node = from_.twin(node);
  return node == nobody ? nobody : rows_[node];
}

/// Gives those that are left of `head` and its twins their places.
void GraphRepair::place(std::uint32_t head) {
  const std::uint32_t first = successor(head);
  if (first == nobody) return;
  to_.place(first, from_.level(head));
  nodes_.clear();
  for (std::uint32_t node = head; node != nobody; node = from_.twin(node)) {
    if (rows_[node] != nobody && rows_[node] != first) nodes_.push_back(rows_[node]);
  }
  // Each goes before the earlier ones: so their order stays.
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    to_.place(nodes_[i], 0);
    to_.add_twin(first, nodes_[i]);
  }
}

void GraphRepair::relink(std::uint32_t head, int level) {
  const std::span<std::uint32_t> list = to_.links(successor(head), level);
  std::size_t kept = 0;
  gone_.clear();
  for (const std::uint32_t link : used(from_.links(head, level))) {
    const std::uint32_t to = successor(link);
    if (to == nobody) {
      gone_.push_back(link);
    } else {
      list[kept++] = to;
    }
  }
  if (gone_.empty()) return;
  const std::size_t places = std::min(list.size(), kept + gone_.size());
  collect(head, level);
  choose(successor(head), list.first(places), kept);
  if (level > 0) return;
  for (const std::uint32_t link : used(list).subspan(kept)) {
    made_.emplace_back(successor(head), link);
  }
}

/// What those in `gone_` linked to, and does not lead to `head` itself, into `nodes_`.
void GraphRepair::collect(std::uint32_t head, int level) {
  const std::uint32_t own = successor(head);
  nodes_.clear();
  for (std::size_t i = 0; i < gone_.size(); ++i) {
    for (const std::uint32_t link : used(from_.links(gone_[i], level))) {
      const std::uint32_t to = successor(link);
      if (to != nobody && to != own) nodes_.push_back(to);
      if (to == nobody && nodes_.empty() && gone_.size() < most_gone &&
          std::ranges::find(gone_, link) == gone_.end()) {
        gone_.push_back(link);
      }
    }
  }
  std::ranges::sort(nodes_);
  nodes_.erase(std::ranges::unique(nodes_).begin(), nodes_.end());
}

/// Fills `list`, whose first `kept` links stay, with the nearest of `nodes_` that are not nearer
/// to a link than to `node`.
void GraphRepair::choose(std::uint32_t node, std::span<std::uint32_t> list, std::size_t kept) {
  std::erase_if(nodes_, [&](std::uint32_t other) {
    return std::ranges::find(list.first(kept), other) != list.begin() + kept;
  });
  for (const std::uint32_t other : nodes_) {
    codes_.prefetch(other);
    codes_.prefetch_fine(other);
  }
  distances_.resize(std::max(nodes_.size(), list.size()));
  codes_.fine(codes_.code(node, code_.data()), nodes_, distances_.data());
  candidates_.clear();
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    candidates_.push_back(make_candidate(distances_[i], nodes_[i]));
  }
  std::ranges::sort(candidates_);
  for (const Candidate candidate : candidates_) {
    if (kept == list.size()) return;
    codes_.fine(codes_.code(node_of(candidate), other_code_.data()), list.first(kept),
                distances_.data());
    const auto links = std::span(distances_).first(kept);
    if (std::ranges::any_of(links, [&](auto d) { return d < distance_of(candidate); })) continue;
    list[kept++] = node_of(candidate);
  }
}

/// New links are made in both directions where there is room; and one that nothing on level 0 links
/// to any more is linked to by those that it links to, as a new one would be.
void GraphRepair::link_back() {
  for (const auto& [from, to] : made_) {
    const std::span<std::uint32_t> list = to_.links(to, 0);
    const std::span<std::uint32_t> links = used(list);
    if (links.size() == list.size() || std::ranges::find(links, from) != links.end()) continue;
    list[links.size()] = from;
  }
  std::vector<bool> reached(rows_.size(), false);
  for (std::uint32_t node = 0; node < rows_.size(); ++node) {
    if (!is_head(node) || successor(node) == nobody) continue;
    for (const std::uint32_t link : used(to_.links(successor(node), 0))) reached[link] = true;
  }
  for (std::uint32_t node = 0; node < rows_.size(); ++node) {
    if (!is_head(node) || successor(node) == nobody || reached[successor(node)]) continue;
    linker_.link_back_all(successor(node));
  }
}

void GraphRepair::set_entry() {
  const Graph::Entry before = from_.entry();
  if (before.level >= 0 && successor(before.node) != nobody) {
    return to_.set_entry({successor(before.node), before.level});
  }
  Graph::Entry entry{nobody, -1};
  for (std::uint32_t node = 0; node < rows_.size(); ++node) {
    if (!is_head(node) || successor(node) == nobody || from_.level(node) <= entry.level) continue;
    entry = {successor(node), from_.level(node)};
  }
  to_.set_entry(entry);
}

}  // namespace frys::index
