// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "index/linker.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <new>
#include <utility>

#include "frys/core/random.hpp"

namespace frys::index {
namespace {

// Of one thread at a time: some hundred microseconds of searching, some of choosing and linking.
constexpr std::size_t nodes_to_find = 1;
constexpr std::size_t nodes_to_choose = 4;
constexpr std::size_t lists_to_link = 16;

}  // namespace

Linker::Linker(Graph& graph, const CodeStore& codes, const NodeSet& retired, std::size_t links,
               std::size_t build_effort, std::uint64_t seed, const LinkHelp& help)
    : graph_(graph),
      codes_(codes),
      links_(links),
      most_near_(build_effort + most_at_once),
      seed_(seed),
      help_(help),
      workers_(graph, codes, retired, build_effort, most_at_once) {}

/// L or higher with probability M^−L. Chance has no memory, so that a graph that was loaded grows
/// as it would have.
int Linker::level_of(std::uint32_t node) const noexcept {
  SeededRandom random(mix64(seed_) ^ node);
  const double unit = 1 - random.next_unit();  // In (0, 1].
  const double level = -std::log(unit) / std::log(static_cast<double>(links_));
  return std::min(static_cast<int>(level), Graph::max_level);
}

/// Calls step(worker, i) for each i below `count`. Throws bad_alloc, and then for some only, when a
/// step does, or for none.
template <typename Step>
void Linker::share(std::size_t count, std::size_t grain, Step step) {
  std::atomic<bool> failed{false};
  const auto work = [&](std::size_t begin, std::size_t end) {
    try {
      std::unique_ptr<LinkWorker> worker = workers_.take();
      try {
        for (std::size_t i = begin; i < end; ++i) step(*worker, i);
      } catch (const std::bad_alloc&) {
        failed.store(true);
      }
      workers_.give_back(std::move(worker));
    } catch (const std::bad_alloc&) {
      failed.store(true);
    }
  };
  help_.executor->bulk(count, grain, work, help_.task_class);
  if (failed.load()) throw std::bad_alloc();
}

void Linker::link(std::uint32_t begin, std::uint32_t end) {
  prepare(begin, end);
  const std::size_t count = end - begin;
  share(count, nodes_to_find, [this](LinkWorker& worker, std::size_t i) { find(worker, i); });
  settle_twins();
  share(count, nodes_to_choose,
        [this](LinkWorker& worker, std::size_t i) { choose(worker, newcomers_[i]); });
  collect_links_back();
  place();
  share(lists_.size() - 1, lists_to_link, [this](LinkWorker& worker, std::size_t i) {
    const LinkBack& list = links_back_[lists_[i]];
    worker.link_back(list.from, std::span(sources_).subspan(lists_[i], lists_[i + 1] - lists_[i]),
                     list.level);
  });
  set_entry();
}

void Linker::prepare(std::uint32_t begin, std::uint32_t end) {
  begin_ = begin;
  end_ = end;
  std::size_t blocks = graph_.blocks();
  newcomers_.resize(std::max<std::size_t>(newcomers_.size(), end - begin));
  for (std::uint32_t node = begin; node < end; ++node) {
    Newcomer& newcomer = newcomers_[node - begin];
    newcomer.level = level_of(node);
    newcomer.twin = nobody;
    const auto levels = static_cast<std::size_t>(newcomer.level) + 1;
    if (newcomer.near.size() < levels) newcomer.near.resize(levels);
    if (newcomer.chosen.size() < levels) newcomer.chosen.resize(levels);
    for (std::size_t l = 0; l < levels; ++l) {
      newcomer.near[l].clear();
      newcomer.near[l].reserve(most_near_);
      newcomer.chosen[l].clear();
      newcomer.chosen[l].reserve(links_);
    }
    blocks += static_cast<std::size_t>(newcomer.level);
  }
  if (!graph_.reserve_blocks(blocks).ok()) throw std::bad_alloc();
}

/// On levels that the graph does not have yet there are only its mates.
void Linker::find(LinkWorker& worker, std::size_t which) {
  Newcomer& newcomer = newcomers_[which];
  const std::uint32_t node = begin_ + static_cast<std::uint32_t>(which);
  const int top = std::min(newcomer.level, graph_.entry().level);
  worker.begin(node, begin_, std::max(top, 0));
  for (int level = top; level >= 0; --level) {
    std::vector<Candidate>& near = newcomer.near[static_cast<std::size_t>(level)];
    worker.find(level, near);
    if (level == top) newcomer.twin = find_twin(node, near);
    if (newcomer.twin != nobody) return;
  }
  add_mates(worker, which);
}

/// In `near`, a node with the same code.
std::uint32_t Linker::find_twin(std::uint32_t node,
                                std::span<const Candidate> near) const noexcept {
  for (const Candidate candidate : near) {
    if (distance_of(candidate) != 0) break;
    if (codes_.equal(node, node_of(candidate))) return node_of(candidate);
  }
  return nobody;
}

/// Those of the batch that come before it, on the levels that both have.
void Linker::add_mates(const LinkWorker& worker, std::size_t which) {
  std::uint32_t mates[most_at_once];
  std::uint32_t distances[most_at_once];
  for (std::size_t i = 0; i < which; ++i) mates[i] = begin_ + static_cast<std::uint32_t>(i);
  worker.measure({mates, which}, distances);
  Newcomer& newcomer = newcomers_[which];
  const std::uint32_t node = begin_ + static_cast<std::uint32_t>(which);
  for (std::size_t i = 0; i < which; ++i) {
    const Candidate mate = make_candidate(distances[i], mates[i]);
    if (newcomer.twin == nobody) newcomer.twin = find_twin(node, {&mate, 1});
    const int both = std::min(newcomer.level, newcomers_[i].level);
    for (int l = 0; l <= both; ++l) newcomer.near[static_cast<std::size_t>(l)].push_back(mate);
  }
  for (int l = 0; l <= newcomer.level; ++l) {
    sort_candidates(newcomer.near[static_cast<std::size_t>(l)]);
  }
}

/// The twin of a twin is that one's.
void Linker::settle_twins() noexcept {
  for (std::uint32_t node = begin_; node < end_; ++node) {
    std::uint32_t& twin = newcomers_[node - begin_].twin;
    if (twin == nobody || twin < begin_) continue;
    const std::uint32_t first = newcomers_[twin - begin_].twin;
    if (first != nobody) twin = first;
  }
}

/// Nothing is linked to one that is a twin.
void Linker::choose(LinkWorker& worker, Newcomer& newcomer) noexcept {
  if (newcomer.twin != nobody) return;
  for (std::size_t l = 0; l <= static_cast<std::size_t>(newcomer.level); ++l) {
    std::vector<Candidate>& near = newcomer.near[l];
    std::erase_if(near, [this](Candidate candidate) {
      const std::uint32_t node = node_of(candidate);
      return node >= begin_ && newcomers_[node - begin_].twin != nobody;
    });
    worker.drop_retired(near);
    worker.choose(near, links_, newcomer.chosen[l]);
  }
}

/// By the list that they go to, so that each is written by one thread.
void Linker::collect_links_back() {
  links_back_.clear();
  for (std::uint32_t node = begin_; node < end_; ++node) {
    const Newcomer& newcomer = newcomers_[node - begin_];
    for (int l = 0; newcomer.twin == nobody && l <= newcomer.level; ++l) {
      for (const std::uint32_t from : newcomer.chosen[static_cast<std::size_t>(l)]) {
        links_back_.push_back({l, from, node});
      }
    }
  }
  std::ranges::sort(links_back_);
  sources_.clear();
  lists_.clear();
  for (std::size_t i = 0; i < links_back_.size(); ++i) {
    const LinkBack& link = links_back_[i];
    const bool same =
        i > 0 && links_back_[i - 1].from == link.from && links_back_[i - 1].level == link.level;
    if (!same) lists_.push_back(i);
    sources_.push_back(link.to);
  }
  lists_.push_back(links_back_.size());
}

/// With their own links; nothing leads to them yet.
void Linker::place() noexcept {
  for (std::uint32_t node = begin_; node < end_; ++node) {
    const Newcomer& newcomer = newcomers_[node - begin_];
    if (newcomer.twin != nobody) {
      graph_.add_twin(newcomer.twin, node);
      continue;
    }
    graph_.place(node, newcomer.level);
    for (int l = 0; l <= newcomer.level; ++l) {
      const std::vector<std::uint32_t>& chosen = newcomer.chosen[static_cast<std::size_t>(l)];
      const std::span<std::uint32_t> list = graph_.links(node, l);
      for (std::size_t i = 0; i < chosen.size(); ++i) {
        store_id(list[i], chosen[i]);
        if (l == 0) graph_.prefetch_links(chosen[i]);
      }
    }
  }
}

void Linker::set_entry() noexcept {
  for (std::uint32_t node = begin_; node < end_; ++node) {
    const Newcomer& newcomer = newcomers_[node - begin_];
    if (newcomer.twin == nobody && newcomer.level > graph_.entry().level) {
      graph_.set_entry({node, newcomer.level});
    }
  }
}

void Linker::link_back_all(std::uint32_t node) {
  std::unique_ptr<LinkWorker> worker = workers_.take();
  for (const std::uint32_t& neighbour : graph_.links(node, 0)) {
    if (neighbour == nobody) break;
    worker->link_back(neighbour, {&node, 1}, 0);
  }
  workers_.give_back(std::move(worker));
}

}  // namespace frys::index
