// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/tensor/simd_level.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "simd/dispatch.hpp"

namespace frys {
namespace {

TEST(SimdLevel, IsTheActiveInstructionSet) {
  EXPECT_EQ(simd_level(), simd::to_string(simd::active_isa()));
  EXPECT_EQ(simd_note(), simd::isa_note());
}

// Says something where FRYS_SIMD is set, as in the processes that tiers_test.cpp starts.
TEST(SimdLevel, IsWhatTheEnvironmentAsksFor) {
  const char* wanted = std::getenv("FRYS_SIMD");
  for (const simd::Isa isa : {simd::Isa::sse2, simd::Isa::avx2, simd::Isa::avx512}) {
    if (wanted == nullptr || simd::to_string(isa) != wanted) continue;
    if (simd::kernels_for(isa) == nullptr) continue;
    EXPECT_EQ(simd_level(), wanted);
    EXPECT_EQ(simd::kernels().isa, isa);
  }
}

}  // namespace
}  // namespace frys
