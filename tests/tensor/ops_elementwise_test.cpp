// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <atomic>
#include <functional>
#include <thread>

#include "tensor/layouts.hpp"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FRYS_TESTS_THREAD_SANITIZED 1
#endif
#endif

namespace frys {
namespace {

using ::testing::ElementsAre;
using testing::floats;
using ::testing::HasSubstr;
using testing::inf;
using testing::nan;
using testing::unwrap;

class OpsElementwise : public testing::TensorTest {};

using InPlace = Status (*)(Tensor&, const TensorView&, const TensorView&) noexcept;

struct Named {
  const char* name;
  InPlace op;
  std::function<double(double, double)> truth;
};

const std::vector<Named>& binaries() {
  static const std::vector<Named> all = {
      {"add", ops::add, [](double a, double b) { return a + b; }},
      {"sub", ops::sub, [](double a, double b) { return a - b; }},
      {"mul", ops::mul, [](double a, double b) { return a * b; }},
      {"div", ops::div, [](double a, double b) { return a / b; }}};
  return all;
}

TEST_F(OpsElementwise, EveryLayoutGivesTheSameBits) {
  for (const Shape& shape : {Shape{1, 1}, {7, 9}, {33, 31}, {3, 1000}, {1000, 3}, {0, 5}}) {
    const Tensor a = random(shape, 1, 10);
    const Tensor b = random(shape, 2, 10);
    for (const Named& named : binaries()) {
      Tensor expected = empty(shape);
      ASSERT_TRUE(named.op(expected, a, b).ok());
      for (std::size_t i = 0; i < a.elements(); ++i) {
        const double truth = named.truth(a.data<float>()[i], b.data<float>()[i]);
        ASSERT_EQ(expected.data<float>()[i], static_cast<float>(truth)) << named.name;
      }
      for (const testing::Layout& x : testing::layouts(scope(), a)) {
        for (const testing::Layout& y : testing::layouts(scope(), b)) {
          Tensor out = empty(shape);
          ASSERT_TRUE(named.op(out, x.view, y.view).ok());
          ASSERT_EQ(floats(out), floats(expected)) << named.name << x.name << " and " << y.name;
        }
      }
    }
  }
}

TEST_F(OpsElementwise, Broadcasting) {
  const Tensor matrix = iota({2, 3});
  const Tensor row = make<float>({3}, {10, 20, 30});
  const Tensor column = make<float>({2, 1}, {100, 200});
  const Tensor scalar = make<float>({}, {1000});
  EXPECT_THAT(floats(unwrap(ops::add(scope(), matrix, row))), ElementsAre(10, 21, 32, 13, 24, 35));
  EXPECT_THAT(floats(unwrap(ops::add(scope(), column, matrix))),
              ElementsAre(100, 101, 102, 203, 204, 205));
  EXPECT_THAT(floats(unwrap(ops::sub(scope(), row, column))),
              ElementsAre(-90, -80, -70, -190, -180, -170));
  EXPECT_THAT(floats(unwrap(ops::mul(scope(), scalar, row))), ElementsAre(10000, 20000, 30000));
  EXPECT_EQ(unwrap(ops::add(scope(), iota({0, 3}), row)).shape(), (Shape{0, 3}));
}

TEST_F(OpsElementwise, OtherDtypes) {
  const Tensor i32 = make<std::int32_t>({3}, {1, -7, std::numeric_limits<std::int32_t>::max()});
  const Tensor one = make<std::int32_t>({1}, {1});
  EXPECT_THAT(testing::values<std::int32_t>(unwrap(ops::add(scope(), i32, one))),
              ElementsAre(2, -6, std::numeric_limits<std::int32_t>::min()));
  const std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
  const Tensor i64 = make<std::int64_t>({2}, {lowest, 9});
  const Tensor minus = make<std::int64_t>({1}, {-1});
  EXPECT_THAT(testing::values<std::int64_t>(unwrap(ops::div(scope(), i64, minus))),
              ElementsAre(lowest, -9));
  EXPECT_THAT(testing::values<std::int64_t>(unwrap(ops::mul(scope(), i64, i64))),
              ElementsAre(0, 81));
  const Tensor f64 = make<double>({2}, {0.1, 0.2});
  EXPECT_THAT(testing::values<double>(unwrap(ops::add(scope(), f64, f64))), ElementsAre(0.2, 0.4));
  EXPECT_THAT(testing::values<double>(unwrap(ops::axpy(scope(), 3, f64, f64))),
              ElementsAre(3 * 0.1 + 0.1, 3 * 0.2 + 0.2));
  EXPECT_THAT(testing::values<double>(unwrap(ops::exp(scope(), f64))),
              ElementsAre(std::exp(0.1), std::exp(0.2)));
  EXPECT_THAT(testing::values<std::int32_t>(unwrap(ops::relu(scope(), i32))),
              ElementsAre(1, 0, std::numeric_limits<std::int32_t>::max()));
}

TEST_F(OpsElementwise, UnaryOnEveryLayout) {
  for (const Shape& shape : {Shape{1, 1}, {9, 31}, {600, 3}}) {
    const Tensor a = random(shape, 3, 30);
    const Tensor y = random(shape, 4, 30);
    const Tensor scaled = unwrap(ops::scale(scope(), a, -2.5));
    const Tensor rectified = unwrap(ops::relu(scope(), a));
    const Tensor raised = unwrap(ops::exp(scope(), a));
    const Tensor fused = unwrap(ops::axpy(scope(), 0.5, a, y));
    for (std::size_t i = 0; i < a.elements(); ++i) {
      const double x = a.data<float>()[i];
      ASSERT_EQ(scaled.data<float>()[i], static_cast<float>(x * -2.5));
      ASSERT_EQ(rectified.data<float>()[i], x > 0 ? static_cast<float>(x) : 0.0f);
      ASSERT_NEAR(static_cast<double>(raised.data<float>()[i]) / std::exp(x), 1, 2.4e-7);
      ASSERT_NEAR(static_cast<double>(fused.data<float>()[i]),
                  0.5 * x + static_cast<double>(y.data<float>()[i]), 4e-6);
    }
    for (const testing::Layout& x : testing::layouts(scope(), a)) {
      ASSERT_EQ(floats(unwrap(ops::scale(scope(), x.view, -2.5))), floats(scaled)) << x.name;
      ASSERT_EQ(floats(unwrap(ops::relu(scope(), x.view))), floats(rectified)) << x.name;
      ASSERT_EQ(floats(unwrap(ops::exp(scope(), x.view))), floats(raised)) << x.name;
      ASSERT_EQ(floats(unwrap(ops::axpy(scope(), 0.5, x.view, y))), floats(fused)) << x.name;
    }
  }
}

TEST_F(OpsElementwise, SpecialValuesFollowTheStandard) {
  const Tensor a = make<float>({4}, {inf, -inf, nan, 1});
  const Tensor b = make<float>({4}, {inf, 1, 1, 0});
  const std::vector<float> sums = floats(unwrap(ops::sub(scope(), a, b)));
  EXPECT_TRUE(std::isnan(sums[0]));
  EXPECT_EQ(sums[1], -inf);
  EXPECT_TRUE(std::isnan(sums[2]));
  EXPECT_EQ(floats(unwrap(ops::div(scope(), a, b)))[3], inf);
  EXPECT_TRUE(std::isnan(floats(unwrap(ops::relu(scope(), a)))[2]));
  EXPECT_TRUE(std::isnan(floats(unwrap(ops::exp(scope(), a)))[2]));
}

TEST_F(OpsElementwise, InPlaceIsLegalAndOverlapIsNot) {
  Tensor a = iota({8});
  const TensorView view = a.view();
  ASSERT_TRUE(ops::add(a, view, view).ok());
  EXPECT_THAT(floats(a), ElementsAre(0, 2, 4, 6, 8, 10, 12, 14));
  ASSERT_TRUE(ops::scale(a, view, 0.5).ok());
  ASSERT_TRUE(ops::exp(a, view).ok());
  Tensor square = iota({3, 3});
  const TensorView transposed = unwrap(square.view().transpose(0, 1));
  const Status status = ops::add(square, transposed, square);
  EXPECT_EQ(status.code(), ErrorCode::invalid_argument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("overlaps"));
  const TensorView row = unwrap(square.view().select(0, 0));
  EXPECT_EQ(ops::add(square, square, row).code(), ErrorCode::invalid_argument);
  EXPECT_EQ(floats(square), floats(iota({3, 3}))) << "nothing was written";
}

TEST_F(OpsElementwise, FillConvertsToEveryDtype) {
  for (int i = 0; i <= static_cast<int>(DType::boolean); ++i) {
    Tensor out = empty({37}, static_cast<DType>(i));
    ASSERT_TRUE(ops::fill(out, 1).ok());
    const Tensor wide = unwrap(ops::cast(scope(), out, DType::f64));
    EXPECT_EQ(testing::values<double>(wide), std::vector<double>(37, 1.0)) << i;
  }
}

TEST_F(OpsElementwise, BadInputIsNamed) {
  Tensor f32 = iota({2, 3});
  Tensor other = iota({3, 2});
  Tensor i32 = unwrap(Tensor::zeros(scope(), {2, 3}, DType::i32));
  const Tensor half = unwrap(Tensor::zeros(scope(), {2, 3}, DType::f16));
  const struct {
    Status status;
    const char* says;
  } cases[] = {
      {ops::add(f32, f32, other), "add: shapes [2, 3] and [3, 2]"},
      {ops::mul(scope(), f32, other).status(), "mul: shapes [2, 3] and [3, 2]"},
      {ops::add(other, f32, f32), "add: the result is f32[2, 3], but out is f32[3, 2]"},
      {ops::add(f32, f32, i32), "dtypes differ, f32[2, 3] and i32[2, 3]"},
      {ops::add(i32, f32, f32), "but out is i32"},
      {ops::sub(scope(), half, half).status(), "sub is not defined for f16"},
      {ops::div(scope(), i32, i32).status(), "holds a zero"},
      {ops::div(i32, i32, i32), "holds a zero"},
      {ops::scale(scope(), i32, 2).status(), "scale is not defined for i32"},
      {ops::exp(scope(), i32).status(), "exp is not defined for i32"},
      {ops::relu(other, f32), "relu: the result is f32[2, 3]"},
      {ops::axpy(scope(), 1, i32, i32).status(), "axpy is not defined for i32"},
      {ops::axpy(f32, 1, f32, other), "axpy: shapes"},
  };
  for (const auto& [status, says] : cases) {
    EXPECT_EQ(status.code(), ErrorCode::invalid_argument) << says;
    EXPECT_THAT(std::string(status.message()), HasSubstr(says));
  }
}

#ifndef FRYS_TESTS_THREAD_SANITIZED  // the race is the point
TEST_F(OpsElementwise, ADivisorThatBecomesZeroMeanwhileDoesNotTrap) {
  Tensor a = unwrap(Tensor::full(scope(), {4096}, DType::i32, 7));
  Tensor b = unwrap(Tensor::full(scope(), {4096}, DType::i32, 1));
  std::atomic<bool> ended{false};
  std::thread writer([&] {
    const std::atomic_ref<std::int32_t> last(b.mutable_data<std::int32_t>()[4095]);
    for (std::int32_t value = 0; !ended.load(); value = 1 - value) last.store(value);
  });
  for (int i = 0; i < 10000; ++i) static_cast<void>(ops::div(a, a, b));
  ended = true;
  writer.join();
  EXPECT_EQ(a.data<std::int32_t>()[0], 7);
}
#endif

}  // namespace
}  // namespace frys
