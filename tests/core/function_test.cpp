// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/core/function.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>

namespace frys {
namespace {

TEST(UniqueFunction, CallsAndMovesSmallAndLargeCallables) {
  std::array<int, 64> large{};
  large[63] = 7;
  UniqueFunction<int(int)> in_place = [](int x) { return x + 1; };
  UniqueFunction<int(int)> on_heap = [large](int x) { return x + large[63]; };
  UniqueFunction<int(int)> moved = std::move(on_heap);
  EXPECT_FALSE(static_cast<bool>(on_heap));  // NOLINT: moved-from is empty by contract
  EXPECT_EQ(in_place(1), 2);
  EXPECT_EQ(moved(1), 8);
  moved = std::move(in_place);
  EXPECT_EQ(moved(1), 2);
}

TEST(UniqueFunction, OwnsWhatItCaptures) {
  auto counted = std::make_shared<int>(0);
  {
    UniqueFunction<void()> function = [counted] { ++*counted; };
    function();
    UniqueFunction<void()> other = std::move(function);
    other();
    EXPECT_EQ(counted.use_count(), 2);
    other = nullptr;
    EXPECT_EQ(counted.use_count(), 1);
  }
  EXPECT_EQ(*counted, 2);
}

TEST(UniqueFunction, TakesMoveOnlyArgumentsAndCaptures) {
  UniqueFunction<int(std::unique_ptr<int>)> function =
      [held = std::make_unique<int>(2)](std::unique_ptr<int> given) { return *held + *given; };
  EXPECT_EQ(function(std::make_unique<int>(3)), 5);
}

TEST(FunctionRef, CallsTheOriginal) {
  int calls = 0;
  auto callable = [&calls](int x) { return calls += x; };
  const FunctionRef<int(int)> reference = callable;
  EXPECT_EQ(reference(2), 2);
  EXPECT_EQ(reference(3), 5);
  EXPECT_EQ(calls, 5);
}

}  // namespace
}  // namespace frys
