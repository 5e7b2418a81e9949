// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "run/memory_watch.hpp"

#include "frys/core/clock.hpp"

namespace crew {

void MemoryWatch::sample() {
  const frys::MemorySnapshot snapshot = memory_.snapshot();
  Seen seen;
  seen.time_ns = frys::system_clock().now_ns();
  for (const frys::ScopeSnapshot& workflow : snapshot.root.children) {
    for (const frys::ScopeSnapshot& agent : workflow.children) {
      seen.live_bytes[agent.stats.name] += agent.stats.live_bytes;
    }
  }
  seen_.push_back(std::move(seen));
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
