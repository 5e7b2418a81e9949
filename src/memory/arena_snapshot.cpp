// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What a pool tells of its inside.

#include <algorithm>
#include <bit>
#include <mutex>
#include <new>

#include "memory/pool_core.hpp"

namespace frys::detail {
namespace {

constexpr std::size_t most_cells = 64;

// Calls `visit(run)` from the first page on to the last.
template <typename Visit>
void visit_runs(const Segment& segment, Visit&& visit) noexcept {
  for (std::uint32_t page = 0; page < segment.page_count;) {
    const PageRun* run = segment.run_at(page);
    visit(*run);
    page = run->end();
  }
}

// Spreads a run over the cells that it lies in.
void add_to_cells(SegmentSnapshot& segment, const PageRun& run) noexcept {
  const std::size_t end = std::size_t{run.end()} * heap_page_bytes;
  for (std::size_t at = std::size_t{run.start} * heap_page_bytes; at < end;) {
    ArenaCell& cell = segment.cells[at / segment.cell_bytes];
    const std::size_t stop = std::min(end, (at / segment.cell_bytes + 1) * segment.cell_bytes);
    (run.free ? cell.ready_bytes : cell.used_bytes) += stop - at;
    at = stop;
  }
}

// Under the heap's lock; `cells` has room for all.
void describe(const Segment& segment, SegmentSnapshot& told) noexcept {
  told.mapped_bytes = segment.bytes();
  visit_runs(segment, [&](const PageRun& run) {
    const std::size_t bytes = std::size_t{run.count} * heap_page_bytes;
    if (run.free && !run.warm) return;
    told.extent_bytes = std::size_t{run.end()} * heap_page_bytes;
    if (!run.free) {
      told.used_bytes += bytes;
      return;
    }
    told.ready_bytes += bytes;
    ++told.ready_runs;
    told.largest_ready_bytes = std::max(told.largest_ready_bytes, bytes);
  });
  told.cell_bytes =
      std::max(std::bit_ceil((told.extent_bytes + most_cells - 1) / most_cells), heap_page_bytes);
  told.cells.resize((told.extent_bytes + told.cell_bytes - 1) / told.cell_bytes);
  visit_runs(segment, [&](const PageRun& run) {
    if (!run.free || run.warm) add_to_cells(told, run);
  });
}

}  // namespace

std::vector<SegmentSnapshot> PageHeap::segments() {
  std::vector<SegmentSnapshot> all(stats().segments);
  // No heap memory is asked for under the lock.
  for (SegmentSnapshot& segment : all) segment.cells.reserve(most_cells);
  const std::lock_guard lock(lock_);
  settle();
  auto told = all.begin();
  for (const Segment* segment = segments_; segment != nullptr && told != all.end();
       segment = segment->following) {
    describe(*segment, *told++);
  }
  all.erase(told, all.end());
  return all;
}

ArenaSnapshot PoolCore::arena() const {
  ArenaSnapshot arena;
  arena.segments = heap_.segments();
  arena.large_bytes = heap_.stats().used_bytes();
  std::array<std::uint64_t, size_classes> cached{};
  visit_caches([&cached](const ThreadCache& cache) {
    for (std::size_t index = 0; index < size_classes; ++index) {
      cached[index] += cache.magazines[index].count.load(std::memory_order_relaxed);
    }
  });
  for (std::size_t index = 0; index < size_classes; ++index) {
    const ClassShape& shape = class_shapes[index];
    std::uint64_t slabs = 0;
    std::uint64_t out = 0;
    std::size_t untouched_bytes = 0;
    if (index < slab_classes) {
      SlabList& list = lists_[index];
      const std::lock_guard lock(list.mutex);
      slabs = list.slabs;
      untouched_bytes = list.untouched_bytes();
      out = list.out;
      for (std::uint32_t i = 0; i < list.depot_count; ++i) out -= list.depot[i].count;
    } else {
      slabs = out = class_runs_[index - slab_classes].load(std::memory_order_relaxed);
    }
    if (slabs == 0) continue;
    const std::size_t slab_bytes = slabs * shape.slab_pages * heap_page_bytes;
    arena.large_bytes -= std::min(arena.large_bytes, slab_bytes);
    const std::uint64_t live = out - std::min(out, cached[index]);
    const std::uint64_t blocks = slabs * shape.slab_blocks;
    arena.classes.push_back({.block_bytes = shape.block_bytes,
                             .live_blocks = live,
                             .cached_blocks = blocks - std::min(blocks, live),
                             .slab_bytes = slab_bytes,
                             .untouched_bytes = untouched_bytes});
  }
  return arena;
}

}  // namespace frys::detail
