// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Which instruction set the tensor operations use in this process.
//
//   std::cout << frys::simd_level();       // "avx2"

#pragma once

#include <string_view>

#include "frys/core/export.hpp"

namespace frys {

/// "sse2", "avx2" or "avx512": the best this machine and its operating system support, unless the
/// environment variable FRYS_SIMD named a lower one before the first use. Decided once.
/// Threads: safe. Cost: O(1).
FRYS_API std::string_view simd_level() noexcept;

/// Why FRYS_SIMD was not followed (unknown name, or not supported here); empty when it was, or
/// when it is not set. Threads: safe. Cost: O(1).
FRYS_API std::string_view simd_note() noexcept;

}  // namespace frys
