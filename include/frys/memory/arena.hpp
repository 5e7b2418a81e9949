// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What a pool's memory looks like from inside: which parts of its ranges are in use, and what its
// size classes hold. For pictures and for questions about fragmentation.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace frys {

/// Part of a segment.
struct ArenaCell {
  std::size_t used_bytes = 0;   ///< In large blocks and slabs.
  std::size_t ready_bytes = 0;  ///< Free, and touched before: for the next caller.
};

/// One range of addresses that a pool reserved.
struct SegmentSnapshot {
  std::size_t mapped_bytes = 0;
  std::size_t used_bytes = 0;
  std::size_t ready_bytes = 0;          ///< Free and committed.
  std::size_t ready_runs = 0;           ///< Pieces that those are in.
  std::size_t largest_ready_bytes = 0;  ///< The longest of them.
  std::size_t extent_bytes = 0;         ///< From its begin to the last byte used or ready.
  /// Of each cell, but the last may be shorter: a power of two, so that at most 64 make the extent.
  std::size_t cell_bytes = 0;
  std::vector<ArenaCell> cells;  ///< From the begin to the extent.
};

/// Blocks of one size, 64 B to 1 MiB. Taken while others work, the parts are each true but not of
/// one instant.
struct SizeClassSnapshot {
  std::size_t block_bytes = 0;
  std::uint64_t live_blocks = 0;
  std::uint64_t cached_blocks = 0;  ///< Free: with threads, in the depot, or in slabs.
  std::size_t slab_bytes = 0;       ///< Of the pages that these blocks are cut from.
  std::size_t untouched_bytes = 0;  ///< Of those, cold pages that no block was cut from: not
                                    ///< committed, but in a segment's `used_bytes`.
};

struct ArenaSnapshot {
  std::vector<SegmentSnapshot> segments;
  std::vector<SizeClassSnapshot> classes;  ///< Those that have pages, by size.
  std::size_t large_bytes = 0;             ///< In blocks above 1 MiB.
};

}  // namespace frys
