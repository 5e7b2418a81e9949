// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "index/linker.hpp"

#include <algorithm>
#include <cmath>

namespace frys::index {

Linker::Linker(Graph& graph, const CodeStore& codes, const NodeSet& retired, std::size_t links,
               std::size_t build_effort, std::uint64_t seed)
    : graph_(graph),
      codes_(codes),
      retired_(retired),
      links_(links),
      build_effort_(build_effort),
      walker_(graph, codes),
      seed_(seed) {
  const std::size_t most = std::max(build_effort, 2 * links + 1);
  candidates_.reserve(most);
  nodes_.reserve(most);
  distances_.resize(most);
  buffer_.resize(codes.code_bytes());
  chosen_.reserve(2 * links);
  to_chosen_.resize(2 * links);
}

/// L or higher with probability M^−L. Chance has no memory, so that a graph that was loaded grows
/// as it would have.
int Linker::level_of(std::uint32_t node) const noexcept {
  SeededRandom random(mix64(seed_) ^ node);
  const double unit = 1 - random.next_unit();  // In (0, 1].
  const double level = -std::log(unit) / std::log(static_cast<double>(links_));
  return std::min(static_cast<int>(level), Graph::max_level);
}

/// Puts what the last walk found into `candidates_`, by fine distances.
void Linker::collect(const CodeQuery& query) {
  const CandidatePool& pool = scratch_.pool;
  candidates_.clear();
  nodes_.clear();
  for (std::size_t i = 0; i < pool.size(); ++i) {
    nodes_.push_back(node_of(pool[i]));
    codes_.prefetch_fine(node_of(pool[i]));
  }
  codes_.fine(query.fine.data(), nodes_, distances_.data());
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    candidates_.push_back(make_candidate(distances_[i], nodes_[i]));
  }
  sort_candidates(candidates_);
}

/// From `candidates_`, unless there are no others.
void Linker::drop_retired() {
  if (retired_.size() == 0) return;
  const auto is_retired = [this](Candidate c) { return retired_.contains(node_of(c)); };
  if (std::ranges::all_of(candidates_, is_retired)) return;
  std::erase_if(candidates_, is_retired);
}

/// Among `candidates_`, a node with the same code.
std::uint32_t Linker::find_twin(std::uint32_t node) const noexcept {
  for (const Candidate candidate : candidates_) {
    if (distance_of(candidate) != 0) break;
    if (codes_.equal(node, node_of(candidate))) return node_of(candidate);
  }
  return nobody;
}

/// Writes to `chosen_` those of the sorted `candidates` that are not nearer to one chosen before.
void Linker::choose(std::span<const Candidate> candidates, std::size_t at_most) {
  chosen_.clear();
  for (const Candidate candidate : candidates) {
    if (chosen_.size() == at_most) return;
    const void* code = codes_.code(node_of(candidate), buffer_.data());
    bool diverse = true;
    for (std::size_t at = 0; at < chosen_.size() && diverse; at += 4) {
      const std::size_t count = std::min<std::size_t>(4, chosen_.size() - at);
      codes_.fine(code, {chosen_.data() + at, count}, to_chosen_.data());
      for (std::size_t i = 0; i < count; ++i) diverse &= to_chosen_[i] >= distance_of(candidate);
    }
    if (diverse) chosen_.push_back(node_of(candidate));
  }
}

/// Gives `from` a link to `to`; where its list is full, chooses anew.
void Linker::link_back(std::uint32_t from, std::uint32_t to, int level) {
  const std::span<std::uint32_t> list = graph_.links(from, level);
  if (list.back() == nobody) {
    store_id(*std::ranges::find(list, nobody), to);
    return;
  }
  nodes_.assign(list.begin(), list.end());
  nodes_.push_back(to);
  for (const std::uint32_t near : nodes_) {
    codes_.prefetch(near);
    codes_.prefetch_fine(near);
  }
  codes_.fine(codes_.code(from, buffer_.data()), nodes_, distances_.data());
  candidates_.clear();
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    candidates_.push_back(make_candidate(distances_[i], nodes_[i]));
  }
  std::ranges::sort(candidates_);
  choose(candidates_, list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    store_id(list[i], i < chosen_.size() ? chosen_[i] : nobody);
  }
}

/// Links `node` with the best of `candidates_`.
void Linker::connect(std::uint32_t node, int level) {
  drop_retired();
  choose(candidates_, links_);
  const std::span<std::uint32_t> list = graph_.links(node, level);
  for (std::size_t i = 0; i < chosen_.size(); ++i) {
    store_id(list[i], chosen_[i]);
    if (level == 0) graph_.prefetch_links(chosen_[i]);
  }
  for (const std::uint32_t& neighbour : list) {
    if (neighbour == nobody) break;
    link_back(neighbour, node, level);
  }
}

void Linker::link_back_all(std::uint32_t node) {
  for (const std::uint32_t& neighbour : graph_.links(node, 0)) {
    if (neighbour == nobody) break;
    link_back(neighbour, node, 0);
  }
}

void Linker::link(std::uint32_t node, const CodeQuery& query) {
  const int level = level_of(node);
  const Graph::Entry entry = graph_.entry();
  const int top = std::min(level, entry.level);
  graph_.place(node, level);
  if (entry.level >= 0) {
    walker_.descend(query, entry, top, build_effort_, node, scratch_);
    for (int l = top; l >= 0; --l) {
      walker_.beam(query, l, scratch_);
      collect(query);
      const std::uint32_t twin = l == top ? find_twin(node) : nobody;
      if (twin != nobody) return graph_.add_twin(twin, node);
      connect(node, l);
    }
  }
  if (level > entry.level) graph_.set_entry({node, level});
}

}  // namespace frys::index
