// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/slab.hpp"

#include <algorithm>
#include <memory>
#include <new>

#include "frys/core/machine.hpp"
#include "memory/private_heap.hpp"

namespace frys::detail {
namespace {

// The bits of a slab's pages from this one on.
constexpr std::uint64_t pages_from(std::size_t page) {
  return page >= most_slab_pages ? 0 : ~std::uint64_t{0} << page;
}

}  // namespace

Slab* Slab::make(std::uint32_t size_class, PageHeap& heap, Status& why) noexcept {
  const ClassShape& shape = class_shapes[size_class];
  const std::size_t bytes = sizeof(Slab) + shape.slab_blocks * sizeof(Block);
  void* raw = PrivateHeap::metadata().allocate(bytes, alignof(Slab));
  if (raw == nullptr) {
    why = Status::out_of_memory();
    return nullptr;
  }
  PageHeap::Cold cold;
  PageRun* run = heap.take(shape.slab_pages, cold, why);
  if (run == nullptr) {
    PrivateHeap::metadata().deallocate(raw, alignof(Slab));
    return nullptr;
  }
  auto* slab = ::new (raw) Slab{};
  slab->base = run->address();
  slab->run = run;
  slab->size_class = size_class;
  slab->cold = cold.mask;
  run->slab = slab;
  // Each page names the run, so that a block is found from its address. Those at its ends do so
  // already, and are read by who frees a neighbour.
  Segment& segment = *run->segment;
  const std::uint32_t handle = segment.index[run->start];
  for (std::uint32_t page = run->start + 1; page + 1 < run->end(); ++page) {
    segment.index[page] = handle;
  }
  return slab;
}

void Slab::destroy(Slab* slab, PageHeap& heap) noexcept {
  const std::uint64_t still_cold = slab->untouched_pages();
  PageRun* run = slab->run;
  run->slab = nullptr;
  PrivateHeap::metadata().deallocate(slab, alignof(Slab));
  heap.give_back(run, still_cold);
}

std::uint64_t Slab::untouched_pages() const noexcept {
  const std::size_t used_bytes =
      round_up(std::size_t{carved} * shape().block_bytes, machine().page_bytes);
  return cold & pages_from(heap_pages_of(used_bytes));
}

Block* Slab::take(PoolCore* pool) noexcept {
  ++out;
  if (Block* block = free_blocks; block != nullptr) {
    free_blocks = block->next;
    return block;
  }
  const std::size_t begin = std::size_t{carved} * shape().block_bytes;
  Block* block = std::construct_at(blocks() + carved);
  ++carved;
  block->origin = static_cast<std::uint16_t>(size_class);
  block->data = base + begin;
  block->slab = this;
  block->pool = pool;
  if (cold != 0) block->fresh_pages = fresh_pages(begin, begin + shape().block_bytes);
  return block;
}

void Slab::put(Block* block) noexcept {
  --out;
  block->next = free_blocks;
  free_blocks = block;
}

bool Slab::next_is_cold() const noexcept {
  if (cold == 0 || free_blocks != nullptr) return false;
  const std::size_t begin = std::size_t{carved} * shape().block_bytes;
  return fresh_pages(begin, begin + shape().block_bytes) != 0;
}

bool Slab::prefault(PageHeap& heap, std::size_t bytes) noexcept {
  const std::size_t slab_bytes = std::size_t{shape().slab_pages} * heap_page_bytes;
  const std::size_t begin = std::min(
      slab_bytes, round_up(std::size_t{carved} * shape().block_bytes, machine().page_bytes));
  // A block may be a quarter larger than what was asked for.
  const std::size_t end =
      round_up(std::min(slab_bytes, begin + bytes + bytes / 4), machine().page_bytes);
  const std::uint64_t behind = pages_from(end / heap_page_bytes);
  const std::uint64_t ahead = pages_from(begin / heap_page_bytes);
  if ((cold & ahead & ~behind) != 0 && !heap.populate(base + begin, end - begin)) return false;
  cold &= behind;
  return true;
}

Block* Slab::block_at(const void* data) noexcept {
  return blocks() +
         static_cast<std::size_t>(static_cast<const std::byte*>(data) - base) / shape().block_bytes;
}

// A system page belongs to the block in which it begins.
std::uint32_t Slab::fresh_pages(std::size_t begin, std::size_t end) const noexcept {
  const std::size_t page_bytes = machine().page_bytes;
  std::uint32_t fresh = 0;
  for (std::size_t at = round_up(begin, page_bytes); at < end; at += page_bytes) {
    fresh += static_cast<std::uint32_t>(cold >> (at / heap_page_bytes) & 1);
  }
  return fresh;
}

}  // namespace frys::detail
