// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What opening and closing a kernel costs, and what a step costs that is remembered. There is no
// peer that does this work; the rows stand alone.

#include <frys/frys.hpp>

#include <benchmark/benchmark.h>

#include <optional>
#include <string>

#include "support/ratio_reporter.hpp"
#include "support/temporary_folder.hpp"

namespace {

void open_empty(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    std::optional<frys::bench::TemporaryFolder> folder(std::in_place);
    if (folder->path().empty()) return state.SkipWithError("no temporary folder");
    state.ResumeTiming();
    auto kernel = frys::Kernel::open({.data_dir = folder->path() + "/data"});
    state.PauseTiming();
    if (!kernel) return state.SkipWithError(kernel.error().to_string().c_str());
    (void)kernel->close();
    folder.reset();  // Removing it is not timed.
    state.ResumeTiming();
  }
}

void remembered_steps(benchmark::State& state, int steps) {
  const frys::bench::TemporaryFolder folder;
  if (folder.path().empty()) return state.SkipWithError("no temporary folder");
  auto kernel = frys::Kernel::open({.data_dir = folder.path() + "/data"});
  if (!kernel) return state.SkipWithError(kernel.error().to_string().c_str());
  for (auto _ : state) {
    frys::WorkflowGraph graph("bench");
    for (int i = 0; i < steps; ++i) {
      (void)graph.add_step({.name = std::to_string(i),
                            .type = "empty",
                            .run = [](frys::StepContext&) -> frys::Status { return {}; }});
    }
    const auto id = kernel->scheduler().submit(std::move(graph));
    const auto report = id ? kernel->scheduler().wait(*id) : id.error();
    if (!report || !report->status.ok()) return state.SkipWithError("the workflow failed");
  }
  state.SetItemsProcessed(state.iterations() * steps);
  (void)kernel->close();
}

}  // namespace

int main(int argc, char** argv) {
  frys::bench::init(argc, argv);
  benchmark::RegisterBenchmark("kernel_open/0/frys", open_empty)
      ->Unit(benchmark::kMillisecond)
      ->Iterations(20)
      ->UseRealTime();
  benchmark::RegisterBenchmark("remembered_steps/1000/frys", remembered_steps, 1000)
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime();
  return frys::bench::run(argc, argv);
}
