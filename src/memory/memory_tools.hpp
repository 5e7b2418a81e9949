// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Tells AddressSanitizer and Valgrind which bytes of the pool somebody owns, so that both see a
// use after free or past the end of a block although the pages stay mapped.

#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define FRYS_MEMORY_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FRYS_MEMORY_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define FRYS_MEMORY_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FRYS_MEMORY_TSAN 1
#endif
#endif
#ifdef FRYS_MEMORY_ASAN
#include <sanitizer/asan_interface.h>
#endif

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define FRYS_MEMORY_VALGRIND 1
#endif

namespace frys::detail {

/// True when the process runs under Valgrind. Cost: a few instructions; ask once and keep it.
inline bool runs_on_valgrind() noexcept {
#ifdef FRYS_MEMORY_VALGRIND
  return RUNNING_ON_VALGRIND != 0;
#else
  return false;
#endif
}

/// True when a tool keeps shadow memory for every mapping, so that large ones are dear, and knows
/// nothing of the blocks that another allocator than the system's gives and takes.
inline bool has_shadow_memory() noexcept {
#if defined(FRYS_MEMORY_ASAN) || defined(FRYS_MEMORY_TSAN)
  return true;
#else
  return runs_on_valgrind();
#endif
}

/// Bytes behind every block that nobody owns, so that a tool sees who writes past its end although
/// the next block is live. None without a tool.
inline std::size_t red_zone_bytes([[maybe_unused]] bool on_valgrind) noexcept {
#ifdef FRYS_MEMORY_ASAN
  return 64;
#else
  return on_valgrind ? 64 : 0;
#endif
}

/// Nobody may touch these bytes.
inline void poison([[maybe_unused]] void* data, [[maybe_unused]] std::size_t bytes,
                   [[maybe_unused]] bool on_valgrind) noexcept {
#ifdef FRYS_MEMORY_ASAN
  ASAN_POISON_MEMORY_REGION(data, bytes);
#endif
#ifdef FRYS_MEMORY_VALGRIND
  if (on_valgrind) VALGRIND_MAKE_MEM_NOACCESS(data, bytes);
#endif
}

/// These bytes have an owner; their content is undefined.
inline void unpoison([[maybe_unused]] void* data, [[maybe_unused]] std::size_t bytes,
                     [[maybe_unused]] bool on_valgrind) noexcept {
#ifdef FRYS_MEMORY_ASAN
  ASAN_UNPOISON_MEMORY_REGION(data, bytes);
#endif
#ifdef FRYS_MEMORY_VALGRIND
  if (on_valgrind) VALGRIND_MAKE_MEM_UNDEFINED(data, bytes);
#endif
}

}  // namespace frys::detail
