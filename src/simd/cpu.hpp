// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What the processor can do *and* the operating system saves on a context switch.

#pragma once

#include "simd/dispatch.hpp"

namespace frys::simd {

/// Raw answers of cpuid and xgetbv, so that the decision can be tested without the machine.
struct CpuFeatures {
  std::uint32_t leaf1_ecx = 0;
  std::uint32_t leaf7_ebx = 0;
  std::uint64_t xcr0 = 0;  ///< 0 when the system does not enable xgetbv.
};

CpuFeatures cpu_features() noexcept;

/// The best instruction set of ours that `features` can run.
/// Source: Intel SDM vol. 1, §14.3 and §15.2 (detection of AVX2, FMA, F16C and AVX-512).
Isa best_isa(const CpuFeatures& features) noexcept;

}  // namespace frys::simd
