// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "torture/store_allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace frys::torture {
namespace {

std::atomic<std::size_t> largest{0};

void note(std::size_t bytes) noexcept {
  std::size_t now = largest.load(std::memory_order_relaxed);
  while (bytes > now && !largest.compare_exchange_weak(now, bytes, std::memory_order_relaxed)) {
  }
}

}  // namespace

std::size_t largest_allocation() noexcept { return largest.load(); }

}  // namespace frys::torture

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FRYS_TORTURE_SANITIZED 1
#endif
#endif

#ifdef FRYS_TORTURE_SANITIZED

extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void*,
                                                                             size_t),
                                                         void (*free_hook)(const volatile void*));

namespace frys::torture {

void watch_allocations() noexcept {
  largest = 0;
  static const int installed = __sanitizer_install_malloc_and_free_hooks(
      [](const volatile void*, std::size_t bytes) { note(bytes); }, [](const volatile void*) {});
  (void)installed;
}

}  // namespace frys::torture

#else

namespace frys::torture {

void watch_allocations() noexcept { largest = 0; }

}  // namespace frys::torture

// Every other form of new comes to this one, but for the aligned.
void* operator new(std::size_t bytes) {
  frys::torture::note(bytes);
  if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

#endif
