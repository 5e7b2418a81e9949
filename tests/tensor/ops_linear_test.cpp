// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "support/four_threads.hpp"
#include "tensor/layouts.hpp"

namespace frys {
namespace {

using testing::floats;
using ::testing::HasSubstr;
using testing::inf;
using testing::unwrap;

class OpsLinear : public testing::TensorTest {};

/// A·B in double, and how far f32 may be off: a few units in the last place of Σ |a|·|b|.
void expect_product(const TensorView& a, const TensorView& b, const TensorView& c,
                    const std::string& name) {
  ASSERT_EQ(c.shape(), (Shape{a.extent(0), b.extent(1)})) << name;
  const auto k = static_cast<std::size_t>(a.extent(1));
  const auto n = static_cast<std::size_t>(b.extent(1));
  const std::vector<float> x = floats(a);
  const std::vector<float> y = floats(b);
  const std::vector<float> z = floats(c);
  for (std::size_t i = 0; i < static_cast<std::size_t>(a.extent(0)); ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      double sum = 0;
      double size = 0;
      for (std::size_t p = 0; p < k; ++p) {
        const double term = static_cast<double>(x[i * k + p]) * static_cast<double>(y[p * n + j]);
        sum += term;
        size += std::fabs(term);
      }
      const double tolerance = 6e-8 * (4 + std::sqrt(static_cast<double>(k))) * size + 1e-30;
      ASSERT_NEAR(static_cast<double>(z[i * n + j]), sum, tolerance)
          << name << " at " << i << ", " << j;
    }
  }
}

TEST_F(OpsLinear, MatmulOfEdgeShapes) {
  const std::int64_t sizes[] = {1, 2, 5, 6, 7, 13, 16, 17, 31, 33};
  for (const std::int64_t m : sizes) {
    for (const std::int64_t n : sizes) {
      for (const std::int64_t k : {1, 3, 8, 40}) {
        const Tensor a = random({m, k}, 1);
        const Tensor b = random({k, n}, 2);
        expect_product(a, b, unwrap(ops::matmul(scope(), a, b)), "matmul");
        const Tensor bt = unwrap(contiguous(scope(), unwrap(b.view().transpose(0, 1))));
        expect_product(a, b, unwrap(ops::similarity(scope(), a, bt)), "similarity");
      }
    }
  }
}

// More than one block in each direction, and a depth that is no multiple of anything.
TEST_F(OpsLinear, MatmulOfManyBlocks) {
  const Shape shapes[][2] = {
      {{100, 600}, {600, 70}}, {{200, 300}, {300, 1100}}, {{7, 257}, {257, 2050}}};
  for (const auto& [left, right] : shapes) {
    const Tensor a = random(left, 3);
    const Tensor b = random(right, 4);
    expect_product(a, b, unwrap(ops::matmul(scope(), a, b)), "blocks");
  }
}

TEST_F(OpsLinear, MatmulOnEveryLayout) {
  const Shape shapes[][2] = {{{33, 70}, {70, 35}},
                             {{1, 70}, {70, 35}},
                             {{35, 70}, {70, 1}},
                             {{3, 70}, {70, 90}},
                             {{90, 80}, {80, 90}}};
  for (const auto& [left, right] : shapes) {
    const Tensor a = random(left, 5);
    const Tensor b = random(right, 6);
    for (const testing::Layout& x : testing::layouts(scope(), a)) {
      for (const testing::Layout& y : testing::layouts(scope(), b)) {
        const std::string name = x.name + " times " + y.name;
        expect_product(a, b, unwrap(ops::matmul(scope(), x.view, y.view)), name);
        expect_product(
            a, b, unwrap(ops::similarity(scope(), x.view, unwrap(y.view.transpose(0, 1)))), name);
      }
    }
  }
}

TEST_F(OpsLinear, BroadcastFactors) {
  const Tensor row = random({40}, 7);
  const TensorView a = unwrap(row.view().broadcast_to({20, 40}));
  const Tensor one = make<float>({1, 1}, {0.5f});
  const TensorView b = unwrap(one.view().broadcast_to({40, 30}));
  expect_product(a, b, unwrap(ops::matmul(scope(), a, b)), "broadcast");
}

TEST_F(OpsLinear, ThreadsDoNotShowInTheResult) {
  const Shape shapes[][2] = {{{300, 300}, {300, 300}},
                             {{5, 500}, {500, 900}},
                             {{2000, 700}, {700, 1}},
                             {{1, 700}, {700, 9000}},
                             {{700, 64}, {64, 40}}};
  for (const auto& [left, right] : shapes) {
    testing::FourThreads threads;
    const Tensor a = random(left, 8);
    const Tensor b = random(right, 9);
    const TensorView at = unwrap(
        unwrap(contiguous(scope(), unwrap(a.view().transpose(0, 1)))).view().transpose(0, 1));
    const TensorView bt = unwrap(b.view().transpose(0, 1));
    EXPECT_EQ(floats(unwrap(ops::matmul(scope(), a, b, threads))),
              floats(unwrap(ops::matmul(scope(), a, b))));
    EXPECT_EQ(floats(unwrap(ops::matmul(scope(), at, b, threads))),
              floats(unwrap(ops::matmul(scope(), at, b))));
    EXPECT_EQ(floats(unwrap(ops::similarity(scope(), a, bt, threads))),
              floats(unwrap(ops::similarity(scope(), a, bt))));
    EXPECT_GT(threads.calls, 0);
  }
}

TEST_F(OpsLinear, SmallProductsStayWithTheCaller) {
  testing::FourThreads threads;
  const Tensor a = random({8, 8}, 1);
  ASSERT_TRUE(ops::matmul(scope(), a, a, threads));
  EXPECT_EQ(threads.calls, 0);
}

TEST_F(OpsLinear, EmptyFactors) {
  EXPECT_EQ(unwrap(ops::matmul(scope(), empty({0, 3}), empty({3, 4}))).shape(), (Shape{0, 4}));
  EXPECT_EQ(floats(unwrap(ops::matmul(scope(), empty({2, 0}), empty({0, 2})))),
            std::vector<float>(4, 0.0f));
  EXPECT_EQ(unwrap(ops::similarity(scope(), empty({2, 3}), empty({0, 3}))).elements(), 0u);
}

TEST_F(OpsLinear, NotFiniteValuesStayWhereTheyBelong) {
  Tensor a = random({9, 20}, 1);
  a.mutable_data<float>()[3 * 20 + 5] = inf;
  Tensor b = unwrap(Tensor::full(scope(), {20, 18}, DType::f32, 1));
  const std::vector<float> c = floats(unwrap(ops::matmul(scope(), a, b)));
  for (std::size_t i = 0; i < c.size(); ++i) {
    EXPECT_EQ(std::isfinite(c[i]), i / 18 != 3) << i;
  }
}

TEST_F(OpsLinear, RandomShapesAgainstDouble) {
  SeededRandom source(77);
  for (int round = 0; round < 60; ++round) {
    const auto m = static_cast<std::int64_t>(1 + source.next_below(130));
    const auto n = static_cast<std::int64_t>(1 + source.next_below(130));
    const auto k = static_cast<std::int64_t>(1 + source.next_below(400));
    const Tensor a = random({m, k}, source.next());
    const Tensor b = random({n, k}, source.next());
    const TensorView bt = unwrap(b.view().transpose(0, 1));
    expect_product(a, bt, unwrap(ops::matmul(scope(), a, bt)), "round " + std::to_string(round));
    Tensor out = unwrap(Tensor::full(scope(), {m, n}, DType::f32, testing::nan));
    ASSERT_TRUE(ops::similarity(out, a, b).ok());
    expect_product(a, bt, out, "similarity " + std::to_string(round));
  }
}

TEST_F(OpsLinear, BadInputIsNamed) {
  Tensor a = iota({2, 3});
  const Tensor b = iota({3, 4});
  Tensor out = empty({4, 2});
  Tensor square = iota({3, 3});
  const Tensor f64 = empty({3, 4}, DType::f64);
  const struct {
    Status status;
    const char* says;
  } cases[] = {
      {ops::matmul(scope(), a, a).status(), "matmul: shapes [2, 3] and [2, 3] do not match"},
      {ops::matmul(scope(), a, iota({3})).status(), "matmul: shapes [2, 3] and [3]"},
      {ops::matmul(scope(), iota({1, 2, 3}), b).status(), "matmul: shapes [1, 2, 3]"},
      {ops::similarity(scope(), a, b).status(), "it takes [m, dim] and [n, dim]"},
      {ops::matmul(out, a, b), "the result is f32[2, 4], but out is f32[4, 2]"},
      {ops::matmul(scope(), a, f64).status(), "matmul is not defined for f64"},
      {ops::matmul(square, square, b), "the result is f32[3, 4], but out is f32[3, 3]"},
      {ops::matmul(square, square, iota({3, 3})), "overlaps"},
      {ops::similarity(square, iota({3, 3}), square), "overlaps"},
  };
  for (const auto& [status, says] : cases) {
    EXPECT_EQ(status.code(), ErrorCode::invalid_argument) << says;
    EXPECT_THAT(std::string(status.message()), HasSubstr(says));
  }
}

}  // namespace
}  // namespace frys
