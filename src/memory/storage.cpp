// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/memory/storage.hpp"

#include <memory>
#include <new>

#include "memory/pool_core.hpp"
#include "memory/private_heap.hpp"
#include "memory/scope_node.hpp"
#include "memory/shared_file.hpp"

namespace frys {
namespace {

// Memory that somebody else owns.
struct Wrapped : detail::StorageRecord, detail::PrivateObject<Wrapped> {
  UniqueFunction<void()> release;
};

}  // namespace

namespace detail {

void destroy_storage(StorageRecord* record) noexcept {
  if (record->origin == origin_wrapped) {
    const std::unique_ptr<Wrapped> wrapped(static_cast<Wrapped*>(record));
    if (wrapped->release) wrapped->release();
    return;
  }
  auto* block = static_cast<Block*>(record);
  if (block->described.load(std::memory_order_relaxed)) [[unlikely]] {
    block->described.store(false, std::memory_order_relaxed);
    shared_files::forget(block->data);
  }
  if (block->scope != nullptr) {
    block->scope->release(block);
  } else {
    block->pool->deallocate(block);
  }
}

}  // namespace detail

Result<Storage> Storage::wrap(void* data, std::size_t bytes, Device device,
                              UniqueFunction<void()> release, Access access) {
  if (data == nullptr && bytes != 0) {
    return Status(ErrorCode::invalid_argument, "null was given to be wrapped as a block of bytes");
  }
  auto* wrapped = new (std::nothrow) Wrapped;
  if (wrapped == nullptr) return Status::out_of_memory();
  wrapped->origin = detail::origin_wrapped;
  wrapped->read_only = access == Access::read_only;
  wrapped->data = data;
  wrapped->size_bytes = bytes;
  wrapped->device = device;
  wrapped->release = std::move(release);
  return adopt(wrapped);
}

}  // namespace frys
