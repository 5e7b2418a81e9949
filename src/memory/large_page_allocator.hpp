// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// For containers that are read at random and may be many megabytes: from 2 MiB on they lie in pages
// of that size, where the system has them. Looking up an address then costs no walk of page
// tables, which in a virtual machine is dearer than the cache miss itself.

#pragma once

#include <cstddef>
#include <new>

#include "memory/os_memory.hpp"

namespace frys::detail {

template <typename T>
struct LargePageAllocator {
  using value_type = T;
  static constexpr std::size_t large_page_bytes = std::size_t{2} << 20;

  LargePageAllocator() noexcept = default;
  template <typename U>
  LargePageAllocator(const LargePageAllocator<U>&) noexcept {}  // NOLINT: implicit

  T* allocate(std::size_t count) {
    if (count > max_request_bytes / sizeof(T)) throw std::bad_alloc();
    const std::size_t bytes = count * sizeof(T);
    if (bytes < large_page_bytes) {
      return static_cast<T*>(::operator new(bytes, std::align_val_t{alignof(T)}));
    }
    SystemCallCount calls{0};
    void* pages = map_pages(bytes, large_page_bytes, calls);
    if (pages == nullptr) throw std::bad_alloc();
    advise_large_pages(pages, bytes);
    return static_cast<T*>(pages);
  }
  void deallocate(T* data, std::size_t count) noexcept {
    const std::size_t bytes = count * sizeof(T);
    if (bytes < large_page_bytes) return ::operator delete(data, std::align_val_t{alignof(T)});
    SystemCallCount calls{0};
    unmap_pages(data, bytes, calls);
  }
  template <typename U>
  friend bool operator==(const LargePageAllocator&, const LargePageAllocator<U>&) noexcept {
    return true;
  }
};

}  // namespace frys::detail
