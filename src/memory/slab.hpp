// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A run of pages cut into blocks of one size class.
//
// Layout: the slab's description and, right behind it, one record a block, in one heap allocation
// apart from the blocks. Blocks are carved in order of address when first needed, so that pages are
// touched in order, and kept on a list from then on.

#pragma once

#include <cstdint>

#include "memory/block.hpp"
#include "memory/page_heap.hpp"

namespace frys::detail {

/// Threads: guarded by the lock of its class, but for `base` and `size_class`, which stay.
struct alignas(64) Slab {
  std::byte* base;
  PageRun* run;
  Slab* previous;  ///< In the class's list, while it has blocks to give.
  Slab* following;
  Block* free_blocks;
  std::uint32_t size_class;
  std::uint32_t carved;  ///< Blocks made so far, from the front.
  std::uint32_t out;     ///< Blocks that are not here: with callers, or cached by threads.
  std::uint64_t cold;    ///< A bit for each page that was never touched when the run was taken.

  [[nodiscard]] const ClassShape& shape() const noexcept { return class_shapes[size_class]; }
  [[nodiscard]] Block* blocks() noexcept { return reinterpret_cast<Block*>(this + 1); }

  /// Takes pages and makes a slab of them. Null when refused; then `why` says so.
  static Slab* make(std::uint32_t size_class, PageHeap& heap, Status& why) noexcept;
  /// Gives the pages back. Precondition: `out` is 0.
  static void destroy(Slab* slab, PageHeap& heap) noexcept;

  [[nodiscard]] bool exhausted() const noexcept {
    return free_blocks == nullptr && carved == shape().slab_blocks;
  }
  /// Gives one block, carving it when none was given back. Precondition: not `exhausted()`.
  Block* take(PoolCore* pool) noexcept;
  void put(Block* block) noexcept;
  /// True when the next block taken lies on pages that were never touched.
  [[nodiscard]] bool next_is_cold() const noexcept;
  /// Touches as much of what is not carved yet as the blocks of `bytes` bytes take. False when the
  /// system has no memory for it.
  bool prefault(PageHeap& heap, std::size_t bytes) noexcept;
  /// A bit for each page that was never touched, as no block on it was carved or made ready.
  [[nodiscard]] std::uint64_t untouched_pages() const noexcept;
  /// The record of the block that starts at `data`.
  Block* block_at(const void* data) noexcept;

 private:
  [[nodiscard]] std::uint32_t fresh_pages(std::size_t begin, std::size_t end) const noexcept;
};
static_assert(sizeof(Slab) % alignof(Block) == 0);

}  // namespace frys::detail
