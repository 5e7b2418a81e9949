// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What the rows of memory_bench share.

#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>
#include <string>

#include "peers/allocators.hpp"

namespace frys::bench {

/// Fails the row and returns false unless the allocator gives what is asked.
template <typename Allocator>
bool check(benchmark::State& state, std::size_t bytes) {
  typename Allocator::Block block{};
  const std::string ready = Allocator::ready();
  if (ready.empty()) block = Allocator::allocate(bytes);
  const std::string problem = problem_with(ready, Allocator::data(block), bytes);
  if (Allocator::data(block) != nullptr) Allocator::free(block);
  if (!problem.empty()) state.SkipWithError(problem.c_str());
  return problem.empty();
}

/// Writes the first and the last cache line.
inline void write_ends(char* data, std::size_t bytes) {
  data[0] = 1;
  data[bytes - 1] = 1;
  benchmark::DoNotOptimize(data);
  benchmark::ClobberMemory();
}

/// Registers `<workload>/<parameter>/<who>`, one row an allocator, one after the other, so that
/// they are measured side by side. `Row` is a template whose `run` is the row's function.
enum class Timing { own_thread, wall, manual };
template <template <typename> class Row>
void add_rows(const std::string& workload, std::size_t parameter,
              Timing timing = Timing::own_thread) {
  const std::string name = workload + "/" + std::to_string(parameter) + "/";
  const auto add = [&]<typename Allocator>(Allocator) {
    auto* row = benchmark::RegisterBenchmark((name + Allocator::who).c_str(), Row<Allocator>::run,
                                             parameter);
    if (timing == Timing::wall) row->UseRealTime();
    if (timing == Timing::manual) row->UseManualTime();
  };
  add(Frys());
  add(Mimalloc());
  add(Jemalloc());
  add(Libc());
}

void add_thread_rows();
void add_size_rows();
void add_scope_rows();
void add_device_rows();
void add_trace_rows();

}  // namespace frys::bench
