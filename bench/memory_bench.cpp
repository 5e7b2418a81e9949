// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Blocks of memory through `MemoryScope`, beside mimalloc, jemalloc and the C library. Parameters
// are bytes, but for random_sizes (MiB), alloc_tail and cross_thread_free (threads), scope_end and
// simulated_device (blocks) and trace (what was recorded).

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <cstring>

#include "frys/core/machine.hpp"
#include "memory_rows.hpp"
#include "support/ratio_reporter.hpp"

namespace frys::bench {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20;

/// Gets a block, writes its first and last cache line, and frees it.
template <typename Allocator>
struct AllocWriteFree {
  static void run(benchmark::State& state, std::size_t bytes) {
    if (!check<Allocator>(state, bytes)) return;
    for ([[maybe_unused]] auto _ : state) {
      auto block = Allocator::allocate(bytes);
      write_ends(Allocator::data(block), bytes);
      Allocator::free(block);
    }
  }
};

/// The same, writing every byte.
template <typename Allocator>
struct AllocFillFree {
  static void run(benchmark::State& state, std::size_t bytes) {
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
};

/// What every alloc_fill_free is at least: writing a buffer that was written before.
void fill_warm_buffer(benchmark::State& state, std::size_t bytes) {
  void* buffer = std::aligned_alloc(alignment, bytes);
  if (buffer == nullptr) return state.SkipWithError("no memory");
  std::memset(buffer, 1, bytes);
  for ([[maybe_unused]] auto _ : state) {
    std::memset(buffer, 1, bytes);
    benchmark::DoNotOptimize(buffer);
    benchmark::ClobberMemory();
  }
  std::free(buffer);
}

void add_block_rows() {
  const std::size_t most = machine().memory_bytes / 8;  // what every allocator may keep of it
  for (std::size_t bytes = 64; bytes <= 1024 * mib && bytes <= most; bytes *= 4) {
    add_rows<AllocWriteFree>("alloc_write_free", bytes);
  }
  for (std::size_t bytes = mib; bytes <= 256 * mib && bytes <= most; bytes *= 4) {
    add_rows<AllocFillFree>("alloc_fill_free", bytes);
    const std::string name = "alloc_fill_free/" + std::to_string(bytes) + "/memset";
    benchmark::RegisterBenchmark(name.c_str(), fill_warm_buffer, bytes);
  }
}

}  // namespace
}  // namespace frys::bench

int main(int argc, char** argv) {
  frys::bench::init(argc, argv);
  frys::bench::add_block_rows();
  frys::bench::add_thread_rows();
  frys::bench::add_size_rows();
  frys::bench::add_scope_rows();
  frys::bench::add_device_rows();
  frys::bench::add_trace_rows();
  return frys::bench::run(argc, argv);
}
