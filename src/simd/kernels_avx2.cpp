// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// AVX2, FMA and F16C: Haswell, Zen and later.

#define xsimd frys_xsimd_avx2
#include <xsimd/xsimd.hpp>

#define FRYS_ISA avx2
#define FRYS_ARCH ::xsimd::fma3<::xsimd::avx2>
#define FRYS_TILE_ROWS 6
#include "simd/kernels_body.hpp"
