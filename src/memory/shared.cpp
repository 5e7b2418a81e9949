// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The owner's side of memory that other processes read.

#include "frys/memory/shared.hpp"

#include <cerrno>

#include "memory/block.hpp"
#include "memory/shared_file.hpp"

namespace frys {
namespace {

Status not_shareable() noexcept {
  return {ErrorCode::failed_precondition,
          "the block is not shareable; allocate it in a scope that was opened with "
          "ScopeOptions::shareable, or from a pool with PoolBacking::shared, of this process"};
}

}  // namespace

Result<MemoryDescriptor> describe(const Storage& storage) noexcept {
  detail::StorageRecord* record = storage.record();
  if (record == nullptr || record->origin == detail::origin_wrapped) return not_shareable();
  std::uint64_t generation = 0;
  const detail::SharedFile* file =
      detail::shared_files::describe(record->data, record->size_bytes, generation);
  if (file == nullptr) return not_shareable();
  // Whoever drops the last handle sees this: the caller's goes later.
  record->described.store(true, std::memory_order_relaxed);
  const auto offset =
      static_cast<std::uint64_t>(static_cast<const std::byte*>(record->data) - file->data);
  return MemoryDescriptor{.segment = file->id,
                          .offset = offset,
                          .size_bytes = record->size_bytes,
                          .generation = generation};
}

Result<int> segment_fd(const SegmentId& segment, Access access) noexcept {
  const int descriptor = detail::shared_files::duplicate(segment, access);
  if (descriptor >= 0) return descriptor;
  if (errno == ENOENT) {
    return Status(ErrorCode::not_found,
                  "this process has no such segment; ask while a block of it is held");
  }
  return Status(ErrorCode::unavailable,
                errno == ENOSYS ? "a read-only descriptor of a segment is opened by /proc, which "
                                  "is not mounted; ask for Access::read_write"
                                : "the system gives no further file descriptor (RLIMIT_NOFILE)");
}

}  // namespace frys
