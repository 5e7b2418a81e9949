// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The allocators that can stand behind the room, and the one that serves its own small objects.
//
// A library is opened at run time with its symbols kept from everybody else, never linked: Debian's
// libmimalloc.so and libjemalloc.so export `malloc`, and would replace the host's. It is never
// unloaded: blocks outlive `main`, and its hooks for ending threads lie in its code.
//
// Threads: every member is safe. The heaps are immortal.

#pragma once

#include <cstddef>
#include <new>

#include "frys/memory/upstream.hpp"

namespace frys::detail {

class PrivateHeap {
 public:
  /// Null when it is not available.
  static const PrivateHeap* find(MemoryUpstream upstream) noexcept;
  /// The one for this process's small objects. The first call chooses if nobody did.
  static const PrivateHeap& metadata() noexcept;
  static const PrivateHeap& choose_metadata(MemoryUpstream wanted) noexcept;

  /// At a multiple of `alignment` (a power of two), uninitialised. Null when refused. Never
  /// misaligned, whatever the library answers.
  [[nodiscard]] void* allocate(std::size_t bytes, std::size_t alignment) const noexcept;
  /// Takes a block back, with the alignment it was asked for; null is ignored.
  void deallocate(void* block, std::size_t alignment) const noexcept;
  [[nodiscard]] MemoryUpstream upstream() const noexcept { return upstream_; }

 private:
  using AlignedMalloc = void* (*)(std::size_t, std::size_t);
  using Malloc = void* (*)(std::size_t);
  using Free = void (*)(void*);

  constexpr PrivateHeap() noexcept = default;
  static PrivateHeap load_mimalloc() noexcept;
  static PrivateHeap load_jemalloc() noexcept;

  MemoryUpstream upstream_ = MemoryUpstream::system;
  bool size_first_ = true;  ///< The order of `aligned_malloc_`'s arguments.
  AlignedMalloc aligned_malloc_ = nullptr;
  Malloc malloc_ = nullptr;
  Free free_ = nullptr;
};

/// Base of the room's small objects: `new` and `delete` of a `T` go to `PrivateHeap::metadata()`.
/// The alignment is the type's in both.
template <typename T>
struct PrivateObject {
  static void* operator new(std::size_t bytes) {
    void* object = operator new(bytes, std::nothrow);
    if (object == nullptr) throw std::bad_alloc();
    return object;
  }
  static void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
    return PrivateHeap::metadata().allocate(bytes, alignof(T));
  }
  static void operator delete(void* object) noexcept {
    PrivateHeap::metadata().deallocate(object, alignof(T));
  }
  // Called when a constructor throws.
  static void operator delete(void* object, const std::nothrow_t&) noexcept {
    operator delete(object);
  }
};

}  // namespace frys::detail
