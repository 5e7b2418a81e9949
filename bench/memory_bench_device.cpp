// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Device memory whose blocks follow streams, on a simulated device.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "frys/core/random.hpp"
#include "frys/memory/simulated_device.hpp"
#include "frys/memory/stream_pool.hpp"
#include "memory_rows.hpp"

namespace frys::bench {
namespace {

/// Device memory with `live` blocks of log-uniform sizes from 256 B to 1 MiB over four streams that
/// all have work to do; each iteration frees one at random and allocates another on a random
/// stream. No byte is touched: what is measured is the pool, and the simulated driver's little.
void simulated_device(benchmark::State& state, std::size_t live) {
  struct Step {
    std::uint32_t slot;
    std::uint32_t bytes;
    std::uint32_t stream;
  };
  struct Block {
    void* data;
    std::uint32_t bytes;
    std::uint32_t stream;
  };
  SimulatedDevice device(std::size_t{1} << 40);
  const auto pool = StreamOrderedPool::create(device).value_or(nullptr);
  void* work = device.reserve(1024).value_or(nullptr);
  std::array<Stream, 4> streams;
  for (std::size_t i = 0; i < streams.size(); ++i) {
    streams[i] = device.create_stream().value_or(Stream{});
    if (!device.write(streams[i], static_cast<char*>(work) + 256 * i, 256, 1'000'000'000).ok()) {
      return state.SkipWithError("the device does not work");
    }
  }
  SeededRandom random(42);
  const auto draw = [&](std::uint64_t slot) {
    const std::uint64_t octave = std::uint64_t{512} << random.next_below(12);
    return Step{static_cast<std::uint32_t>(slot),
                static_cast<std::uint32_t>(octave / 2 + random.next_below(octave / 2) + 1),
                static_cast<std::uint32_t>(random.next_below(streams.size()))};
  };
  std::vector<Block> held(live);
  const auto fill = [&](const Step& step) {
    const auto block = pool->allocate(step.bytes, streams[step.stream]);
    held[step.slot] = {block.value_or(nullptr), step.bytes, step.stream};
    return block.has_value();
  };
  const auto replace = [&](const Step& step) {
    const Block& old = held[step.slot];
    return pool->deallocate(old.data, old.bytes, streams[old.stream]).ok() && fill(step);
  };
  bool good = true;
  for (std::size_t slot = 0; slot < live; ++slot) good &= fill(draw(slot));
  for (std::size_t i = 0; i < 4 * live; ++i) good &= replace(draw(random.next_below(live)));
  std::vector<Step> steps(1 << 17);
  for (Step& step : steps) step = draw(random.next_below(live));
  std::size_t at = 0;
  for ([[maybe_unused]] auto _ : state) good &= replace(steps[at++ % steps.size()]);
  if (!good) state.SkipWithError("the pool refused");
  for (const Block& block : held) (void)pool->deallocate(block.data, block.bytes, {});
}

}  // namespace

void add_device_rows() {
  for (const std::size_t live : {1000, 10000, 100000}) {
    const std::string name = "simulated_device/" + std::to_string(live) + "/frys";
    benchmark::RegisterBenchmark(name.c_str(), simulated_device, live);
  }
}

}  // namespace frys::bench
