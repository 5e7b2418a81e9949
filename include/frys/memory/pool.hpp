// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A pool of 64-byte-aligned blocks for tensors: warm blocks are had without a lock up to 1 MiB and
// without a system call at any size. Not a replacement for `malloc`: a block's bookkeeping takes a
// cache line, so it pays from a few hundred bytes on.
//
//   auto pool = frys::MemoryPool::create({});
//   frys::Result<void*> block = (*pool)->allocate(1 << 20, 64);

#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>

#include "frys/core/environment.hpp"
#include "frys/core/export.hpp"
#include "frys/core/result.hpp"
#include "frys/memory/resource.hpp"
#include "frys/memory/storage.hpp"
#include "frys/memory/upstream.hpp"

namespace frys {
namespace detail {
class PoolCore;
}  // namespace detail

/// Whether a pool asks for transparent huge pages.
enum class HugePages : std::uint8_t {
  automatic,  ///< Where advice counts and a short measurement finds them a tenth faster.
  never,
  always,
};

/// What came of it.
enum class HugePagesUse : std::uint8_t { undecided, not_advised, advised };

/// Where a pool's pages come from.
enum class PoolBacking : std::uint8_t {
  private_pages,  ///< Of this process alone.
  shared,         ///< Files in memory, which other processes can map (shared.hpp).
};

struct MemoryPoolOptions {
  /// Addresses to reserve at once; rounded up to 4 MiB. 0 chooses: twice the machine's memory,
  /// rounded up to a power of two, at most 1 TiB; 32 MiB under AddressSanitizer, ThreadSanitizer
  /// and Valgrind and where the system counts reserved pages as used. Less is taken where the
  /// system refuses, or leaves the process few addresses (`RLIMIT_AS`: an eighth of what is left),
  /// down to what the request needs. Only pages that are used take memory.
  std::size_t segment_bytes = 0;
  /// Most bytes of free pages to keep ready for reuse; what is freed beyond goes back to the system
  /// at once. Default: all of it, until `trim()`.
  std::size_t retain_bytes = std::numeric_limits<std::size_t>::max();
  /// Most bytes of pages to hold, used and free ones together: before new pages would exceed it,
  /// free ones go back to the system. Refuses nothing; live blocks may exceed it. Default: no
  /// limit.
  std::size_t commit_bytes = std::numeric_limits<std::size_t>::max();
  /// Per-thread lists of free blocks. Off, every call takes a lock (for tests, or very many
  /// threads that rarely allocate).
  bool thread_caches = true;
  /// Decided when a block of 2 MiB or more is first put on new pages; the measurement takes a few
  /// milliseconds, once a process.
  HugePages huge_pages = HugePages::automatic;
  /// Where segments come from. Another than the system is for hosts that want all their memory in
  /// one allocator's limits and statistics; the pool is then asked for 32 MiB at once by default
  /// and gives no advice on huge pages. Where it is not available the system serves, and
  /// `PoolStats::upstream` says so.
  MemoryUpstream upstream = MemoryUpstream::system;
  /// `shared`: reserves at most 16 GiB at once, and less where `RLIMIT_FSIZE` says so, takes a file
  /// descriptor for each segment, and never asks for huge pages. A forked child may not use it.
  PoolBacking backing = PoolBacking::private_pages;
};

/// What a pool holds, in bytes. Taken while others work, the parts are each true but not of one
/// instant.
struct PoolStats {
  std::size_t mapped_bytes = 0;         ///< Address space asked of the system.
  std::size_t committed_bytes = 0;      ///< Of that, pages that were used or made ready.
  std::size_t live_bytes = 0;           ///< In blocks that callers hold, rounded up to their class.
  std::size_t cached_bytes = 0;         ///< Committed and not live: ready for the next caller.
  std::uint64_t segments = 0;           ///< Mappings held.
  std::uint64_t system_calls = 0;       ///< Calls that map, unmap and advise, so far.
  std::uint64_t first_touch_pages = 0;  ///< Pages handed out that were never used or made ready.
  HugePagesUse huge_pages = HugePagesUse::undecided;
  MemoryUpstream upstream = MemoryUpstream::system;  ///< Where segments come from.
  /// What serves the descriptions of blocks, in this process: see upstream.hpp.
  MemoryUpstream metadata = MemoryUpstream::system;
};

/// The pool. Size classes are four an octave from 64 B to 32 KiB and eight an octave from there to
/// 1 MiB, so at most a fifth and a ninth of a block is rounding; beyond, a block is a run of as
/// many 4 KiB pages as it needs. A free run that fits is found in constant time, and free runs keep
/// their pages. Blocks of 2 MiB and more start at a multiple of 2 MiB where that needs no new
/// pages. A thread keeps up to 128 KiB (at least two blocks) of each class for itself and gives
/// them back when it ends. Blocks outlive the pool object: its memory goes when the last block
/// does. Threads: safe; any thread frees what another allocated.
class FRYS_API MemoryPool final : public MemoryResource {
 public:
  /// Makes an empty pool; nothing is mapped yet. `environment.faults` is asked at "memory.map".
  /// Errors: out_of_memory.
  static Result<std::unique_ptr<MemoryPool>> create(const MemoryPoolOptions& options = {},
                                                    const Environment& environment = {});
  ~MemoryPool() override;
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  /// As `MemoryResource`; alignment at most 64 KiB. Cost: O(1) and no system call once warm; no
  /// lock up to 1 MiB and an alignment of 4 KiB while the thread's cache has the class.
  Result<void*> allocate(std::size_t bytes, std::size_t alignment) noexcept override;
  void deallocate(void* block, std::size_t bytes, std::size_t alignment) noexcept override;
  [[nodiscard]] Device device() const noexcept override;
  [[nodiscard]] std::string_view name() const noexcept override;

  /// The same block with a reference count. Errors and cost as `allocate`.
  Result<Storage> allocate_storage(std::size_t bytes) noexcept;

  /// Makes at least `bytes` of free pages ready, so that using them faults no more; fewer when the
  /// options' limits do not allow so many.
  /// Errors: invalid_argument (beyond the address space), out_of_memory. Cost: system calls, and
  /// zeroing what is not ready yet.
  Status prefault(std::size_t bytes) noexcept;

  /// Gives every free page back to the system. Blocks cached by other threads follow when those
  /// threads next need a lock. Cost: system calls.
  void trim() noexcept;

  [[nodiscard]] PoolStats stats() const noexcept;

  /// For the rooms of the library.
  [[nodiscard]] detail::PoolCore& core() const noexcept { return *core_; }

 private:
  explicit MemoryPool(detail::PoolCore* core) noexcept : core_(core) {}
  detail::PoolCore* core_;
};

}  // namespace frys
