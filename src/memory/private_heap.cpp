// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/private_heap.hpp"

#include <dlfcn.h>
#include <strings.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "core/first_made.hpp"
#include "memory/memory_tools.hpp"

namespace frys {
namespace detail {
namespace {

constexpr std::size_t new_alignment = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

bool is_aligned(const void* block, std::size_t alignment) noexcept {
  return (reinterpret_cast<std::uintptr_t>(block) & (alignment - 1)) == 0;
}

bool is_set(const char* variable) noexcept {
  // mimalloc reads its variables whatever their case.
  const std::size_t length = std::strlen(variable);
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    if (::strncasecmp(*entry, variable, length) == 0 && (*entry)[length] == '=') return true;
  }
  return false;
}

// Leaves nothing behind where a host would look: neither an error number nor an error text.
void* open_library(const char* name) noexcept {
  const int error = errno;
  void* library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) static_cast<void>(::dlerror());
  errno = error;
  return library;
}

template <typename Function>
bool find_function(void* library, const char* name, Function& function) noexcept {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  if (function == nullptr) static_cast<void>(::dlerror());
  return function != nullptr;
}

std::atomic<const PrivateHeap*> chosen_for_metadata{nullptr};

}  // namespace

PrivateHeap PrivateHeap::load_mimalloc() noexcept {
  PrivateHeap heap;
  if (has_shadow_memory() || is_set("MIMALLOC_DESTROY_ON_EXIT")) return heap;
  void* library = open_library("libmimalloc.so.2");
  if (library != nullptr && find_function(library, "mi_malloc", heap.malloc_) &&
      find_function(library, "mi_malloc_aligned", heap.aligned_malloc_) &&
      find_function(library, "mi_free", heap.free_)) {
    heap.upstream_ = MemoryUpstream::mimalloc;
  }
  return heap;
}

PrivateHeap PrivateHeap::load_jemalloc() noexcept {
  PrivateHeap heap;
  if (has_shadow_memory()) return heap;
  void* library = open_library("libjemalloc.so.2");
  void* own = nullptr;
  // A build with prefixed names would answer with the C library's functions: `mallocx` is its own.
  if (library != nullptr && find_function(library, "mallocx", own) &&
      find_function(library, "malloc", heap.malloc_) &&
      find_function(library, "aligned_alloc", heap.aligned_malloc_) &&
      find_function(library, "free", heap.free_)) {
    heap.upstream_ = MemoryUpstream::jemalloc;
    heap.size_first_ = false;
  }
  return heap;
}

const PrivateHeap* PrivateHeap::find(MemoryUpstream upstream) noexcept {
  static constexpr PrivateHeap system;
  switch (upstream) {
    case MemoryUpstream::mimalloc: {
      static constinit FirstMade<PrivateHeap> mimalloc;
      const PrivateHeap& heap = mimalloc.get(load_mimalloc);
      return heap.upstream_ == upstream ? &heap : nullptr;
    }
    case MemoryUpstream::jemalloc: {
      static constinit FirstMade<PrivateHeap> jemalloc;
      const PrivateHeap& heap = jemalloc.get(load_jemalloc);
      return heap.upstream_ == upstream ? &heap : nullptr;
    }
    case MemoryUpstream::system:
      return &system;
  }
  return nullptr;
}

// What a scope, a slab and a wrapped block cost by it, and by the system: docs/adr/0011.
const PrivateHeap& PrivateHeap::metadata() noexcept {
  const PrivateHeap* chosen = chosen_for_metadata.load(std::memory_order_acquire);
  return chosen != nullptr ? *chosen : choose_metadata(MemoryUpstream::system);
}

const PrivateHeap& PrivateHeap::choose_metadata(MemoryUpstream wanted) noexcept {
  const PrivateHeap* chosen = chosen_for_metadata.load(std::memory_order_acquire);
  if (chosen != nullptr) return *chosen;
  const PrivateHeap* found = find(wanted);
  if (found == nullptr) found = find(MemoryUpstream::system);
  if (chosen_for_metadata.compare_exchange_strong(chosen, found, std::memory_order_acq_rel,
                                                  std::memory_order_acquire)) {
    return *found;
  }
  return *chosen;
}

void* PrivateHeap::allocate(std::size_t bytes, std::size_t alignment) const noexcept {
  if (malloc_ == nullptr) {
    return alignment <= new_alignment
               ? ::operator new(bytes, std::nothrow)
               : ::operator new(bytes, std::align_val_t{alignment}, std::nothrow);
  }
  const auto aligned = [&](std::size_t size) {
    return size_first_ ? aligned_malloc_(size, alignment) : aligned_malloc_(alignment, size);
  };
  void* block = alignment <= new_alignment ? malloc_(bytes) : aligned(bytes);
  if (is_aligned(block, alignment)) return block;  // null among them
  // mimalloc 2.0.9 takes sizes of 256 to 1024 that are a multiple of the alignment for aligned by
  // their size class alone, which they are not. Of more bytes it aligns a part, and does it well.
  free_(block);
  block = aligned(bytes + alignment + 1);
  if (is_aligned(block, alignment)) return block;
  free_(block);
  return nullptr;
}

void PrivateHeap::deallocate(void* block, std::size_t alignment) const noexcept {
  if (malloc_ != nullptr) return free_(block);
  // Not as one conditional expression: clang 19 makes both calls of it.
  if (alignment <= new_alignment) return ::operator delete(block);
  ::operator delete(block, std::align_val_t{alignment});
}

}  // namespace detail

std::string_view to_string(MemoryUpstream upstream) noexcept {
  switch (upstream) {
    case MemoryUpstream::mimalloc:
      return "mimalloc";
    case MemoryUpstream::jemalloc:
      return "jemalloc";
    case MemoryUpstream::system:
      break;
  }
  return "system";
}

bool is_available(MemoryUpstream upstream) noexcept {
  return detail::PrivateHeap::find(upstream) != nullptr;
}

MemoryUpstream choose_metadata_upstream(MemoryUpstream wanted) noexcept {
  return detail::PrivateHeap::choose_metadata(wanted).upstream();
}

}  // namespace frys
