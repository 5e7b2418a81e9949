// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Which segment an address lies in: one table for all pools of the process, in two levels over the
// 47 bits of a user address, 4 MiB an entry. Segments start at a multiple of that.
//
// An entry is written when the first block of its 4 MiB is handed out, not when the range is
// reserved, so that a large reservation costs nothing here. Leaves (32 GiB of addresses each, whose
// pages take memory when written) are mapped with the segment and never freed.
//
// Threads: safe, without a lock. Who asks holds a block of the segment, so its entry stays.

#pragma once

#include <cstddef>

#include "memory/os_memory.hpp"

namespace frys::detail {

struct Segment;

inline constexpr std::size_t page_map_entry_bytes = std::size_t{4} << 20;

/// Makes the leaves for these addresses. False when they cannot be had.
bool page_map_prepare(const void* base, std::size_t bytes, SystemCallCount& calls) noexcept;

/// Writes the entries that these addresses lie in; null takes them out.
/// Precondition: prepared.
void page_map_write(const void* base, std::size_t bytes, Segment* segment) noexcept;

/// The segment of the address; null when it is in no block of this process's pools.
[[nodiscard]] Segment* page_map_find(const void* address) noexcept;

}  // namespace frys::detail
