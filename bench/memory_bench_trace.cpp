// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What a recorded run asked of its memory, asked again: an iteration is the whole trace. Every
// recorded thread is a thread here, and they take turns in the recorded order, so that what is
// freed by another thread than allocated it is so here, and what caches keep does not depend on
// the machine's load. The hand-over between threads is not timed.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "frys/memory/trace.hpp"
#include "memory_rows.hpp"

namespace frys::bench {
namespace {

/// Those that know no scopes.
template <typename Allocator>
class TraceTarget {
 public:
  explicit TraceTarget(const MemoryTrace& trace) : blocks_(trace.blocks) {}
  void run(const MemoryEvent& event) {
    if (event.kind == MemoryEventKind::allocated) {
      blocks_[event.block] = Allocator::allocate(event.bytes);
    } else if (event.kind == MemoryEventKind::freed) {
      Allocator::free(std::exchange(blocks_[event.block], nullptr));
    }
  }
  void end_round() {
    for (void*& block : blocks_) {
      if (block != nullptr) Allocator::free(std::exchange(block, nullptr));
    }
  }
  void report(benchmark::State&) const {}

 private:
  std::vector<void*> blocks_;
};

/// frys: with its scopes, budgets and reservations, on a manager that did nothing else.
template <>
class TraceTarget<Frys> {
 public:
  explicit TraceTarget(const MemoryTrace& trace)
      : trace_(trace), scopes_(trace.scopes.size()), blocks_(trace.blocks) {
    if (memory_) scopes_[0] = memory_->root();
  }
  void run(const MemoryEvent& event) {
    const MemoryScope& scope = scopes_[event.kind == MemoryEventKind::freed_old ? 0 : event.scope];
    switch (event.kind) {
      case MemoryEventKind::opened:
        return open(event.scope);
      case MemoryEventKind::closed:
        if (event.scope != 0) benchmark::DoNotOptimize(scope.close());
        return;
      case MemoryEventKind::allocated:
        blocks_[event.block] = scope.allocate(event.bytes).value_or(Storage());
        return;
      case MemoryEventKind::freed:
        return blocks_[event.block].reset();
      case MemoryEventKind::reserved:
        benchmark::DoNotOptimize(scope.reserve(event.bytes));
        return;
      case MemoryEventKind::freed_old:
      case MemoryEventKind::refused:
        return;
    }
  }
  void end_round() {
    for (Storage& block : blocks_) block.reset();
    for (std::size_t i = scopes_.size(); i-- > 1;) scopes_[i] = MemoryScope();
  }
  /// Committed, caches included, for the most that was ever requested at once.
  void report(benchmark::State& state) const {
    state.counters["committed_over_requested"] =
        static_cast<double>(memory_->pool_stats().committed_bytes) /
        static_cast<double>(trace_.peak_bytes());
  }

 private:
  void open(std::uint32_t index) {
    if (index == 0) return;
    const MemoryTraceScope& told = trace_.scopes[index];
    scopes_[index] = scopes_[told.parent]
                         .child(told.name, {.budget_bytes = told.budget_bytes})
                         .value_or(MemoryScope());
  }

  const MemoryTrace& trace_;
  Result<TensorMemoryManager> memory_ = TensorMemoryManager::create({}, {});
  std::vector<MemoryScope> scopes_;
  std::vector<Storage> blocks_;
};

/// The recorded threads. Turn by turn, the events of one of them and then the next one's.
template <typename Target>
class TurnTakers {
 public:
  TurnTakers(const MemoryTrace& trace, Target& target) : target_(target), ready_(trace.threads) {
    for (std::size_t i = 0; i < trace.events.size(); ++i) {
      const std::uint32_t thread = trace.events[i].thread;
      if (turns_.empty() || turns_.back().thread != thread) turns_.push_back({thread, {}});
      turns_.back().events.push_back(trace.events[i]);
    }
    for (std::uint32_t thread = 1; thread < trace.threads; ++thread) {
      others_.emplace_back([this, thread] { attend(thread); });
    }
  }
  ~TurnTakers() {
    for (auto& ready : ready_) hand_over(ready, stopped);
  }
  TurnTakers(const TurnTakers&) = delete;
  TurnTakers& operator=(const TurnTakers&) = delete;

  /// The whole trace once. Returns the seconds it took, without the hand-over.
  double round() {
    took_ = {};
    const std::uint64_t begin = rounds_++ * turns_.size();
    const std::uint64_t end = begin + turns_.size();
    hand_over(ready_[turns_[0].thread], begin + 1);
    for (std::uint64_t turn = begin; turn != end; ++turn) {
      if (turns_[turn - begin].thread == 0 && await(0, turn + 1)) take(turn);
    }
    await(0, end + 1);
    target_.end_round();
    return took_.count();
  }

 private:
  static constexpr std::uint64_t stopped = ~std::uint64_t{0};
  struct Turn {
    std::uint32_t thread;
    std::vector<MemoryEvent> events;
  };

  static void hand_over(std::atomic<std::uint64_t>& ready, std::uint64_t turn) {
    ready.store(turn, std::memory_order_release);
    ready.notify_one();
  }
  /// False when it is all over.
  bool await(std::uint32_t thread, std::uint64_t turn) {
    for (std::uint64_t seen = 0;;) {
      seen = ready_[thread].load(std::memory_order_acquire);
      if (seen == turn || seen == stopped) return seen == turn;
      ready_[thread].wait(seen, std::memory_order_acquire);
    }
  }
  void attend(std::uint32_t thread) {
    for (std::uint64_t turn = 0;; ++turn) {
      if (turns_[turn % turns_.size()].thread != thread) continue;
      if (!await(thread, turn + 1)) return;
      take(turn);
    }
  }
  /// Turns are counted over all rounds.
  void take(std::uint64_t turn) {
    const std::size_t index = turn % turns_.size();
    const auto begin = std::chrono::steady_clock::now();
    for (const MemoryEvent& event : turns_[index].events) target_.run(event);
    took_ += std::chrono::steady_clock::now() - begin;
    // After the last one the first thread ends the round.
    const bool last = index + 1 == turns_.size();
    hand_over(ready_[last ? 0 : turns_[index + 1].thread], turn + 2);
  }

  Target& target_;
  std::vector<Turn> turns_;
  std::uint64_t rounds_ = 0;
  std::chrono::duration<double> took_{};
  std::vector<std::atomic<std::uint64_t>> ready_;  ///< The turn that each may take, plus one.
  std::vector<std::jthread> others_;
};

template <typename Allocator>
void run_trace(benchmark::State& state, const std::string& path) {
  const Result<MemoryTrace> trace = MemoryTrace::read(path);
  if (!trace) return state.SkipWithError(std::string(trace.error().message()).c_str());
  if (!check<Allocator>(state, alignment)) return;
  TraceTarget<Allocator> target(*trace);
  TurnTakers takers(*trace, target);
  // What is committed grows for some rounds: blocks come to lie elsewhere in each.
  for (int warm_up = 0; warm_up < 200; ++warm_up) takers.round();
  for ([[maybe_unused]] auto _ : state) state.SetIterationTime(takers.round());
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(trace->events.size()));
  target.report(state);
}

template <typename Allocator>
void add_trace(const std::string& name) {
  const std::string path = FRYS_BENCH_TRACES "/" + name + ".frystrace";
  const std::string row = "trace/" + name + "/" + Allocator::who;
  benchmark::RegisterBenchmark(row.c_str(), run_trace<Allocator>, path)->UseManualTime();
}

}  // namespace

void add_trace_rows() {
  add_trace<Frys>("crew");
  add_trace<Mimalloc>("crew");
  add_trace<Jemalloc>("crew");
  add_trace<Libc>("crew");
}

}  // namespace frys::bench
