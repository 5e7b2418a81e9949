// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/tensor/simd_level.hpp"

#include <gtest/gtest.h>

#include "simd/dispatch.hpp"

namespace frys {
namespace {

TEST(SimdLevel, IsTheActiveInstructionSet) {
  EXPECT_EQ(simd_level(), simd::to_string(simd::active_isa()));
  EXPECT_EQ(simd_note(), simd::isa_note());
}

}  // namespace
}  // namespace frys
