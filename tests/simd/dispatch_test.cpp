// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "simd/dispatch.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "simd/cpu.hpp"

namespace frys::simd {
namespace {

TEST(Dispatch, TheBestIsTheDefault) {
  EXPECT_EQ(choose_isa(nullptr, Isa::avx2).isa, Isa::avx2);
  EXPECT_EQ(choose_isa("", Isa::avx512).isa, Isa::avx512);
  EXPECT_TRUE(choose_isa(nullptr, Isa::sse2).note.empty());
}

TEST(Dispatch, ALowerOneCanBeForced) {
  EXPECT_EQ(choose_isa("sse2", Isa::avx512).isa, Isa::sse2);
  EXPECT_EQ(choose_isa("avx2", Isa::avx512).isa, Isa::avx2);
  EXPECT_TRUE(choose_isa("avx2", Isa::avx2).note.empty());
}

TEST(Dispatch, WhatCannotBeFollowedIsSaid) {
  const IsaChoice higher = choose_isa("avx512", Isa::avx2);
  EXPECT_EQ(higher.isa, Isa::avx2);
  EXPECT_FALSE(higher.note.empty());
  const IsaChoice unknown = choose_isa("AVX2", Isa::avx2);
  EXPECT_EQ(unknown.isa, Isa::avx2);
  EXPECT_NE(unknown.note.find("none of"), std::string_view::npos);
}

TEST(Dispatch, TablesExistUpToTheBestOfTheMachine) {
  const Isa best = best_isa(cpu_features());
  for (const Isa isa : {Isa::sse2, Isa::avx2, Isa::avx512}) {
    const Kernels* table = kernels_for(isa);
    ASSERT_EQ(table != nullptr, isa <= best) << to_string(isa);
    if (table == nullptr) continue;
    EXPECT_EQ(table->isa, isa);
    EXPECT_EQ(table->matmul.nr % table->width, 0u);
    EXPECT_LE(table->matmul.mr * table->matmul.nr, 12u * 32u);
  }
}

TEST(Dispatch, TheActiveTableFollowsTheEnvironment) {
  const IsaChoice expected = choose_isa(std::getenv("FRYS_SIMD"), best_isa(cpu_features()));
  EXPECT_EQ(active_isa(), expected.isa);
  EXPECT_EQ(kernels().isa, expected.isa);
  EXPECT_EQ(isa_note(), expected.note);
}

}  // namespace
}  // namespace frys::simd
