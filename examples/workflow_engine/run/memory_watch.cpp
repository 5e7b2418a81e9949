// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "run/memory_watch.hpp"

#include "frys/core/clock.hpp"

namespace crew {

void MemoryWatch::sample() {
  frys::MemorySnapshot snapshot = memory_.snapshot();
  Seen seen;
  seen.time_ns = frys::system_clock().now_ns();
  for (const frys::ScopeSnapshot& workflow : snapshot.root.children) {
    for (const frys::ScopeSnapshot& agent : workflow.children) {
      seen.live_bytes[agent.stats.name] += agent.stats.live_bytes;
    }
  }
  seen_.push_back(std::move(seen));
  if (snapshot.pool.live_bytes <= most_live_bytes_) return;
  most_live_bytes_ = snapshot.pool.live_bytes;
  fullest_ = std::move(snapshot.arena);
}

void MemoryWatch::describe_fullest(RunSummary& run) const {
  for (const frys::SegmentSnapshot& segment : fullest_.segments) {
    SegmentRow& row = run.segments.emplace_back();
    row.extent_bytes = segment.extent_bytes;
    row.cell_bytes = segment.cell_bytes;
    for (const frys::ArenaCell& cell : segment.cells) {
      row.used_bytes.push_back(cell.used_bytes);
      row.ready_bytes.push_back(cell.ready_bytes);
    }
  }
  for (const frys::SizeClassSnapshot& blocks : fullest_.classes) {
    run.blocks.push_back({blocks.block_bytes, blocks.live_blocks, blocks.cached_blocks});
  }
  run.large_block_bytes = fullest_.large_bytes;
}

std::vector<MemorySample> MemoryWatch::samples(const std::vector<std::string>& agents,
                                               std::int64_t start_ns, std::int64_t end_ns) const {
  std::vector<MemorySample> samples;
  for (const Seen& seen : seen_) {
    if (seen.time_ns < start_ns || seen.time_ns > end_ns) continue;
    MemorySample sample;
    sample.time_ns = seen.time_ns - start_ns;
    for (const std::string& agent : agents) {
      const auto found = seen.live_bytes.find(agent);
      sample.live_bytes.push_back(found == seen.live_bytes.end() ? 0 : found->second);
    }
    samples.push_back(std::move(sample));
  }
  if (samples.size() > 1) samples.pop_back();
  return samples;
}

}  // namespace crew
