// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Asking for memory before it is needed.

#pragma once

#include <cstddef>

namespace frys::index {

/// Has the cache lines of `bytes` from `address` on fetched; `address` begins one, or they are
/// fewer than a line.
inline void prefetch_bytes(const void* address, std::size_t bytes) noexcept {
  const auto* begin = static_cast<const char*>(address);
  for (std::size_t at = 0; at < bytes; at += 64) __builtin_prefetch(begin + at);
  // GCC takes a function that does no more than this for one without effect, and drops calls of it.
  asm volatile("");
}

}  // namespace frys::index
