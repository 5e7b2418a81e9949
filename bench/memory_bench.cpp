// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Blocks of memory through `MemoryScope::allocate`, with budgets, statistics and reference counts
// on, beside mimalloc and the C library giving plain 64-byte-aligned blocks.
//
// mimalloc is loaded at run time into a scope of its own: linked, it would replace `malloc` for the
// whole process, and the C library's rows would measure it too.

#include <benchmark/benchmark.h>
#include <dlfcn.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "frys/core/machine.hpp"
#include "frys/core/random.hpp"
#include "frys/memory/manager.hpp"
#include "support/ratio_reporter.hpp"

namespace {

constexpr std::size_t alignment = 64;
constexpr std::size_t page = 4096;

// What a workload needs of an allocator. `ready` says why it cannot run, or nothing.
struct Frys {
  using Block = frys::Storage;
  static constexpr const char* who = "frys";
  static std::string ready() { return scope().is_open() ? "" : "the memory manager did not open"; }

  /// A step's scope, at the depth that a workflow's steps have.
  static const frys::MemoryScope& scope() {
    static const frys::MemoryScope step = open();
    return step;
  }
  static frys::MemoryScope open() {
    static auto manager = frys::TensorMemoryManager::create({}, {});
    if (!manager) return {};
    auto agent = manager->agent_scope("workflow", "agent");
    return agent ? agent->child("step").value_or(frys::MemoryScope()) : frys::MemoryScope();
  }
  static Block allocate(std::size_t bytes) {
    auto block = scope().allocate(bytes);
    return block ? *std::move(block) : frys::Storage();
  }
  static char* data(const Block& block) { return static_cast<char*>(block.data()); }
  static void free(Block& block) { block.reset(); }
};

struct Libc {
  using Block = void*;
  static constexpr const char* who = "libc";
  static std::string ready() { return ""; }
  static Block allocate(std::size_t bytes) {
    return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  }
  static char* data(Block block) { return static_cast<char*>(block); }
  static void free(Block block) { std::free(block); }
};

struct Mimalloc {
  using Block = void*;
  static constexpr const char* who = "mimalloc";

  struct Functions {
    void* (*allocate)(std::size_t bytes, std::size_t alignment) = nullptr;
    void (*free)(void* block) = nullptr;
    void* (*heap_new)() = nullptr;
    void* (*heap_allocate)(void* heap, std::size_t bytes, std::size_t alignment) = nullptr;
    void (*heap_destroy)(void* heap) = nullptr;
    std::string problem;

    Functions() {
      void* library = ::dlopen("libmimalloc.so.2", RTLD_NOW | RTLD_LOCAL);
      if (library == nullptr) library = ::dlopen("libmimalloc.so", RTLD_NOW | RTLD_LOCAL);
      if (library == nullptr) {
        problem = "mimalloc is not installed";
      } else if (!(find(library, "mi_malloc_aligned", allocate) && find(library, "mi_free", free) &&
                   find(library, "mi_heap_new", heap_new) &&
                   find(library, "mi_heap_malloc_aligned", heap_allocate) &&
                   find(library, "mi_heap_destroy", heap_destroy))) {
        problem = "this mimalloc lacks a function";
      }
    }
    template <typename Function>
    static bool find(void* library, const char* name, Function& function) {
      function = reinterpret_cast<Function>(::dlsym(library, name));
      return function != nullptr;
    }
  };
  static const Functions& functions() {
    static const Functions loaded;
    return loaded;
  }
  static std::string ready() { return functions().problem; }
  static Block allocate(std::size_t bytes) { return functions().allocate(bytes, alignment); }
  static char* data(Block block) { return static_cast<char*>(block); }
  static void free(Block block) { functions().free(block); }
};

/// Fails the row unless the allocator gives what was asked: some versions of mimalloc misalign
/// blocks whose size is their alignment. The block is written once, so that rows of large blocks,
/// which have few iterations, tell what a block costs again and not what it costs first.
template <typename Allocator>
bool check(benchmark::State& state, std::size_t bytes) {
  std::string problem = Allocator::ready();
  if (problem.empty()) {
    auto block = Allocator::allocate(bytes);
    const char* data = Allocator::data(block);
    if (data == nullptr) {
      problem = "no memory";
    } else if (reinterpret_cast<std::uintptr_t>(data) % alignment != 0) {
      problem = "misaligned block";
    } else {
      std::memset(Allocator::data(block), 1, bytes);
    }
    if (data != nullptr) Allocator::free(block);
  }
  if (!problem.empty()) state.SkipWithError(problem.c_str());
  return problem.empty();
}

/// Gets a block, writes one byte in each of its pages, and frees it: one row a size.
template <typename Allocator>
void alloc_write_free(benchmark::State& state, std::size_t bytes) {
  if (!check<Allocator>(state, bytes)) return;
  for ([[maybe_unused]] auto _ : state) {
    auto block = Allocator::allocate(bytes);
    char* data = Allocator::data(block);
    for (std::size_t at = 0; at < bytes; at += page) data[at] = 1;
    benchmark::DoNotOptimize(data);
    benchmark::ClobberMemory();
    Allocator::free(block);
  }
}

/// The same, writing every byte.
template <typename Allocator>
void alloc_fill_free(benchmark::State& state, std::size_t bytes) {
  if (!check<Allocator>(state, bytes)) return;
  for ([[maybe_unused]] auto _ : state) {
    auto block = Allocator::allocate(bytes);
    std::memset(Allocator::data(block), 1, bytes);
    benchmark::DoNotOptimize(Allocator::data(block));
    benchmark::ClobberMemory();
    Allocator::free(block);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

/// One thread allocates and writes batches, another frees them: one batch an iteration.
template <typename Allocator>
void cross_thread_free(benchmark::State& state, std::size_t bytes) {
  if (!check<Allocator>(state, bytes)) return;
  constexpr std::size_t batch_blocks = 128;
  struct Batch {
    std::array<typename Allocator::Block, batch_blocks> blocks;
    std::atomic<bool> full{false};
  };
  auto ring = std::make_unique<std::array<Batch, 4>>();
  std::atomic<bool> ended{false};
  std::thread consumer([&] {
    for (std::size_t turn = 0;; turn = (turn + 1) % ring->size()) {
      Batch& batch = (*ring)[turn];
      while (!batch.full.load(std::memory_order_acquire)) {
        if (ended.load(std::memory_order_acquire) && !batch.full.load()) return;
        std::this_thread::yield();
      }
      for (auto& block : batch.blocks) Allocator::free(block);
      batch.full.store(false, std::memory_order_release);
    }
  });
  std::size_t turn = 0;
  for ([[maybe_unused]] auto _ : state) {
    Batch& batch = (*ring)[turn];
    while (batch.full.load(std::memory_order_acquire)) std::this_thread::yield();
    for (auto& block : batch.blocks) {
      block = Allocator::allocate(bytes);
      *Allocator::data(block) = 1;
    }
    batch.full.store(true, std::memory_order_release);
    turn = (turn + 1) % ring->size();
  }
  ended.store(true, std::memory_order_release);
  consumer.join();
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch_blocks));
}

/// A working set of 512 blocks of log-uniform sizes up to `most_bytes`; each iteration replaces one
/// at random. Every allocator sees the same sequence.
template <typename Allocator>
void random_sizes(benchmark::State& state, std::size_t most_bytes) {
  if (!check<Allocator>(state, most_bytes)) return;
  struct Step {
    std::uint32_t slot;
    std::uint32_t bytes;
  };
  std::vector<Step> steps(1 << 14);
  frys::SeededRandom random(42);
  for (Step& step : steps) {
    std::size_t octave = most_bytes;
    for (std::uint64_t halvings = random.next_below(10); halvings > 0; --halvings) octave /= 2;
    step.slot = static_cast<std::uint32_t>(random.next_below(512));
    step.bytes = static_cast<std::uint32_t>(octave / 2 + random.next_below(octave / 2) + 1);
  }
  std::vector<typename Allocator::Block> held(512);
  for (auto& block : held) block = Allocator::allocate(64);
  std::size_t at = 0;
  for ([[maybe_unused]] auto _ : state) {
    const Step step = steps[at++ % steps.size()];
    Allocator::free(held[step.slot]);
    held[step.slot] = Allocator::allocate(step.bytes);
    *Allocator::data(held[step.slot]) = 1;
  }
  for (auto& block : held) Allocator::free(block);
}

/// A step's temporaries: `count` blocks of 4 KiB, all written and all gone at the step's end.
/// frys: a scope of the step's own with scratch from it, closed. mimalloc: a heap, destroyed.
/// libc: a block at a time.
template <typename Allocator>
void scope_end(benchmark::State& state, std::size_t count) {
  if (!check<Allocator>(state, page)) return;
  std::vector<void*> blocks(count);
  std::vector<frys::Scratch> borrowed(count);
  for ([[maybe_unused]] auto _ : state) {
    if constexpr (std::is_same_v<Allocator, Frys>) {
      frys::MemoryScope step = Frys::scope().child("step").value_or(frys::MemoryScope());
      for (frys::Scratch& scratch : borrowed) {
        scratch = step.scratch(page).value_or(frys::Scratch());
        scratch.bytes()[0] = std::byte{1};
      }
      benchmark::DoNotOptimize(step.close());
    } else if constexpr (std::is_same_v<Allocator, Mimalloc>) {
      void* heap = Mimalloc::functions().heap_new();
      for (void*& block : blocks) {
        block = Mimalloc::functions().heap_allocate(heap, page, alignment);
        *static_cast<char*>(block) = 1;
      }
      Mimalloc::functions().heap_destroy(heap);
    } else {
      for (void*& block : blocks) {
        block = Libc::allocate(page);
        *static_cast<char*>(block) = 1;
      }
      for (void* block : blocks) Libc::free(block);
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(count));
}

using Row = void (*)(benchmark::State&, std::size_t);

/// One row for each allocator, one after the other, so that they are measured side by side.
void add_rows(const std::string& workload, std::size_t parameter, std::array<Row, 3> rows) {
  const std::string name = workload + "/" + std::to_string(parameter) + "/";
  const std::array<const char*, 3> who = {Frys::who, Mimalloc::who, Libc::who};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    benchmark::RegisterBenchmark((name + who[i]).c_str(), rows[i], parameter);
  }
}

}  // namespace

int main(int argc, char** argv) {
  frys::bench::init(argc, argv);
  constexpr std::size_t gib = std::size_t{1} << 30;
  const std::size_t most = frys::machine().memory_bytes / 4;  // one block, twice over, and change
  for (std::size_t bytes = 64; bytes <= gib && bytes <= most; bytes *= 4) {
    add_rows("alloc_write_free", bytes,
             {alloc_write_free<Frys>, alloc_write_free<Mimalloc>, alloc_write_free<Libc>});
  }
  if (frys::bench::full() && 4 * gib <= most) {
    add_rows("alloc_write_free", 4 * gib,
             {alloc_write_free<Frys>, alloc_write_free<Mimalloc>, alloc_write_free<Libc>});
  }
  for (std::size_t bytes : {std::size_t{4096}, std::size_t{1} << 18, std::size_t{1} << 24, gib}) {
    if (bytes > most) continue;
    add_rows("alloc_fill_free", bytes,
             {alloc_fill_free<Frys>, alloc_fill_free<Mimalloc>, alloc_fill_free<Libc>});
  }
  for (std::size_t bytes : {std::size_t{64}, std::size_t{4096}, std::size_t{1} << 16}) {
    add_rows("cross_thread_free", bytes,
             {cross_thread_free<Frys>, cross_thread_free<Mimalloc>, cross_thread_free<Libc>});
  }
  for (std::size_t bytes : {std::size_t{1} << 12, std::size_t{1} << 16, std::size_t{1} << 20}) {
    add_rows("random_sizes", bytes,
             {random_sizes<Frys>, random_sizes<Mimalloc>, random_sizes<Libc>});
  }
  for (std::size_t count : {std::size_t{16}, std::size_t{256}}) {
    add_rows("scope_end", count, {scope_end<Frys>, scope_end<Mimalloc>, scope_end<Libc>});
  }
  return frys::bench::run(argc, argv);
}
