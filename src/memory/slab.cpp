// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/slab.hpp"

#include <algorithm>
#include <memory>
#include <new>

#include "frys/core/machine.hpp"

namespace frys::detail {

Slab* Slab::make(std::uint32_t size_class, PageHeap& heap, Status& why) noexcept {
  const ClassShape& shape = class_shapes[size_class];
  const std::size_t bytes = sizeof(Slab) + shape.slab_blocks * sizeof(Block);
  void* raw = ::operator new(bytes, std::align_val_t{alignof(Slab)}, std::nothrow);
  if (raw == nullptr) {
    why = Status::out_of_memory();
    return nullptr;
  }
  PageHeap::Cold cold;
  Page* run = heap.take(shape.slab_pages, cold, why);
  if (run == nullptr) {
    ::operator delete(raw, std::align_val_t{alignof(Slab)});
    return nullptr;
  }
  auto* slab = ::new (raw) Slab{};
  slab->base = run->segment->address_of(run);
  slab->run = run;
  slab->size_class = size_class;
  slab->cold = cold.first_sixteen;
  for (std::uint32_t i = 0; i < shape.slab_pages; ++i) run[i].slab = slab;
  return slab;
}

void Slab::destroy(Slab* slab, PageHeap& heap) noexcept {
  const ClassShape& shape = slab->shape();
  // What was cold and never carved is cold still.
  const std::size_t used_bytes = std::size_t{slab->carved} * shape.block_bytes;
  const std::size_t used_pages = (used_bytes + pool_page_bytes - 1) / pool_page_bytes;
  const auto still_cold =
      static_cast<std::uint16_t>(slab->cold & (~std::uint32_t{0} << used_pages));
  Page* run = slab->run;
  for (std::uint32_t i = 0; i < shape.slab_pages; ++i) run[i].slab = nullptr;
  ::operator delete(slab, std::align_val_t{alignof(Slab)});
  heap.give_back(run, still_cold);
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
  const std::size_t slab_bytes = std::size_t{shape().slab_pages} * pool_page_bytes;
  const std::size_t begin = std::min(
      slab_bytes, round_up(std::size_t{carved} * shape().block_bytes, machine().page_bytes));
  // A block may be a quarter larger than what was asked for.
  const std::size_t end =
      round_up(std::min(slab_bytes, begin + bytes + bytes / 4), pool_page_bytes);
  const std::uint32_t behind = ~std::uint32_t{0} << end / pool_page_bytes;
  const std::uint32_t ahead = ~std::uint32_t{0} << begin / pool_page_bytes;
  if ((cold & ahead & ~behind) != 0 && !heap.populate(base + begin, end - begin)) return false;
  cold = static_cast<std::uint16_t>(cold & behind);
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
    fresh += cold >> (at / pool_page_bytes) & 1;
  }
  return fresh;
}

}  // namespace frys::detail
