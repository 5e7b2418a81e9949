// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Samples who holds how much tensor memory while a workflow runs, and where it lies.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "frys/memory/manager.hpp"
#include "run/run_summary.hpp"

namespace crew {

/// Threads: one.
class MemoryWatch {
 public:
  explicit MemoryWatch(const frys::TensorMemoryManager& memory) : memory_(memory) {}

  /// Reads the live bytes of every scope two levels below the root: those of the agents.
  void sample();

  /// What was seen of `agents` from `start_ns` to `end_ns` of the system clock, with times since
  /// `start_ns`. The last sample before the end is left out: it may be of the scopes' closing.
  [[nodiscard]] std::vector<MemorySample> samples(const std::vector<std::string>& agents,
                                                  std::int64_t start_ns, std::int64_t end_ns) const;
  /// Where the blocks lay when the most bytes were live of all that was seen.
  void describe_fullest(RunSummary& run) const;

 private:
  struct Seen {
    std::int64_t time_ns = 0;
    std::map<std::string, std::uint64_t> live_bytes;
  };
  const frys::TensorMemoryManager& memory_;
  std::vector<Seen> seen_;
  std::size_t most_live_bytes_ = 0;
  frys::ArenaSnapshot fullest_;
};

}  // namespace crew
