// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The same work on oneTBB, through its public interface: as `tbb` with its task groups, whose
// caller works along while it waits, and as `tbb_enqueue` handed over to its workers, as ours is.

#include <benchmark/benchmark.h>
#include <tbb/blocked_range.h>
#include <tbb/flow_graph.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <atomic>
#include <deque>
#include <semaphore>
#include <string>

#include "scheduler_bench.hpp"

namespace frys::bench {
namespace {

/// As many workers as cores, and none of its slots kept for callers.
tbb::task_arena& shared_arena() {
  static tbb::task_arena arena(tbb::task_arena::automatic, 0);
  return arena;
}

void submit_empty(benchmark::State& state, std::size_t count) {
  for (auto _ : state) {
    tbb::task_group group;
    for (std::size_t i = 0; i < count; ++i) group.run([] {});
    group.wait();
  }
  state.SetItemsProcessed(state.iterations() * std::int64_t(count));
}

void fork_join(benchmark::State& state, std::size_t width) {
  std::vector<std::uint64_t> out(width);
  for (auto _ : state) {
    tbb::parallel_for(
        tbb::blocked_range<std::size_t>(0, width, 1),
        [&](const tbb::blocked_range<std::size_t>& range) {
          for (std::size_t i = range.begin(); i < range.end(); ++i) out[i] = some_work(i);
        },
        tbb::simple_partitioner());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * std::int64_t(width));
}

/// What our `submit` is: handed over from outside, nobody helps.
void enqueue_empty(benchmark::State& state, std::size_t count) {
  tbb::task_arena& arena = shared_arena();
  for (auto _ : state) {
    std::atomic<std::size_t> left{count};
    std::binary_semaphore done{0};
    for (std::size_t i = 0; i < count; ++i) {
      arena.enqueue([&] {
        if (left.fetch_sub(1, std::memory_order_acq_rel) == 1) done.release();
      });
    }
    done.acquire();
  }
  state.SetItemsProcessed(state.iterations() * std::int64_t(count));
}

struct EnqueuedLink {
  std::size_t left;
  std::binary_semaphore* done;
  void operator()() const {
    if (left > 1) {
      shared_arena().enqueue(EnqueuedLink{left - 1, done});
    } else {
      done->release();
    }
  }
};

void enqueued_chain(benchmark::State& state, std::size_t length) {
  for (auto _ : state) {
    std::binary_semaphore done{0};
    shared_arena().enqueue(EnqueuedLink{length, &done});
    done.acquire();
  }
  state.SetItemsProcessed(state.iterations() * std::int64_t(length));
}

struct Link {
  tbb::task_group* group;
  std::size_t left;
  void operator()() const {
    if (left > 1) group->run(Link{group, left - 1});
  }
};

void chain(benchmark::State& state, std::size_t length) {
  for (auto _ : state) {
    tbb::task_group group;
    group.run(Link{&group, length});
    group.wait();
  }
  state.SetItemsProcessed(state.iterations() * std::int64_t(length));
}

void bulk(benchmark::State& state, std::size_t count) {
  std::vector<float> x(count, 1.5F);
  std::vector<float> y(count, 0.5F);
  for (auto _ : state) {
    tbb::parallel_for(tbb::blocked_range<std::size_t>(0, count, bulk_grain),
                      [&](const tbb::blocked_range<std::size_t>& range) {
                        add_scaled(y.data(), x.data(), range.begin(), range.end());
                      });
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * std::int64_t(count) * 12);
}

void workflow_overhead(benchmark::State& state, std::size_t steps) {
  using Node = tbb::flow::continue_node<tbb::flow::continue_msg>;
  for (auto _ : state) {
    tbb::flow::graph graph;
    std::deque<Node> nodes;
    for (std::size_t i = 0; i < steps; ++i) {
      nodes.emplace_back(graph, [](const tbb::flow::continue_msg&) {});
      if (i < layer_width) continue;
      const std::size_t layer = (i / layer_width - 1) * layer_width;
      tbb::flow::make_edge(nodes[i - layer_width], nodes[i]);
      tbb::flow::make_edge(nodes[layer + (i + 1) % layer_width], nodes[i]);
    }
    for (std::size_t i = 0; i < layer_width && i < steps; ++i) {
      nodes[i].try_put(tbb::flow::continue_msg());
    }
    graph.wait_for_all();
  }
  state.SetItemsProcessed(state.iterations() * std::int64_t(steps));
}

template <typename Body>
void add(const char* workload, const std::vector<std::size_t>& sizes, Body body,
         const char* who = "tbb") {
  for (const std::size_t size : sizes) {
    const std::string name = std::string(workload) + "/" + std::to_string(size) + "/" + who;
    benchmark::RegisterBenchmark(name.c_str(), body, size)->UseRealTime();
  }
}

}  // namespace

void register_tbb(const SchedulerSizes& sizes) {
  add("submit_empty", sizes.submit, submit_empty);
  add("submit_empty", sizes.submit, enqueue_empty, "tbb_enqueue");
  add("fork_join", sizes.fork, fork_join);
  add("chain", sizes.chain, chain);
  add("chain", sizes.chain, enqueued_chain, "tbb_enqueue");
  add("bulk", sizes.bulk, bulk);
  add("workflow_overhead", sizes.steps, workflow_overhead);
}

}  // namespace frys::bench
