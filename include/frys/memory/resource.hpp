// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Where raw memory comes from: one interface over the system's pages and the pool. Most code wants
// a `MemoryScope` (scope.hpp) instead, which adds budgets and reference counts; memory that a host
// got elsewhere comes in as `Storage::wrap` (storage.hpp).
//
//   frys::SystemResource pages;
//   frys::Result<void*> block = pages.allocate(1 << 20, 64);
//   if (block) pages.deallocate(*block, 1 << 20, 64);

#pragma once

#include <cstddef>
#include <string_view>

#include "frys/core/environment.hpp"
#include "frys/core/export.hpp"
#include "frys/core/result.hpp"
#include "frys/memory/device.hpp"

namespace frys {

/// What every block of the library is aligned to unless more is asked for: one cache line, and the
/// widest vector register.
inline constexpr std::size_t memory_alignment_bytes = 64;

/// A source of memory blocks. Threads: every member is safe.
class FRYS_API MemoryResource {
 public:
  virtual ~MemoryResource();

  /// Gets `bytes` bytes at an address that is a multiple of `alignment`, uninitialised. Zero bytes
  /// are legal and give a block of their own, to be given back like any other.
  /// Errors: invalid_argument (alignment is not a power of two, or more than the resource can do;
  /// bytes beyond the address space), out_of_memory.
  virtual Result<void*> allocate(std::size_t bytes, std::size_t alignment) noexcept = 0;

  /// Gives a block back, with the size and alignment it was asked for; null is ignored. Any thread
  /// may free what another allocated.
  virtual void deallocate(void* block, std::size_t bytes, std::size_t alignment) noexcept = 0;

  /// Where the blocks live; only host blocks may be dereferenced by the CPU.
  [[nodiscard]] virtual Device device() const noexcept = 0;

  /// A short name for messages: "system", "pool".
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
};

/// Pages straight from the operating system, zeroed, one `mmap` and one `munmap` a block. For what
/// is large and lives long; `MemoryPool` is for everything else. Holds no state; blocks outlive it.
/// Threads: safe. Cost: two system calls, and a page fault for every page at its first use.
class FRYS_API SystemResource final : public MemoryResource {
 public:
  /// `environment.faults` is asked at the point "memory.map" before every mapping.
  explicit SystemResource(const Environment& environment = {}) noexcept;

  Result<void*> allocate(std::size_t bytes, std::size_t alignment) noexcept override;
  void deallocate(void* block, std::size_t bytes, std::size_t alignment) noexcept override;
  [[nodiscard]] Device device() const noexcept override;
  [[nodiscard]] std::string_view name() const noexcept override;

 private:
  FaultInjector* faults_;
};

/// Page faults of the calling thread since it started, as the operating system counts them
/// (minor and major). For measurements: the count of a run on another machine differs.
/// Threads: safe. Cost: one system call.
FRYS_API std::uint64_t thread_page_faults() noexcept;

}  // namespace frys
