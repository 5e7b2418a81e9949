// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The table that each kernels_<isa>.cpp defines. Reading one is safe anywhere; calling through it
// only where the machine runs that instruction set.

#pragma once

#include "simd/dispatch.hpp"

namespace frys::simd {

namespace sse2 {
extern const Kernels table;
}
namespace avx2 {
extern const Kernels table;
}
namespace avx512 {
extern const Kernels table;
}

}  // namespace frys::simd
