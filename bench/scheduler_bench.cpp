// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What a task, a fork and a step of a workflow cost here, beside oneTBB.
//   submit_empty   n empty tasks from outside, until the last has run
//   fork_join      a microsecond of work on each of n indices, one at a time
//   chain          a task that submits the next, n long
//   bulk           y[i] += a · x[i] for n floats
//   workflow_overhead   a graph of n steps that do nothing, built, run and reported. Ours predicts,
//                  admits, gives each step a memory scope and learns from it; TBB's flow graph does
//                  none of that, so the ratio is what all of it costs.

#include "scheduler_bench.hpp"

#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <semaphore>
#include <string>

#include "frys/core/machine.hpp"
#include "frys/memory/manager.hpp"
#include "frys/scheduler/thread_pool.hpp"
#include "frys/scheduler/workflow_scheduler.hpp"
#include "support/ratio_reporter.hpp"

namespace frys::bench {
namespace {

ThreadPool& pool() {
  static const std::unique_ptr<ThreadPool> shared = *ThreadPool::create();
  return *shared;
}

void submit_empty(benchmark::State& state, std::size_t count) {
  for (auto _ : state) {
    std::atomic<std::size_t> left{count};
    std::binary_semaphore done{0};
    for (std::size_t i = 0; i < count; ++i) {
      static_cast<void>(pool().submit([&] {
        if (left.fetch_sub(1, std::memory_order_acq_rel) == 1) done.release();
      }));
    }
    done.acquire();
  }
  state.SetItemsProcessed(state.iterations() * std::int64_t(count));
}

void fork_join(benchmark::State& state, std::size_t width) {
  std::vector<std::uint64_t> out(width);
  for (auto _ : state) {
    pool().bulk(width, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) out[i] = some_work(i);
    });
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * std::int64_t(width));
}

struct Link {
  std::size_t left;
  std::binary_semaphore* done;
  void operator()() {
    if (--left == 0) {
      done->release();
    } else {
      static_cast<void>(pool().submit(*this));
    }
  }
};

void chain(benchmark::State& state, std::size_t length) {
  for (auto _ : state) {
    std::binary_semaphore done{0};
    static_cast<void>(pool().submit(Link{length, &done}));
    done.acquire();
  }
  state.SetItemsProcessed(state.iterations() * std::int64_t(length));
}

void bulk(benchmark::State& state, std::size_t count) {
  std::vector<float> x(count, 1.5F);
  std::vector<float> y(count, 0.5F);
  for (auto _ : state) {
    pool().bulk(count, bulk_grain, [&](std::size_t begin, std::size_t end) {
      add_scaled(y.data(), x.data(), begin, end);
    });
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * std::int64_t(count) * 12);
}

WorkflowGraph layered_graph(std::size_t steps) {
  WorkflowGraph graph("layers");
  for (std::size_t i = 0; i < steps; ++i) {
    StepSpec spec{.name = std::to_string(i), .type = "empty", .agent = "nobody"};
    if (i >= layer_width) {
      const std::size_t layer = (i / layer_width - 1) * layer_width;
      spec.after = {StepId{i - layer_width}, StepId{layer + (i + 1) % layer_width}};
    }
    spec.run = [](StepContext&) { return Status(); };
    static_cast<void>(graph.add_step(std::move(spec)));
  }
  return graph;
}

void workflow_overhead(benchmark::State& state, std::size_t steps) {
  Environment environment;
  environment.executor = &pool();
  auto memory = *TensorMemoryManager::create({}, environment);
  auto scheduler = *WorkflowScheduler::create({}, memory, environment);
  for (auto _ : state) {
    const auto id = scheduler->submit(layered_graph(steps));
    const auto report = scheduler->wait(*id);
    if (!report || !report->status.ok()) state.SkipWithError("the workflow failed");
  }
  state.SetItemsProcessed(state.iterations() * std::int64_t(steps));
}

template <typename Body>
void add(const char* workload, const std::vector<std::size_t>& sizes, Body body) {
  for (const std::size_t size : sizes) {
    const std::string name = std::string(workload) + "/" + std::to_string(size) + "/frys";
    benchmark::RegisterBenchmark(name.c_str(), body, size)->UseRealTime();
  }
}

}  // namespace

void register_frys(const SchedulerSizes& sizes) {
  add("submit_empty", sizes.submit, submit_empty);
  add("fork_join", sizes.fork, fork_join);
  add("chain", sizes.chain, chain);
  add("bulk", sizes.bulk, bulk);
  add("workflow_overhead", sizes.steps, workflow_overhead);
}

}  // namespace frys::bench

int main(int argc, char** argv) {
  frys::bench::init(argc, argv);
  frys::bench::SchedulerSizes sizes;
  if (frys::bench::full()) {
    sizes.submit.push_back(1'000'000);
    sizes.fork.push_back(4'096);
    sizes.chain.push_back(1'000'000);
    sizes.bulk.push_back(20'000'000);
    sizes.steps.push_back(20'000);
  }
  frys::bench::register_frys(sizes);
  frys::bench::register_tbb(sizes);
  return frys::bench::run(argc, argv);
}
