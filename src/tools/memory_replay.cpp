// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tools/memory_replay.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <thread>
#include <utility>

#include "frys/core/machine.hpp"
#include "frys/memory/manager.hpp"

namespace frys::tools {
namespace {

/// What one trace's scopes and blocks are while it is done again.
class Replica {
 public:
  Replica(const MemoryTrace& trace, TensorMemoryManager memory)
      : trace_(trace),
        memory_(std::move(memory)),
        scopes_(trace.scopes.size()),
        blocks_(trace.blocks) {}

  void run(const MemoryEvent& event) {
    switch (event.kind) {
      case MemoryEventKind::opened:
        return open(event.scope);
      case MemoryEventKind::closed:
        if (event.scope != 0) static_cast<void>(scopes_[event.scope].close());
        return;
      case MemoryEventKind::allocated:
        return allocate(event);
      case MemoryEventKind::freed:
        return blocks_[event.block].reset();
      case MemoryEventKind::reserved:
        if (!scope(event.scope).reserve(event.bytes).ok()) ++refused_;
        return;
      case MemoryEventKind::freed_old:
      case MemoryEventKind::refused:
        return;
    }
  }
  /// Leaves nothing but what is committed.
  void end_round() {
    for (Storage& block : blocks_) block.reset();
    for (MemoryScope& scope : scopes_) {
      if (&scope != &scopes_.front()) static_cast<void>(scope.close());
      scope = MemoryScope();
    }
    last_refused_ = std::exchange(refused_, 0);
  }
  [[nodiscard]] PoolStats pool() const { return memory_.pool_stats(); }
  [[nodiscard]] std::uint64_t last_refused() const { return last_refused_; }

 private:
  void open(std::uint32_t index) {
    const MemoryTraceScope& told = trace_.scopes[index];
    if (index == 0) {
      scopes_[0] = memory_.root();
      return;
    }
    Result<MemoryScope> child =
        scope(told.parent).child(told.name, {.budget_bytes = told.budget_bytes});
    child ? static_cast<void>(scopes_[index] = *std::move(child)) : static_cast<void>(++refused_);
  }
  /// That one, or the nearest above that is open.
  const MemoryScope& scope(std::uint32_t index) const {
    while (index != 0 && !scopes_[index].is_open()) index = trace_.scopes[index].parent;
    return scopes_[index];
  }
  void allocate(const MemoryEvent& event) {
    Result<Storage> block = scope(event.scope).allocate(event.bytes);
    block ? static_cast<void>(blocks_[event.block] = *std::move(block))
          : static_cast<void>(++refused_);
  }

  const MemoryTrace& trace_;
  TensorMemoryManager memory_;
  std::vector<MemoryScope> scopes_;
  std::vector<Storage> blocks_;
  std::uint64_t refused_ = 0;
  std::uint64_t last_refused_ = 0;
};

/// What one thread does before another's turn comes.
struct Turn {
  std::size_t begin;
  std::size_t end;
  std::uint32_t thread;
};

std::vector<Turn> turns_of(const MemoryTrace& trace, std::uint32_t threads) {
  std::vector<Turn> turns;
  for (std::size_t i = 0; i < trace.events.size(); ++i) {
    const std::uint32_t thread = trace.events[i].thread % threads;
    if (turns.empty() || turns.back().thread != thread) turns.push_back({i, i, thread});
    turns.back().end = i + 1;
  }
  return turns;
}

/// Runs all rounds on threads that take turns. What they share is handed over with the turn.
class Rounds {
 public:
  Rounds(const MemoryTrace& trace, Replica& replica, std::uint64_t rounds, std::uint32_t threads)
      : trace_(trace),
        replica_(replica),
        rounds_(rounds),
        turns_(turns_of(trace, threads)),
        ready_(threads) {
    turns_.push_back({0, 0, 0});  // The first thread ends the round.
  }

  void run() {
    std::vector<std::jthread> others;
    try {
      for (std::uint32_t thread = 1; thread < ready_.size(); ++thread) {
        others.emplace_back([this, thread] { work(thread); });
      }
    } catch (...) {
      for (auto& ready : ready_) hand_over(ready, stopped);
      throw;
    }
    hand_over(ready_[turns_[0].thread], 1);
    work(0);
  }
  /// Of each round.
  std::vector<std::int64_t> took_ns;
  std::vector<PoolStats> pools;

 private:
  static constexpr std::uint64_t stopped = ~std::uint64_t{0};

  static void hand_over(std::atomic<std::uint64_t>& ready, std::uint64_t turn) {
    ready.store(turn, std::memory_order_release);
    ready.notify_one();
  }
  void work(std::uint32_t thread) {
    for (std::uint64_t turn = 0; turn < rounds_ * turns_.size(); ++turn) {
      const std::size_t index = turn % turns_.size();
      if (turns_[index].thread != thread) continue;
      std::uint64_t ready = 0;
      while ((ready = ready_[thread].load(std::memory_order_acquire)) != turn + 1) {
        if (ready == stopped) return;
        ready_[thread].wait(ready, std::memory_order_acquire);
      }
      take(turns_[index]);
      hand_over(ready_[turns_[(index + 1) % turns_.size()].thread], turn + 2);
    }
  }
  void take(const Turn& turn) {
    if (turn.begin == turn.end) {
      replica_.end_round();
      took_ns.push_back(std::exchange(round_ns_, 0));
      pools.push_back(replica_.pool());
      return;
    }
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = turn.begin; i < turn.end; ++i) replica_.run(trace_.events[i]);
    round_ns_ += std::chrono::nanoseconds(std::chrono::steady_clock::now() - begin).count();
  }

  const MemoryTrace& trace_;
  Replica& replica_;
  const std::uint64_t rounds_;
  std::vector<Turn> turns_;
  std::vector<std::atomic<std::uint64_t>> ready_;  ///< The turn that each may take, plus one.
  std::int64_t round_ns_ = 0;
};

std::vector<MemoryScopeLine> largest_scopes(const MemoryTrace& trace) {
  std::vector<std::uint64_t> live(trace.scopes.size());
  std::vector<std::uint64_t> peak(trace.scopes.size());
  for (const MemoryEvent& event : trace.events) {
    if (event.kind != MemoryEventKind::allocated && event.kind != MemoryEventKind::freed) continue;
    const std::uint64_t size = std::max<std::uint64_t>((event.bytes + 63) / 64, 1) * 64;
    for (std::uint32_t i = event.scope; i != no_scope_number; i = trace.scopes[i].parent) {
      live[i] += event.kind == MemoryEventKind::allocated ? size : -size;
      peak[i] = std::max(peak[i], live[i]);
    }
  }
  std::vector<std::string> paths;
  std::map<std::string, MemoryScopeLine> lines;
  for (std::size_t i = 0; i < trace.scopes.size(); ++i) {
    const MemoryTraceScope& scope = trace.scopes[i];
    paths.push_back(i == 0 ? scope.name : paths[scope.parent] + "/" + scope.name);
    MemoryScopeLine& line = lines[paths.back()];
    line.path = paths.back();
    ++line.opened;
    line.peak_bytes = std::max(line.peak_bytes, peak[i]);
  }
  std::vector<MemoryScopeLine> all;
  for (auto& [path, line] : lines) all.push_back(std::move(line));
  std::stable_sort(all.begin(), all.end(), [](const MemoryScopeLine& a, const MemoryScopeLine& b) {
    return a.peak_bytes > b.peak_bytes;
  });
  all.resize(std::min<std::size_t>(all.size(), 10));
  return all;
}

void describe(const MemoryTrace& trace, MemoryReplayFigures& figures) {
  figures.threads = trace.threads;
  figures.scopes = trace.scopes.size();
  figures.blocks = trace.blocks;
  figures.peak_bytes = trace.peak_bytes();
  for (const MemoryEvent& event : trace.events) {
    figures.reservations += event.kind == MemoryEventKind::reserved ? 1 : 0;
    figures.refusals += event.kind == MemoryEventKind::refused ? 1 : 0;
    figures.old_frees += event.kind == MemoryEventKind::freed_old ? 1 : 0;
  }
  figures.operations = trace.events.size() - figures.refusals - figures.old_frees;
  if (!trace.events.empty()) figures.recorded_ns = trace.events.back().time_ns;
  figures.largest = largest_scopes(trace);
}

}  // namespace

Result<MemoryReplayFigures> replay_memory(const std::string& label, const MemoryTrace& trace,
                                          const MemoryReplayOptions& options) {
  MemoryReplayFigures figures;
  figures.label = label;
  describe(trace, figures);
  if (trace.scopes.empty()) return figures;
  TensorMemoryOptions memory_options;
  memory_options.root_name = trace.scopes[0].name;
  memory_options.budget_bytes =
      std::clamp<std::size_t>(trace.scopes[0].budget_bytes, 1, machine().memory_bytes / 5 * 4);
  Result<TensorMemoryManager> memory = TensorMemoryManager::create(memory_options, {});
  if (!memory) return memory.error();
  Replica replica(trace, *std::move(memory));
  const auto threads =
      static_cast<std::uint32_t>(std::clamp<std::uint64_t>(trace.threads, 1, options.threads));
  Rounds rounds(trace, replica, options.rounds, threads);
  rounds.run();

  const PoolStats& last = rounds.pools.back();
  const PoolStats before = options.rounds > 1 ? rounds.pools.rbegin()[1] : PoolStats();
  figures.committed_bytes = last.committed_bytes;
  figures.first_touch_pages = last.first_touch_pages - before.first_touch_pages;
  figures.system_calls = last.system_calls - before.system_calls;
  figures.refused = replica.last_refused();
  std::vector<std::int64_t> steady(rounds.took_ns.begin() + rounds.took_ns.size() / 2,
                                   rounds.took_ns.end());
  std::nth_element(steady.begin(), steady.begin() + steady.size() / 2, steady.end());
  figures.ns_per_operation = static_cast<double>(steady[steady.size() / 2]) /
                             static_cast<double>(std::max<std::uint64_t>(figures.operations, 1));
  return figures;
}

}  // namespace frys::tools
