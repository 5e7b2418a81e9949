// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// One block of memory with a reference count: what a tensor and all its views hold together.
//
//   frys::Result<frys::Storage> block = scope.allocate(4096);
//   frys::Storage shared = *block;                 // the same bytes, nothing copied
//   assert(shared.data() == block->data() && shared.use_count() == 2);

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "frys/core/export.hpp"
#include "frys/core/function.hpp"
#include "frys/core/result.hpp"
#include "frys/memory/device.hpp"

namespace frys {
namespace detail {

/// The head of every block's record. The record lies apart from the bytes it describes, in a cache
/// line of its own. Layout is part of the ABI: the inline members of `Storage` read it.
struct StorageRecord {
  std::atomic<std::uint32_t> references{1};
  std::uint16_t origin = 0;  ///< Who takes the block back; private to the memory room.
  bool read_only = false;
  std::atomic<bool> described{false};  ///< Another process may know of it (shared.hpp).
  void* data = nullptr;
  std::size_t size_bytes = 0;
  Device device;
};

/// Takes back a block whose last reference went.
FRYS_API void destroy_storage(StorageRecord* record) noexcept;

}  // namespace detail

/// What may be done with wrapped bytes.
enum class Access : std::uint8_t { read_write, read_only };

/// A shared handle to one block. Copying shares the block, O(1), without a lock; the last handle to
/// go gives the block back. It may outlive the scope, the manager and the kernel it came from.
/// Layout: one pointer.
/// Threads: distinct handles to one block are independent; one handle is not to be written while
/// it is read. The bytes are not guarded by anything.
class Storage {
 public:
  /// Holds nothing.
  Storage() noexcept = default;

  /// Wraps memory that somebody else owns (a database row, a peer's buffer, a host array).
  /// `release` runs once, on whichever thread drops the last handle; it must not throw, and may be
  /// empty. `data` may be null only when `bytes` is 0. Wrapped bytes are charged to no budget.
  /// No tensor that may be written is made of `read_only` bytes.
  /// Errors: invalid_argument, out_of_memory; after an error `release` has not run and never will.
  /// Cost: one small heap allocation.
  FRYS_API static Result<Storage> wrap(void* data, std::size_t bytes, Device device,
                                       UniqueFunction<void()> release,
                                       Access access = Access::read_write);

  Storage(const Storage& other) noexcept : record_(other.record_) {
    if (record_ != nullptr) record_->references.fetch_add(1, std::memory_order_relaxed);
  }
  Storage(Storage&& other) noexcept : record_(std::exchange(other.record_, nullptr)) {}
  Storage& operator=(const Storage& other) noexcept {
    Storage(other).swap(*this);
    return *this;
  }
  Storage& operator=(Storage&& other) noexcept {
    Storage(std::move(other)).swap(*this);
    return *this;
  }
  ~Storage() { reset(); }

  /// Drops this handle; the block goes back when it was the last.
  void reset() noexcept {
    detail::StorageRecord* record = std::exchange(record_, nullptr);
    if (record == nullptr) return;
    // A lone owner needs no atomic subtraction: nobody else can be copying from its handle.
    if (record->references.load(std::memory_order_acquire) == 1 ||
        record->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      detail::destroy_storage(record);
    }
  }
  void swap(Storage& other) noexcept { std::swap(record_, other.record_); }

  /// The first byte; null when empty. 64-byte aligned unless wrapped. Uninitialised when fresh.
  [[nodiscard]] void* data() const noexcept { return record_ != nullptr ? record_->data : nullptr; }
  /// The bytes that were asked for.
  [[nodiscard]] std::size_t size_bytes() const noexcept {
    return record_ != nullptr ? record_->size_bytes : 0;
  }
  [[nodiscard]] Device device() const noexcept {
    return record_ != nullptr ? record_->device : Device{};
  }
  /// True when the bytes were wrapped as such and must not be written.
  [[nodiscard]] bool read_only() const noexcept { return record_ != nullptr && record_->read_only; }
  /// Handles to this block now; 0 when empty. Another thread may change it at once.
  [[nodiscard]] std::size_t use_count() const noexcept {
    return record_ != nullptr ? record_->references.load(std::memory_order_relaxed) : 0;
  }
  /// True when this is the only handle, so that nobody else can read what is written. Sees the
  /// writes of those who dropped theirs.
  [[nodiscard]] bool unique() const noexcept {
    return record_ != nullptr && record_->references.load(std::memory_order_acquire) == 1;
  }
  [[nodiscard]] explicit operator bool() const noexcept { return record_ != nullptr; }
  /// True when both hold the same block.
  friend bool operator==(const Storage& a, const Storage& b) noexcept {
    return a.record_ == b.record_;
  }

  /// For the rooms of the library: takes over one reference of `record`.
  static Storage adopt(detail::StorageRecord* record) noexcept {
    Storage storage;
    storage.record_ = record;
    return storage;
  }
  [[nodiscard]] detail::StorageRecord* record() const noexcept { return record_; }

 private:
  detail::StorageRecord* record_ = nullptr;
};

}  // namespace frys
