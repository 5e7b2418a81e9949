// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A step's temporaries: many small blocks, all gone when the step ends.

#include <chrono>
#include <cstdint>
#include <vector>

#include "memory_rows.hpp"

namespace frys::bench {
namespace {

constexpr std::size_t page = 4096;

/// frys: a scope of the step's own with scratch from it, closed.
template <typename Allocator>
class Step {
 public:
  explicit Step(std::size_t count) : borrowed_(count) {}
  void begin() {
    scope_ = Frys::scope().child("step").value_or(MemoryScope());
    for (Scratch& scratch : borrowed_) {
      scratch = scope_.scratch(page).value_or(Scratch());
      scratch.bytes()[0] = std::byte{1};
    }
  }
  void end() { benchmark::DoNotOptimize(scope_.close()); }

 private:
  MemoryScope scope_;
  std::vector<Scratch> borrowed_;
};

/// mimalloc: a heap, destroyed.
template <>
class Step<Mimalloc> {
 public:
  explicit Step(std::size_t count) : blocks_(count) {}
  void begin() {
    heap_ = Mimalloc::functions().heap_new();
    for (void*& block : blocks_) {
      block = Mimalloc::functions().heap_allocate(heap_, page, alignment);
      *static_cast<char*>(block) = 1;
    }
  }
  void end() { Mimalloc::functions().heap_destroy(heap_); }

 private:
  void* heap_ = nullptr;
  std::vector<void*> blocks_;
};

/// Those that know no heaps: a block at a time.
template <typename Allocator>
class BlockStep {
 public:
  explicit BlockStep(std::size_t count) : blocks_(count) {}
  void begin() {
    for (void*& block : blocks_) {
      block = Allocator::allocate(page);
      *static_cast<char*>(block) = 1;
    }
  }
  void end() {
    for (void* block : blocks_) Allocator::free(block);
  }

 private:
  std::vector<void*> blocks_;
};
template <>
class Step<Jemalloc> : public BlockStep<Jemalloc> {
 public:
  using BlockStep::BlockStep;
};
template <>
class Step<Libc> : public BlockStep<Libc> {
 public:
  using BlockStep::BlockStep;
};

/// From the step's first block to its end.
template <typename Allocator>
struct WholeStep {
  static void run(benchmark::State& state, std::size_t count) {
    if (!check<Allocator>(state, page)) return;
    Step<Allocator> step(count);
    for ([[maybe_unused]] auto _ : state) {
      step.begin();
      step.end();
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(count));
  }
};

/// The end alone.
template <typename Allocator>
struct ScopeEnd {
  static void run(benchmark::State& state, std::size_t count) {
    if (!check<Allocator>(state, page)) return;
    Step<Allocator> step(count);
    for ([[maybe_unused]] auto _ : state) {
      step.begin();
      const auto begin = std::chrono::steady_clock::now();
      step.end();
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
      state.SetIterationTime(took.count());
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(count));
  }
};

}  // namespace

void add_scope_rows() {
  for (const std::size_t count : {16, 256, 10000}) add_rows<WholeStep>("step", count);
  add_rows<ScopeEnd>("scope_end", 10000, Timing::manual);
}

}  // namespace frys::bench
