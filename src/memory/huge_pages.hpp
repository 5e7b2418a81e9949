// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Whether transparent huge pages pay on this machine. They save page faults and misses of the
// address cache, and cost where the host itself backs guests by small pages, or zeroes slowly.

#pragma once

#include <cstdint>
#include <string_view>

namespace frys::detail {

/// The time to fill and then to read some mebibytes across their pages.
struct HugePageTimes {
  std::uint64_t small_ns;
  std::uint64_t huge_ns;
};

/// Whether the text of `/sys/kernel/mm/transparent_hugepage/enabled` says that advice counts.
[[nodiscard]] bool huge_pages_enabled(std::string_view text) noexcept;

/// Whether huge pages take at least a tenth less time.
[[nodiscard]] constexpr bool huge_pages_pay(const HugePageTimes& times) noexcept {
  return times.small_ns != 0 && times.huge_ns * 10 <= times.small_ns * 9;
}

/// Takes the times here. Both are 0 when the system refuses the pages. Cost: milliseconds.
[[nodiscard]] HugePageTimes measure_huge_pages() noexcept;

/// Measured at the first call in the process, then kept. False under tools with shadow memory.
[[nodiscard]] bool huge_pages_pay_here() noexcept;

}  // namespace frys::detail
