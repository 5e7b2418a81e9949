// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Which allocator stands behind the memory room: one for the library's own small objects, chosen
// once for the process, and one under each pool (`MemoryPoolOptions::upstream`). The host's own
// `malloc` stays as it is, whatever is chosen.
//
//   frys::MemoryUpstream now = frys::choose_metadata_upstream(frys::MemoryUpstream::system);
//   if (now != frys::MemoryUpstream::system) { /* memory was in use before: too late */ }

#pragma once

#include <cstdint>
#include <string_view>

#include "frys/core/export.hpp"

namespace frys {

enum class MemoryUpstream : std::uint8_t {
  /// `operator new` for small objects, pages of the operating system under a pool.
  system,
  /// libmimalloc.so.2, if this machine has it.
  mimalloc,
  /// libjemalloc.so.2, if this machine has it and the loader has room for its thread-local data:
  /// most builds of it need GLIBC_TUNABLES=glibc.rtld.optional_static_tls=65536.
  jemalloc,
};

/// "system", "mimalloc", "jemalloc".
FRYS_API std::string_view to_string(MemoryUpstream upstream) noexcept;

/// True when `upstream` can serve. The first call loads its library, which is private to this one
/// and stays loaded until the process ends. Never true but for `system` in a build with a
/// sanitizer and under Valgrind, which see into the system's blocks only; nor for mimalloc where
/// the environment has MIMALLOC_DESTROY_ON_EXIT, since blocks may outlive `main`.
/// Threads: safe. Cost: a library's loading once, an atomic load afterwards.
FRYS_API bool is_available(MemoryUpstream upstream) noexcept;

/// Chooses where the library's own small objects come from: descriptions of blocks, scopes,
/// threads' caches, records of wrapped memory. Not chosen before the first of them, it is the
/// system. From then on the choice stands. mimalloc is faster (docs/adr/0011), but not for a
/// process where others use it, too: its 2.0.9 was seen to corrupt our blocks when they destroy
/// heaps of theirs. Returns what serves: `wanted`; or `system` where `wanted` is not available; or
/// what was in use already. Threads: safe.
FRYS_API MemoryUpstream choose_metadata_upstream(MemoryUpstream wanted) noexcept;

}  // namespace frys
