// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The few calls to the operating system that the memory room makes, each counted.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace frys::detail {

using SystemCallCount = std::atomic<std::uint64_t>;

inline constexpr std::size_t max_request_bytes = std::size_t{1} << 46;

[[nodiscard]] constexpr std::size_t round_up(std::size_t value, std::size_t power_of_two) noexcept {
  return (value + power_of_two - 1) & ~(power_of_two - 1);
}

/// Maps zeroed private pages at a multiple of `alignment` (a power of two). Null when refused.
/// Costs address space only, until the pages are touched.
void* map_pages(std::size_t bytes, std::size_t alignment, SystemCallCount& calls) noexcept;

void unmap_pages(void* pages, std::size_t bytes, SystemCallCount& calls) noexcept;

/// Gives the pages' memory back and keeps their addresses; they read as zero again.
void decommit_pages(void* pages, std::size_t bytes, SystemCallCount& calls) noexcept;

/// Touches the pages for writing, which destroys nothing on Linux 5.14 and later and zeroes the
/// first byte of each page before, so only pages that nobody uses may be given.
/// False when the system has no memory for them.
bool populate_pages(void* pages, std::size_t bytes, SystemCallCount& calls) noexcept;

/// Asks for pages of 2 MiB, where the system has them; nothing is lost where it has none.
void advise_large_pages(void* pages, std::size_t bytes) noexcept;

/// Advises the kernel to back the pages with transparent huge pages, or not to.
void advise_huge(void* pages, std::size_t bytes, bool huge, SystemCallCount& calls) noexcept;

/// How many more bytes of addresses the process may map (`RLIMIT_AS`); the largest value when it is
/// not limited. Cost: up to four system calls, which are not counted.
std::size_t mappable_bytes() noexcept;

/// False when the system counts reserved pages as used (`vm.overcommit_memory` = 2).
bool overcommits() noexcept;

/// Reads the beginning of a small file; returns how many bytes, 0 when it cannot be read.
std::size_t read_file(const char* path, char* text, std::size_t bytes) noexcept;

}  // namespace frys::detail
