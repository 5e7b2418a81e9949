// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/tensor/dtype.hpp"

#include <gtest/gtest.h>

namespace frys {
namespace {

TEST(DType, SizesAndNames) {
  const struct {
    DType dtype;
    std::size_t bytes;
    const char* name;
  } cases[] = {{DType::f32, 4, "f32"},        {DType::f64, 8, "f64"}, {DType::f16, 2, "f16"},
               {DType::bf16, 2, "bf16"},      {DType::i8, 1, "i8"},   {DType::u8, 1, "u8"},
               {DType::i16, 2, "i16"},        {DType::i32, 4, "i32"}, {DType::i64, 8, "i64"},
               {DType::boolean, 1, "boolean"}};
  int value = 0;
  for (const auto& [dtype, bytes, name] : cases) {
    EXPECT_EQ(size_of(dtype), bytes) << name;
    EXPECT_EQ(to_string(dtype), name);
    EXPECT_EQ(static_cast<int>(dtype), value++) << "values are stored on disk";
  }
  EXPECT_EQ(size_of(static_cast<DType>(77)), 0u);
  EXPECT_EQ(to_string(static_cast<DType>(77)), "unknown");
}

}  // namespace
}  // namespace frys
