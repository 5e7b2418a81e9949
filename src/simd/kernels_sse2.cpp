// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The baseline every x86-64 machine runs.

#define xsimd frys_xsimd_sse2
#include <xsimd/xsimd.hpp>

#define FRYS_ISA sse2
#define FRYS_ARCH ::xsimd::sse2
#define FRYS_TILE_ROWS 6
#include "simd/kernels_body.hpp"
