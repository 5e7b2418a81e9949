// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Blocks that another process can read in place. Ask a scope for shareable memory, describe a block
// by four numbers, hand the segment's file descriptor and the numbers to the other process by any
// means. To move tensors rather than bytes, a transport is to be built on this.
//
//   frys::MemoryScope scope = *agent.child("step", {.shareable = true});
//   frys::MemoryDescriptor block = *frys::describe(*scope.allocate(4096));  // here
//   frys::Result<int> fd = frys::segment_fd(block.segment);                 // once a segment
//   auto segment = frys::SharedSegment::open(fd_received);                  // in the other process
//   frys::Result<std::span<const std::byte>> bytes = segment->resolve(block);
//
// The contract. A descriptor is true from `describe` until the last handle to the block goes; the
// owner keeps one for as long as it wants readers to see the block. When it goes too early, a
// reader sees other bytes or zeros, never a fault: segments do not shrink. A reader that cannot
// rely on the owner reads, then asks `is_current`: true means that all it read before was of the
// block. Generations are never used twice, so a place that was freed and given out again is told
// apart. The bytes themselves are guarded by nothing: who writes tells the reader when by other
// means. A segment is given to a process as a whole: who gets it can read every block in it, and
// who gets it to write can write every block. Do not give it to a process that may not see them.
//
// After a fork. A child does not have the mappings of its parent's segments: touching a shareable
// block in it is a fault, not a write into the parent's tensors. It may drop handles; it may
// not allocate from a pool or scope of the parent's. It can make a manager of its own.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>

#include "frys/core/export.hpp"
#include "frys/core/result.hpp"
#include "frys/memory/storage.hpp"

namespace frys {
namespace detail {
struct SharedMapping;
}  // namespace detail

/// Names one segment on this machine: 128 random bits, drawn when it is made.
struct SegmentId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const SegmentId&, const SegmentId&) noexcept = default;
};

/// Where a block lies, for any process that has its segment. Five 64-bit numbers without padding,
/// in the machine's byte order; it is only good on this machine.
struct MemoryDescriptor {
  SegmentId segment;
  std::uint64_t offset = 0;  ///< Bytes from the first block's place; a multiple of 64.
  std::uint64_t size_bytes = 0;
  std::uint64_t generation = 0;  ///< Never 0 and never used twice in a segment.
  friend bool operator==(const MemoryDescriptor&, const MemoryDescriptor&) noexcept = default;
};
static_assert(sizeof(MemoryDescriptor) == 40 && std::is_trivially_copyable_v<MemoryDescriptor>);

/// Describes a block for other processes; the same block always alike.
/// Errors: failed_precondition (empty, wrapped, not of a shareable scope or pool, or of the process
/// that this one was forked from).
/// Threads: safe. Cost: one short lock; 4 KiB for each 16 KiB in which blocks are described first.
FRYS_API Result<MemoryDescriptor> describe(const Storage& storage) noexcept;

/// A file descriptor of the segment, the caller's to close, closed on exec. `read_only`: it can be
/// mapped for reading only. The segment's memory stays as long as any descriptor or mapping.
/// Errors: not_found (no segment of this process, or no longer), unavailable (too many open files;
/// or no /proc, by which a read-only one is had).
/// Threads: safe. Cost: a system call.
FRYS_API Result<int> segment_fd(const SegmentId& segment,
                                Access access = Access::read_only) noexcept;

/// A segment of another process (or this one), mapped. Copies share the mapping, which ends with
/// the last of them and of the storages that came from it. Threads: every member but assignment is
/// safe.
class FRYS_API SharedSegment {
 public:
  /// Maps a segment. `fd` stays the caller's and may be closed at once.
  /// Errors: invalid_argument (no memory file, one that could be cut short, or not of this layout),
  /// failed_precondition (`read_write` of a read-only descriptor), out_of_memory.
  /// Cost: a few system calls; only pages that are read are mapped in.
  static Result<SharedSegment> open(int fd, Access access = Access::read_only) noexcept;

  SharedSegment(const SharedSegment&) noexcept = default;
  SharedSegment& operator=(const SharedSegment&) noexcept = default;
  ~SharedSegment() = default;

  [[nodiscard]] SegmentId id() const noexcept;
  /// All blocks of the segment lie in so many bytes.
  [[nodiscard]] std::size_t size_bytes() const noexcept;

  /// The described bytes, good as long as this segment (or a copy) is held.
  /// Errors: invalid_argument (not this segment, or beyond its bounds: never a true descriptor),
  /// not_found (the block was freed, also if its place was given out again). Cost: O(1), no system
  /// call.
  [[nodiscard]] Result<std::span<const std::byte>> resolve(
      const MemoryDescriptor& block) const noexcept;
  /// The same as a handle that keeps the mapping; writable when the segment was opened so.
  /// Errors: as `resolve`; out_of_memory. Cost: two small heap allocations at most.
  [[nodiscard]] Result<Storage> storage(const MemoryDescriptor& block) const noexcept;
  /// True while the owner holds the block. What was read before a true answer was the block's.
  [[nodiscard]] bool is_current(const MemoryDescriptor& block) const noexcept;

 private:
  explicit SharedSegment(std::shared_ptr<const detail::SharedMapping> mapping) noexcept;
  std::shared_ptr<const detail::SharedMapping> mapping_;
};

}  // namespace frys
