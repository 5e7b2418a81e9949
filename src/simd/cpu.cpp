// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "simd/cpu.hpp"

#include <cpuid.h>

namespace frys::simd {
namespace {

constexpr bool has_all(std::uint64_t word, std::uint64_t bits) { return (word & bits) == bits; }

constexpr std::uint32_t bit(unsigned position) { return std::uint32_t{1} << position; }

// CPUID.1:ECX
constexpr std::uint32_t fma = bit(12);
constexpr std::uint32_t osxsave = bit(27);
constexpr std::uint32_t avx = bit(28);
constexpr std::uint32_t f16c = bit(29);
// CPUID.(7,0):EBX
constexpr std::uint32_t avx2_bit = bit(5);
constexpr std::uint32_t avx512f = bit(16);
constexpr std::uint32_t avx512dq = bit(17);
constexpr std::uint32_t avx512cd = bit(28);
constexpr std::uint32_t avx512bw = bit(30);
constexpr std::uint32_t avx512vl = bit(31);
// XCR0: SSE and AVX state; opmask, upper halves and upper registers.
constexpr std::uint64_t ymm_state = 0x6;
constexpr std::uint64_t zmm_state = 0xe6;

std::uint64_t read_xcr0() noexcept {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (std::uint64_t{high} << 32) | low;
}

}  // namespace

CpuFeatures cpu_features() noexcept {
  CpuFeatures features;
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0) features.leaf1_ecx = ecx;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0) features.leaf7_ebx = ebx;
  if (has_all(features.leaf1_ecx, osxsave)) features.xcr0 = read_xcr0();
  return features;
}

Isa best_isa(const CpuFeatures& features) noexcept {
  const bool runs_avx2 = has_all(features.leaf1_ecx, fma | osxsave | avx | f16c) &&
                         has_all(features.leaf7_ebx, avx2_bit) && has_all(features.xcr0, ymm_state);
  if (!runs_avx2) return Isa::sse2;
  const bool runs_avx512 =
      has_all(features.leaf7_ebx, avx512f | avx512dq | avx512cd | avx512bw | avx512vl) &&
      has_all(features.xcr0, zmm_state);
  return runs_avx512 ? Isa::avx512 : Isa::avx2;
}

}  // namespace frys::simd
