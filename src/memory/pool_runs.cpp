// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The pool's blocks that are runs of the page heap.

#include <algorithm>

#include "frys/core/machine.hpp"
#include "memory/pool_core.hpp"

namespace frys::detail {

Block* PoolCore::take_run(std::size_t pages, std::uint16_t origin, Status& why,
                          std::uint32_t alignment) noexcept {
  PageHeap::Cold cold;
  PageRun* run = heap_.try_take(pages, alignment);
  if (run == nullptr) {
    collect_before_growth(pages);
    run = heap_.take(pages, cold, why, alignment);
    if (run == nullptr) return nullptr;
    keep_limit();
  }
  references_.fetch_add(1, std::memory_order_relaxed);
  run->origin = origin;
  if (origin != origin_run) {
    class_runs_[origin - slab_classes].fetch_add(1, std::memory_order_relaxed);
  }
  run->data = run->address();
  run->pool = this;
  run->fresh_pages =
      static_cast<std::uint32_t>(cold.pages / (machine().page_bytes / heap_page_bytes));
  return run;
}

Block* PoolCore::allocate_run(std::size_t bytes, Status& why, std::uint32_t alignment) noexcept {
  if (bytes > max_request_bytes) {
    why = Status::out_of_memory();
    return nullptr;
  }
  Block* block = take_run(heap_pages_of(bytes + red_zone_bytes_), origin_run, why, alignment);
  if (block != nullptr) make_ready(block, bytes);
  return block;
}

void PoolCore::deallocate_run(Block* block) noexcept {
  auto* run = static_cast<PageRun*>(block);
  poison(block->data, std::size_t{run->count} * heap_page_bytes, on_valgrind_);
  heap_.give_back(run);
  release(1);
}

void PoolCore::put_runs(Chain chain) noexcept {
  class_runs_[chain.head->origin - slab_classes].fetch_sub(chain.count, std::memory_order_relaxed);
  heap_.give_back_all(chain.head);
  release(chain.count);
}

Block* PoolCore::allocate_aligned(std::size_t bytes, std::size_t alignment, Status& why) noexcept {
  if (alignment <= unit_bytes) return allocate(bytes, why);
  const std::size_t size = std::max(bytes, std::size_t{1});
  if (alignment > heap_page_bytes) {
    return allocate_run(size, why, static_cast<std::uint32_t>(alignment / heap_page_bytes));
  }
  const std::size_t padded = round_up(size + red_zone_bytes_, alignment);
  if (padded > largest_slab_class_bytes) return allocate(bytes, why);  // runs start at pages
  std::size_t index = class_of_bytes(padded);
  while (class_shapes[index].block_bytes % alignment != 0) ++index;  // 32 KiB is such a class
  Block* block = take_class(index, why);
  if (block != nullptr) make_ready(block, bytes);
  return block;
}

Block* PoolCore::block_at(const void* data) noexcept {
  PageRun* run = PageHeap::find(data);
  if (run == nullptr) return nullptr;
  return run->slab != nullptr ? run->slab->block_at(data) : run;
}

}  // namespace frys::detail
