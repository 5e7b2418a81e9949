// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tensor/layouts.hpp"

namespace frys {
namespace {

using testing::floats;
using ::testing::HasSubstr;
using testing::inf;
using testing::nan;
using testing::unwrap;

class OpsRows : public testing::TensorTest {};

TEST_F(OpsRows, NormalizedRowsHaveLengthOneOnEveryLayout) {
  for (const Shape& shape : {Shape{1, 1}, {5, 7}, {9, 256}, {3, 1000}, {100, 3}}) {
    const Tensor a = random(shape, 5, 10);
    const Tensor unit = unwrap(ops::l2_normalize_rows(scope(), a));
    const auto columns = static_cast<std::size_t>(shape[1]);
    for (std::size_t row = 0; row < a.elements() / columns; ++row) {
      double square = 0;
      for (std::size_t j = 0; j < columns; ++j) {
        square += std::pow(static_cast<double>(a.data<float>()[row * columns + j]), 2);
      }
      for (std::size_t j = 0; j < columns; ++j) {
        const double truth =
            static_cast<double>(a.data<float>()[row * columns + j]) / std::sqrt(square);
        ASSERT_NEAR(static_cast<double>(unit.data<float>()[row * columns + j]), truth, 5e-7);
      }
    }
    for (const testing::Layout& x : testing::layouts(scope(), a)) {
      ASSERT_EQ(floats(unwrap(ops::l2_normalize_rows(scope(), x.view))), floats(unit)) << x.name;
    }
  }
}

TEST_F(OpsRows, RowsThatAreHardToNormalize) {
  const Tensor a =
      make<float>({6, 2}, {0, 0, 3e30f, 4e30f, 3e-30f, 4e-30f, inf, 1, nan, 1, 1e-45f, 0});
  const std::vector<float> unit = floats(unwrap(ops::l2_normalize_rows(scope(), a)));
  EXPECT_EQ(unit[0], 0);
  EXPECT_EQ(unit[1], 0);
  EXPECT_FLOAT_EQ(unit[2], 0.6f);
  EXPECT_FLOAT_EQ(unit[3], 0.8f);
  EXPECT_FLOAT_EQ(unit[4], 0.6f);
  EXPECT_FLOAT_EQ(unit[5], 0.8f);
  for (int i = 6; i < 10; ++i) EXPECT_TRUE(std::isnan(unit[i])) << i;
  EXPECT_FLOAT_EQ(unit[10], 1);
}

TEST_F(OpsRows, SoftmaxOnEveryLayout) {
  for (const Shape& shape : {Shape{1, 1}, {5, 7}, {9, 33}, {3, 1000}, {100, 3}}) {
    const Tensor a = random(shape, 6, 8);
    const Tensor soft = unwrap(ops::softmax(scope(), a));
    const auto columns = static_cast<std::size_t>(shape[1]);
    for (std::size_t row = 0; row < a.elements() / columns; ++row) {
      double total = 0;
      double mass = 0;
      for (std::size_t j = 0; j < columns; ++j) {
        total += std::exp(static_cast<double>(a.data<float>()[row * columns + j]));
      }
      for (std::size_t j = 0; j < columns; ++j) {
        const double truth =
            std::exp(static_cast<double>(a.data<float>()[row * columns + j])) / total;
        const double found = soft.data<float>()[row * columns + j];
        ASSERT_NEAR(found / truth, 1, 4e-6);
        mass += found;
      }
      ASSERT_NEAR(mass, 1, 1e-5);
    }
    for (const testing::Layout& x : testing::layouts(scope(), a)) {
      ASSERT_EQ(floats(unwrap(ops::softmax(scope(), x.view))), floats(soft)) << x.name;
    }
  }
}

TEST_F(OpsRows, HigherRanksAndInPlace) {
  Tensor cube = random({2, 3, 16}, 7);
  const Tensor expected = unwrap(ops::softmax(scope(), cube));
  const TensorView view = cube.view();
  ASSERT_TRUE(ops::softmax(cube, view).ok());
  EXPECT_EQ(floats(cube), floats(expected));
  EXPECT_EQ(unwrap(ops::softmax(scope(), empty({0, 4}))).elements(), 0u);
  EXPECT_EQ(unwrap(ops::l2_normalize_rows(scope(), empty({4, 0}))).elements(), 0u);
}

TEST_F(OpsRows, BadInputIsNamed) {
  Tensor out = empty({3, 2});
  const Tensor a = iota({2, 3});
  const Tensor i32 = unwrap(Tensor::zeros(scope(), {2, 3}, DType::i32));
  Tensor square = iota({3, 3});
  const TensorView transposed = unwrap(square.view().transpose(0, 1));
  const struct {
    Status status;
    const char* says;
  } cases[] = {
      {ops::softmax(out, a), "softmax: the result is f32[2, 3], but out is f32[3, 2]"},
      {ops::softmax(scope(), i32).status(), "softmax is not defined for i32"},
      {ops::softmax(scope(), iota({})).status(), "got a scalar"},
      {ops::l2_normalize_rows(scope(), i32).status(), "l2_normalize_rows is not defined for i32"},
      {ops::l2_normalize_rows(square, transposed), "overlaps"},
  };
  for (const auto& [status, says] : cases) {
    EXPECT_EQ(status.code(), ErrorCode::invalid_argument) << says;
    EXPECT_THAT(std::string(status.message()), HasSubstr(says));
  }
}

}  // namespace
}  // namespace frys
