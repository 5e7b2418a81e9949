// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// AVX-512 F, BW, CD, DQ and VL: Skylake-X, Zen 4 and later.

#if defined(__GNUC__) && !defined(__clang__)
// g++ 12 takes the "undefined" operand inside its own intrinsics for a mistake of ours (PR 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#define xsimd frys_xsimd_avx512
#include <xsimd/xsimd.hpp>

#define FRYS_ISA avx512
#define FRYS_ARCH ::xsimd::avx512dq
#define FRYS_TILE_ROWS 12
#include "simd/kernels_body.hpp"
