// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The largest piece of memory that was asked for, by whoever allocates through operator new (and,
// in a build with a sanitizer, through malloc).

#pragma once

#include <cstddef>

namespace frys::torture {

/// Counts from here on.
void watch_allocations() noexcept;
[[nodiscard]] std::size_t largest_allocation() noexcept;

}  // namespace frys::torture
