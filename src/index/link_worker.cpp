// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "index/link_worker.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace frys::index {

LinkWorker::LinkWorker(Graph& graph, const CodeStore& codes, const NodeSet& retired,
                       std::size_t build_effort, std::size_t most_back)
    : graph_(graph),
      codes_(codes),
      retired_(retired),
      build_effort_(build_effort),
      walker_(graph, codes) {
  const std::size_t longest = graph.width(0);
  const std::size_t most = std::max(build_effort, longest + most_back);
  near_.reserve(most);
  nodes_.reserve(most);
  distances_.resize(most);
  chosen_.reserve(longest);
  to_chosen_.resize(longest);
  buffer_.resize(codes.code_bytes());
}

void LinkWorker::begin(std::uint32_t node, std::uint32_t end, int top) {
  codes_.load_stored(node, query_);
  const Graph::Entry entry = graph_.entry();
  if (entry.level >= 0) walker_.descend(query_, entry, top, build_effort_, end, walk_);
}

void LinkWorker::find(int level, std::vector<Candidate>& near) {
  walker_.beam(query_, level, walk_);
  const CandidatePool& pool = walk_.pool;
  nodes_.clear();
  for (std::size_t i = 0; i < pool.size(); ++i) {
    nodes_.push_back(node_of(pool[i]));
    codes_.prefetch_fine(node_of(pool[i]));
  }
  measure(nodes_, distances_.data());
  near.clear();
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    near.push_back(make_candidate(distances_[i], nodes_[i]));
  }
  sort_candidates(near);
}

void LinkWorker::drop_retired(std::vector<Candidate>& near) const noexcept {
  if (retired_.size() == 0) return;
  const auto is_retired = [this](Candidate c) { return retired_.contains(node_of(c)); };
  if (std::ranges::all_of(near, is_retired)) return;
  std::erase_if(near, is_retired);
}

void LinkWorker::choose(std::span<const Candidate> near, std::size_t at_most,
                        std::vector<std::uint32_t>& chosen) noexcept {
  chosen.clear();
  for (const Candidate candidate : near) {
    if (chosen.size() == at_most) return;
    const void* code = codes_.code(node_of(candidate), buffer_.data());
    bool diverse = true;
    for (std::size_t at = 0; at < chosen.size() && diverse; at += 4) {
      const std::size_t count = std::min<std::size_t>(4, chosen.size() - at);
      codes_.fine(code, {chosen.data() + at, count}, to_chosen_.data());
      for (std::size_t i = 0; i < count; ++i) diverse &= to_chosen_[i] >= distance_of(candidate);
    }
    if (diverse) chosen.push_back(node_of(candidate));
  }
}

void LinkWorker::link_back(std::uint32_t from, std::span<const std::uint32_t> to,
                           int level) noexcept {
  const std::span<std::uint32_t> list = graph_.links(from, level);
  const auto used = static_cast<std::size_t>(std::ranges::find(list, nobody) - list.begin());
  if (used + to.size() <= list.size()) {
    for (std::size_t i = 0; i < to.size(); ++i) store_id(list[used + i], to[i]);
    return;
  }
  nodes_.assign(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(used));
  nodes_.insert(nodes_.end(), to.begin(), to.end());
  for (const std::uint32_t near : nodes_) {
    codes_.prefetch(near);
    codes_.prefetch_fine(near);
  }
  codes_.fine(codes_.code(from, buffer_.data()), nodes_, distances_.data());
  near_.clear();
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    near_.push_back(make_candidate(distances_[i], nodes_[i]));
  }
  std::ranges::sort(near_);
  choose(near_, list.size(), chosen_);
  for (std::size_t i = 0; i < list.size(); ++i) {
    store_id(list[i], i < chosen_.size() ? chosen_[i] : nobody);
  }
}

std::unique_ptr<LinkWorker> LinkWorkers::take() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (!free_.empty()) {
      std::unique_ptr<LinkWorker> worker = std::move(free_.back());
      free_.pop_back();
      return worker;
    }
    try {
      free_.reserve(made_ + 1);
      auto worker =
          std::make_unique<LinkWorker>(graph_, codes_, retired_, build_effort_, most_back_);
      ++made_;
      return worker;
    } catch (const std::bad_alloc&) {
      if (made_ == 0) throw;
    }
    returned_.wait(lock, [this] { return !free_.empty(); });
  }
}

void LinkWorkers::give_back(std::unique_ptr<LinkWorker> worker) noexcept {
  {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(worker));
  }
  returned_.notify_one();
}

}  // namespace frys::index
