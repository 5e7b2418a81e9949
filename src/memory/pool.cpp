// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/memory/pool.hpp"

#include <bit>
#include <cassert>
#include <new>
#include <string>

#include "memory/pool_core.hpp"
#include "memory/private_heap.hpp"

namespace frys {
namespace {

constexpr std::size_t most_alignment_bytes = 65536;

Status check_request(std::size_t bytes, std::size_t alignment) {
  if (!std::has_single_bit(alignment) || alignment > most_alignment_bytes) {
    return {ErrorCode::invalid_argument,
            "the pool was asked for an alignment of " + std::to_string(alignment) +
                "; it gives powers of two up to " + std::to_string(most_alignment_bytes)};
  }
  if (bytes > detail::max_request_bytes) {
    return {ErrorCode::invalid_argument, "the pool was asked for " + std::to_string(bytes) +
                                             " bytes, more than can be addressed"};
  }
  return {};
}

// The page's first owner touches it, so it is counted when it is given out.
void count_first_touch(detail::PoolCore& core, detail::Block& block) noexcept {
  if (block.fresh_pages == 0) return;
  core.note_first_touch(block.fresh_pages);
  block.fresh_pages = 0;
}

}  // namespace

Result<std::unique_ptr<MemoryPool>> MemoryPool::create(const MemoryPoolOptions& options,
                                                       const Environment& environment) {
  if (options.segment_bytes > detail::max_request_bytes) {
    return Status(ErrorCode::invalid_argument,
                  "MemoryPoolOptions::segment_bytes is more than can be addressed");
  }
  static_cast<void>(detail::PrivateHeap::metadata());  // loads a library: not under a lock
  auto* core = new (std::nothrow) detail::PoolCore(options, environment.faults);
  if (core == nullptr) return Status::out_of_memory();
  std::unique_ptr<MemoryPool> pool(new (std::nothrow) MemoryPool(core));
  if (pool == nullptr) {
    core->close();
    return Status::out_of_memory();
  }
  return pool;
}

MemoryPool::~MemoryPool() { core_->close(); }

Result<void*> MemoryPool::allocate(std::size_t bytes, std::size_t alignment) noexcept {
  try {
    if (Status status = check_request(bytes, alignment); !status.ok()) return status;
  } catch (const std::bad_alloc&) {
    return Status(ErrorCode::invalid_argument, "the pool cannot give this size or alignment");
  }
  Status why;
  detail::Block* block = core_->allocate_aligned(bytes, alignment, why);
  if (block == nullptr) return why;
  count_first_touch(*core_, *block);
  return block->data;
}

void MemoryPool::deallocate(void* block, std::size_t, std::size_t) noexcept {
  if (block == nullptr) return;
  detail::Block* record = detail::PoolCore::block_at(block);
  assert(record != nullptr && "the block is not from a pool");
  core_->deallocate(record);
}

Device MemoryPool::device() const noexcept { return {}; }

std::string_view MemoryPool::name() const noexcept { return core_->shared() ? "shared" : "pool"; }

Result<Storage> MemoryPool::allocate_storage(std::size_t bytes) noexcept {
  if (bytes > detail::max_request_bytes) {
    return Status(ErrorCode::invalid_argument,
                  "the pool was asked for more bytes than can be addressed");
  }
  Status why;
  detail::Block* block = core_->allocate(bytes, why);
  if (block == nullptr) return why;
  count_first_touch(*core_, *block);
  return Storage::adopt(block);
}

Status MemoryPool::prefault(std::size_t bytes) noexcept { return core_->prefault(bytes); }

void MemoryPool::trim() noexcept { core_->trim(); }

PoolStats MemoryPool::stats() const noexcept { return core_->stats(); }

}  // namespace frys
