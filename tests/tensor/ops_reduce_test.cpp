// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tensor/layouts.hpp"

namespace frys {
namespace {

using ::testing::ElementsAre;
using testing::floats;
using ::testing::HasSubstr;
using testing::inf;
using testing::nan;
using testing::unwrap;
using testing::values;

class OpsReduce : public testing::TensorTest {};

TEST_F(OpsReduce, WholeTensorOnEveryLayout) {
  for (const Shape& shape : {Shape{1, 1}, {7, 9}, {33, 31}, {3, 5000}, {5000, 3}}) {
    const Tensor a = random(shape, 11);
    double sum = 0;
    double top = -1e9;
    for (const float x : floats(a)) {
      sum += static_cast<double>(x);
      top = std::max(top, static_cast<double>(x));
    }
    const double expected = unwrap(ops::sum(a));
    EXPECT_NEAR(expected, sum, 1e-6 * std::sqrt(static_cast<double>(a.elements())) + 1e-6);
    for (const testing::Layout& x : testing::layouts(scope(), a)) {
      EXPECT_EQ(unwrap(ops::sum(x.view)), expected) << x.name;
      EXPECT_EQ(unwrap(ops::mean(x.view)), expected / static_cast<double>(a.elements())) << x.name;
      EXPECT_EQ(unwrap(ops::max(x.view)), top) << x.name;
    }
  }
}

TEST_F(OpsReduce, AlongADimensionOnEveryLayout) {
  for (const Shape& shape : {Shape{1, 1}, {7, 9}, {33, 31}, {3, 1000}, {1000, 3}}) {
    const Tensor a = random(shape, 12);
    for (const int dim : {0, 1}) {
      const std::int64_t kept = a.view().extent(dim == 0 ? 1 : 0);
      const std::int64_t gone = a.view().extent(dim == 0 ? 0 : 1);
      const Tensor sums = unwrap(ops::sum(scope(), a, dim));
      const Tensor means = unwrap(ops::mean(scope(), a, dim));
      const Tensor tops = unwrap(ops::max(scope(), a, dim));
      const Tensor where = unwrap(ops::argmax(scope(), a, dim));
      ASSERT_EQ(sums.shape(), (Shape{kept}));
      for (std::int64_t i = 0; i < kept; ++i) {
        double sum = 0;
        std::int64_t best = 0;
        const auto at = [&](std::int64_t j) {
          return a.data<float>()[dim == 0 ? j * kept + i : i * gone + j];
        };
        for (std::int64_t j = 0; j < gone; ++j) {
          sum += static_cast<double>(at(j));
          if (at(j) > at(best)) best = j;
        }
        ASSERT_NEAR(static_cast<double>(sums.data<float>()[i]), sum, 1e-5);
        ASSERT_NEAR(static_cast<double>(means.data<float>()[i]), sum / static_cast<double>(gone),
                    1e-6);
        ASSERT_EQ(tops.data<float>()[i], at(best));
        ASSERT_EQ(where.data<std::int64_t>()[i], best);
      }
      for (const testing::Layout& x : testing::layouts(scope(), a)) {
        ASSERT_EQ(floats(unwrap(ops::sum(scope(), x.view, dim))), floats(sums)) << x.name;
        ASSERT_EQ(floats(unwrap(ops::mean(scope(), x.view, dim - 2))), floats(means)) << x.name;
        ASSERT_EQ(floats(unwrap(ops::max(scope(), x.view, dim))), floats(tops)) << x.name;
        ASSERT_EQ(values<std::int64_t>(unwrap(ops::argmax(scope(), x.view, dim))),
                  values<std::int64_t>(where))
            << x.name;
      }
    }
  }
}

TEST_F(OpsReduce, TheMiddleOfThree) {
  const Tensor cube = iota({2, 3, 4});
  EXPECT_THAT(floats(unwrap(ops::sum(scope(), cube, 1))),
              ElementsAre(12, 15, 18, 21, 48, 51, 54, 57));
  EXPECT_THAT(values<std::int64_t>(unwrap(ops::argmax(scope(), cube, 1))),
              ::testing::Each(std::int64_t{2}));
}

TEST_F(OpsReduce, IntegersAreExact) {
  const std::int64_t big = (std::int64_t{1} << 60) + 1;
  const Tensor i64 = make<std::int64_t>({2, 2}, {big, 1, 2, 3});
  EXPECT_THAT(values<std::int64_t>(unwrap(ops::sum(scope(), i64, 1))), ElementsAre(big + 1, 5));
  EXPECT_THAT(values<std::int64_t>(unwrap(ops::max(scope(), i64, 0))), ElementsAre(big, 3));
  const Tensor i32 = make<std::int32_t>({3}, {2'000'000'000, 2'000'000'000, -5});
  EXPECT_EQ(unwrap(ops::sum(i32)), 3'999'999'995.0);
  EXPECT_THAT(values<std::int64_t>(unwrap(ops::sum(scope(), i32, 0))), ElementsAre(3'999'999'995));
  EXPECT_EQ(values<std::int64_t>(unwrap(ops::argmax(scope(), i32, 0)))[0], 0);
  EXPECT_EQ(unwrap(ops::mean(make<std::int32_t>({2}, {-1, -2}))), -1.5);
}

TEST_F(OpsReduce, NanPropagates) {
  const Tensor a = make<float>({2, 4}, {1, nan, 3, nan, 5, 6, 7, 8});
  EXPECT_TRUE(std::isnan(unwrap(ops::sum(a))));
  EXPECT_TRUE(std::isnan(unwrap(ops::max(a))));
  const std::vector<float> rows = floats(unwrap(ops::max(scope(), a, 1)));
  EXPECT_TRUE(std::isnan(rows[0]));
  EXPECT_EQ(rows[1], 8);
  EXPECT_THAT(values<std::int64_t>(unwrap(ops::argmax(scope(), a, 1))), ElementsAre(1, 3));
  EXPECT_THAT(values<std::int64_t>(unwrap(ops::argmax(scope(), a, 0))), ElementsAre(1, 0, 1, 0));
  const Tensor f64 = make<double>({3}, {1, static_cast<double>(nan), 3});
  EXPECT_TRUE(std::isnan(unwrap(ops::max(f64))));
}

TEST_F(OpsReduce, EmptyTensors) {
  const Tensor a = empty({0, 3});
  EXPECT_EQ(unwrap(ops::sum(a)), 0);
  EXPECT_THAT(floats(unwrap(ops::sum(scope(), a, 0))), ElementsAre(0, 0, 0));
  EXPECT_EQ(unwrap(ops::sum(scope(), a, 1)).shape(), (Shape{0}));
  EXPECT_EQ(unwrap(ops::max(scope(), a, 1)).shape(), (Shape{0}));
  EXPECT_THAT(floats(unwrap(ops::sum(scope(), empty({2, 0}), 1))), ElementsAre(0, 0));
  EXPECT_EQ(unwrap(ops::dot(empty({0}), empty({0}))), 0);
  EXPECT_EQ(unwrap(ops::norm(a)), 0);
}

TEST_F(OpsReduce, DotAndNorm) {
  for (const std::int64_t n : {1, 7, 8, 9, 31, 33, 1000, 10007}) {
    const Tensor a = random({n}, 1);
    const Tensor b = random({n}, 2);
    double dot = 0;
    double square = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      const double x = a.data<float>()[i];
      dot += x * static_cast<double>(b.data<float>()[i]);
      square += x * x;
    }
    EXPECT_NEAR(unwrap(ops::dot(a, b)), dot, 1e-6 * std::sqrt(static_cast<double>(n)) + 1e-6);
    EXPECT_NEAR(unwrap(ops::norm(a)) / std::sqrt(square), 1, 1e-6);
    const Tensor wide = random({n, 2}, 3);
    const TensorView column = unwrap(wide.view().select(1, 0));
    const Tensor dense = unwrap(contiguous(scope(), column));
    EXPECT_EQ(unwrap(ops::dot(column, b)), unwrap(ops::dot(dense, b)));
    EXPECT_EQ(unwrap(ops::norm(column)), unwrap(ops::norm(dense)));
  }
  const Tensor f64 = make<double>({3}, {1, 2, 3});
  EXPECT_EQ(unwrap(ops::dot(f64, f64)), 14);
}

TEST_F(OpsReduce, NormNeitherOverflowsNorUnderflows) {
  EXPECT_NEAR(unwrap(ops::norm(make<float>({2}, {3e30f, 4e30f}))) / 5e30, 1, 1e-6);
  EXPECT_NEAR(unwrap(ops::norm(make<float>({2}, {3e-30f, 4e-30f}))) / 5e-30, 1, 1e-6);
  EXPECT_NEAR(unwrap(ops::norm(make<double>({2}, {3e200, 4e200}))) / 5e200, 1, 1e-12);
  EXPECT_NEAR(unwrap(ops::norm(make<double>({2}, {3e-300, 4e-300}))) / 5e-300, 1, 1e-12);
  EXPECT_EQ(unwrap(ops::norm(make<double>({2}, {0, 0}))), 0);
  EXPECT_EQ(unwrap(ops::norm(make<double>({2}, {1, HUGE_VAL}))), HUGE_VAL);
  EXPECT_TRUE(std::isnan(unwrap(ops::norm(make<double>({2}, {1, std::nan("")})))));
  EXPECT_EQ(unwrap(ops::norm(make<float>({2}, {1, inf}))), HUGE_VAL);
}

TEST_F(OpsReduce, BadInputIsNamed) {
  const Tensor a = iota({2, 3});
  const Tensor half = unwrap(Tensor::zeros(scope(), {2}, DType::f16));
  const Tensor none = empty({2, 0});
  const struct {
    Status status;
    const char* says;
  } cases[] = {
      {ops::sum(half).status(), "sum is not defined for f16"},
      {ops::sum(scope(), a, 2).status(), "sum: dimension 2"},
      {ops::max(scope(), a, -3).status(), "max: dimension -3"},
      {ops::max(none).status(), "max: the tensor of shape [2, 0] is empty"},
      {ops::mean(none).status(), "mean: the tensor of shape [2, 0] is empty"},
      {ops::mean(scope(), none, 1).status(), "mean: dimension 1 of shape [2, 0] is empty"},
      {ops::argmax(scope(), none, 1).status(), "argmax: dimension 1"},
      {ops::dot(a, a).status(), "two vectors of equal length"},
      {ops::dot(iota({2}), iota({3})).status(), "[2] and [3]"},
      {ops::dot(iota({2}), make<double>({2}, {1, 2})).status(), "dtypes differ"},
      {ops::norm(make<std::int32_t>({1}, {1})).status(), "norm is not defined for i32"},
  };
  for (const auto& [status, says] : cases) {
    EXPECT_EQ(status.code(), ErrorCode::invalid_argument) << says;
    EXPECT_THAT(std::string(status.message()), HasSubstr(says));
  }
}

}  // namespace
}  // namespace frys
