// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "simd/cpu.hpp"

#include <gtest/gtest.h>

namespace frys::simd {
namespace {

constexpr std::uint32_t avx2_leaf1 = (1u << 12) | (1u << 27) | (1u << 28) | (1u << 29);
constexpr std::uint32_t avx2_leaf7 = 1u << 5;
constexpr std::uint32_t avx512_leaf7 =
    avx2_leaf7 | (1u << 16) | (1u << 17) | (1u << 28) | (1u << 30) | (1u << 31);

TEST(Cpu, NothingMeansTheBaseline) { EXPECT_EQ(best_isa({}), Isa::sse2); }

TEST(Cpu, Avx2NeedsEveryBitAndTheSystem) {
  EXPECT_EQ(best_isa({avx2_leaf1, avx2_leaf7, 0x7}), Isa::avx2);
  for (unsigned missing : {12u, 27u, 28u, 29u}) {
    EXPECT_EQ(best_isa({avx2_leaf1 & ~(1u << missing), avx2_leaf7, 0x7}), Isa::sse2) << missing;
  }
  EXPECT_EQ(best_isa({avx2_leaf1, 0, 0x7}), Isa::sse2);
  EXPECT_EQ(best_isa({avx2_leaf1, avx2_leaf7, 0x3}), Isa::sse2) << "no upper halves are saved";
  EXPECT_EQ(best_isa({avx2_leaf1, avx2_leaf7, 0}), Isa::sse2);
}

TEST(Cpu, Avx512NeedsEveryBitAndTheSystem) {
  EXPECT_EQ(best_isa({avx2_leaf1, avx512_leaf7, 0xe7}), Isa::avx512);
  for (unsigned missing : {16u, 17u, 28u, 30u, 31u}) {
    EXPECT_EQ(best_isa({avx2_leaf1, avx512_leaf7 & ~(1u << missing), 0xe7}), Isa::avx2) << missing;
  }
  EXPECT_EQ(best_isa({avx2_leaf1, avx512_leaf7, 0x7}), Isa::avx2) << "no mask registers are saved";
  EXPECT_EQ(best_isa({avx2_leaf1, avx512_leaf7, 0xc7}), Isa::avx2);
}

// The compiler's own detection is a second opinion on the machine at hand.
TEST(Cpu, AgreesWithTheCompilersRuntime) {
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl");
  EXPECT_EQ(best_isa(cpu_features()), avx512 ? Isa::avx512 : avx2 ? Isa::avx2 : Isa::sse2);
}

}  // namespace
}  // namespace frys::simd
