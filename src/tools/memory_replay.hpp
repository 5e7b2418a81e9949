// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Does again what an allocation trace tells, on a memory manager of its own.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "frys/core/result.hpp"
#include "frys/memory/trace.hpp"

namespace frys::tools {

struct MemoryReplayOptions {
  std::uint64_t rounds = 100;  ///< Times the trace is done; the first half warms up.
  std::uint64_t threads = 64;  ///< At most so many; recorded ones beyond share them.
};

/// Scopes of one path.
struct MemoryScopeLine {
  std::string path;
  std::uint64_t opened = 0;
  /// The most bytes in blocks that were allocated there and below, of any one of them.
  std::uint64_t peak_bytes = 0;
};

struct MemoryReplayFigures {
  std::string label;
  std::uint64_t threads = 0;  ///< Recorded.
  std::uint64_t scopes = 0;
  std::uint64_t blocks = 0;
  std::uint64_t reservations = 0;
  std::uint64_t refusals = 0;  ///< Recorded; they are not asked again.
  std::uint64_t old_frees = 0;
  std::int64_t recorded_ns = 0;
  std::uint64_t operations = 0;  ///< A round's.
  std::uint64_t refused = 0;     ///< In the last round, requests that were granted when recorded.
  double ns_per_operation = 0;   ///< The median of the steady rounds.
  std::uint64_t peak_bytes = 0;  ///< Requested, rounded up to 64 a block.
  std::uint64_t committed_bytes = 0;    ///< After the last round, caches included.
  std::uint64_t first_touch_pages = 0;  ///< Of the last round, as are the system calls.
  std::uint64_t system_calls = 0;
  std::vector<MemoryScopeLine> largest;  ///< At most ten, the largest first.

  [[nodiscard]] double committed_over_requested() const {
    return peak_bytes == 0 ? 0
                           : static_cast<double>(committed_bytes) / static_cast<double>(peak_bytes);
  }
};

/// Each recorded thread's events are done by a thread of its own, in the recorded order of all, one
/// at a time, so that what is committed is a function of the trace; the hand-over from thread to
/// thread is not timed. What is left at a round's end goes then. Blocks are not written. The
/// budgets are those recorded, the root's at most this machine's default.
/// Errors: out_of_memory.
Result<MemoryReplayFigures> replay_memory(const std::string& label, const MemoryTrace& trace,
                                          const MemoryReplayOptions& options);

std::string to_text(const MemoryReplayFigures& figures);
std::string to_json(const std::vector<MemoryReplayFigures>& figures);

}  // namespace frys::tools
