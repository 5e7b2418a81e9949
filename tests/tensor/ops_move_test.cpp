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

class OpsMove : public testing::TensorTest {};

TEST_F(OpsMove, CopyOnEveryLayoutIsCounted) {
  for (const Shape& shape : {Shape{1, 1}, {7, 9}, {33, 65}, {600, 3}, {0, 4}}) {
    const Tensor a = random(shape, 8);
    for (const testing::Layout& x : testing::layouts(scope(), a)) {
      Tensor out = empty(shape);
      const CopyStats before = copy_stats();
      ASSERT_TRUE(ops::copy(out, x.view).ok());
      ASSERT_EQ(floats(out), floats(a)) << x.name;
      EXPECT_EQ(copy_stats().bytes - before.bytes, a.size_bytes());
    }
  }
}

TEST_F(OpsMove, CopyOfEveryElementSizeAndBroadcast) {
  const Tensor i8 = make<std::int8_t>({2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_THAT(values<std::int8_t>(unwrap(contiguous(scope(), unwrap(i8.view().transpose(0, 1))))),
              ElementsAre(1, 4, 2, 5, 3, 6));
  const Tensor i16 = make<std::int16_t>({2, 2}, {1, 2, 3, 4});
  EXPECT_THAT(values<std::int16_t>(unwrap(contiguous(scope(), unwrap(i16.view().transpose(0, 1))))),
              ElementsAre(1, 3, 2, 4));
  const Tensor f64 = make<double>({2, 2}, {1, 2, 3, 4});
  EXPECT_THAT(values<double>(unwrap(contiguous(scope(), unwrap(f64.view().transpose(0, 1))))),
              ElementsAre(1, 3, 2, 4));
  Tensor out = empty({2, 3});
  ASSERT_TRUE(ops::copy(out, iota({3})).ok());
  EXPECT_THAT(floats(out), ElementsAre(0, 1, 2, 0, 1, 2));
}

TEST_F(OpsMove, CastHoldsFloatsAtTheLimits) {
  const Tensor a = make<double>({8}, {-1e30, -129, -1.9, 1.9, 127.9, 300, 1e30, nan});
  EXPECT_THAT(values<std::int8_t>(unwrap(ops::cast(scope(), a, DType::i8))),
              ElementsAre(-128, -128, -1, 1, 127, 127, 127, 0));
  EXPECT_THAT(values<std::uint8_t>(unwrap(ops::cast(scope(), a, DType::u8))),
              ElementsAre(0, 0, 0, 1, 127, 255, 255, 0));
  const auto lowest = std::numeric_limits<std::int64_t>::min();
  const auto highest = std::numeric_limits<std::int64_t>::max();
  EXPECT_THAT(values<std::int64_t>(unwrap(ops::cast(scope(), a, DType::i64))),
              ElementsAre(lowest, -129, -1, 1, 127, 300, highest, 0));
  const Tensor f = make<float>({4}, {inf, -inf, 2147483648.0f, -2147483648.0f});
  EXPECT_THAT(values<std::int32_t>(unwrap(ops::cast(scope(), f, DType::i32))),
              ElementsAre(2147483647, -2147483647 - 1, 2147483647, -2147483647 - 1));
  EXPECT_THAT(values<bool>(unwrap(ops::cast(scope(), a, DType::boolean))),
              ElementsAre(true, true, true, true, true, true, true, true));
}

TEST_F(OpsMove, CastWrapsIntegers) {
  const Tensor a = make<std::int64_t>({4}, {300, -1, 0, 1ll << 40});
  EXPECT_THAT(values<std::uint8_t>(unwrap(ops::cast(scope(), a, DType::u8))),
              ElementsAre(44, 255, 0, 0));
  EXPECT_THAT(values<bool>(unwrap(ops::cast(scope(), a, DType::boolean))),
              ElementsAre(true, true, false, true));
  EXPECT_THAT(floats(unwrap(ops::cast(scope(), a, DType::f32))),
              ElementsAre(300, -1, 0, 1099511627776.0f));
}

// Rounding twice, by way of f32, would give another half here.
TEST_F(OpsMove, CastToHalfRoundsOnce) {
  const double just_above = 1 + std::ldexp(1, -11) + std::ldexp(1, -40);
  const double just_below = 1 + 3 * std::ldexp(1, -11) - std::ldexp(1, -40);
  const Tensor a = make<double>({6}, {just_above, -just_above, just_below, 1e300, nan, 65504});
  const std::vector<std::uint16_t> half =
      values<std::uint16_t>(unwrap(ops::cast(scope(), a, DType::f16)));
  EXPECT_EQ(half[0], 0x3c01);
  EXPECT_EQ(half[1], 0xbc01);
  EXPECT_EQ(half[2], 0x3c01);
  EXPECT_EQ(half[3], 0x7c00);
  EXPECT_EQ(half[4] & 0x7e00, 0x7e00);
  EXPECT_EQ(half[5], 0x7bff);
  // 2^62 + 2^54 lies in the middle of two bfloats; one more makes the upper one nearer.
  const std::int64_t middle = (1ll << 62) + (1ll << 54);
  const Tensor i = make<std::int64_t>({3}, {middle, middle + 1, -middle - 1});
  const std::vector<std::uint16_t> bf =
      values<std::uint16_t>(unwrap(ops::cast(scope(), i, DType::bf16)));
  EXPECT_EQ(bf[0], 0x5e80);
  EXPECT_EQ(bf[1], 0x5e81);
  EXPECT_EQ(bf[2], 0xde81);
}

TEST_F(OpsMove, ABooleanOfAnyByteIsTrueUnlessZero) {
  const std::vector<std::byte> bytes = {std::byte{0}, std::byte{1}, std::byte{2}, std::byte{255}};
  const Tensor a = unwrap(Tensor::from_bytes(scope(), {4}, DType::boolean, bytes));
  for (int to = 0; to < static_cast<int>(DType::boolean); ++to) {
    const Tensor typed = unwrap(ops::cast(scope(), a, static_cast<DType>(to)));
    EXPECT_THAT(floats(unwrap(ops::cast(scope(), typed, DType::f32))), ElementsAre(0, 1, 1, 1))
        << to;
  }
}

TEST_F(OpsMove, EveryPairOfDtypesOnEveryLayout) {
  const Tensor source = make<float>({3, 2}, {0, 1, 2, 3, 100, 1});
  for (int from = 0; from <= static_cast<int>(DType::boolean); ++from) {
    const Tensor a = unwrap(ops::cast(scope(), source, static_cast<DType>(from)));
    for (int to = 0; to <= static_cast<int>(DType::boolean); ++to) {
      const TensorView transposed = unwrap(a.view().transpose(0, 1));
      const Tensor b = unwrap(ops::cast(scope(), transposed, static_cast<DType>(to)));
      const Tensor wide = unwrap(ops::cast(scope(), b, DType::f64));
      const bool flags =
          from == static_cast<int>(DType::boolean) || to == static_cast<int>(DType::boolean);
      EXPECT_THAT(values<double>(wide),
                  flags ? ElementsAre(0, 1, 1, 1, 1, 1) : ElementsAre(0, 2, 100, 1, 3, 1))
          << from << " to " << to;
    }
  }
}

TEST_F(OpsMove, CastOfLongArraysUsesEveryStage) {
  const Tensor a = random({1, 2000}, 4, 100);
  const Tensor half = unwrap(ops::cast(scope(), a, DType::f16));
  const Tensor back = unwrap(ops::cast(scope(), half, DType::f64));
  for (std::size_t i = 0; i < a.elements(); ++i) {
    const double x = a.data<float>()[i];
    ASSERT_NEAR(values<double>(unwrap(back.view().slice(1, static_cast<std::int64_t>(i),
                                                        static_cast<std::int64_t>(i) + 1)))[0],
                x, std::fabs(x) / 1024);
  }
}

TEST_F(OpsMove, GatherRows) {
  const Tensor a = iota({4, 3});
  const Tensor pick = make<std::int64_t>({3}, {2, 0, 2});
  const CopyStats before = copy_stats();
  EXPECT_THAT(floats(unwrap(ops::gather_rows(scope(), a, pick))),
              ElementsAre(6, 7, 8, 0, 1, 2, 6, 7, 8));
  EXPECT_EQ(copy_stats().bytes - before.bytes, 36u);
  const Tensor pick32 = make<std::int32_t>({4}, {1, 9, 2, 9});
  const TensorView strided = unwrap(pick32.view().slice(0, 0, 4, 2));
  const TensorView transposed = unwrap(a.view().transpose(0, 1));
  EXPECT_THAT(floats(unwrap(ops::gather_rows(scope(), transposed, strided))),
              ElementsAre(1, 4, 7, 10, 2, 5, 8, 11));
  const Tensor bytes = make<std::uint8_t>({3}, {7, 8, 9});
  EXPECT_THAT(values<std::uint8_t>(unwrap(ops::gather_rows(scope(), bytes, pick))),
              ElementsAre(9, 7, 9));
  EXPECT_EQ(unwrap(ops::gather_rows(scope(), a, empty({0}, DType::i64))).shape(), (Shape{0, 3}));
}

TEST_F(OpsMove, BadInputIsNamed) {
  Tensor a = iota({4, 3});
  Tensor out = empty({2, 3});
  Tensor f64 = empty({4, 3}, DType::f64);
  const Tensor pick = make<std::int64_t>({2}, {0, 4});
  const Tensor below = make<std::int64_t>({2}, {0, -1});
  const TensorView part = unwrap(a.view().slice(0, 0, 2));
  const struct {
    Status status;
    const char* says;
  } cases[] = {
      {ops::copy(out, a), "copy: cannot broadcast [4, 3] to [2, 3]"},
      {ops::copy(f64, a), "copy: the result is f32"},
      {ops::copy(a, part), "overlaps"},
      {ops::copy(a, a), "overlaps"},
      {ops::cast(out, a), "cast: the result is f32[4, 3], but out is f32[2, 3]"},
      {ops::gather_rows(scope(), a, pick).status(), "index 4 at position 1 is outside the 4 rows"},
      {ops::gather_rows(scope(), a, below).status(), "index -1 at position 1"},
      {ops::gather_rows(scope(), a, a).status(), "gather_rows indices is not defined for f32"},
      {ops::gather_rows(scope(), iota({}), pick).status(), "rank 1 or more"},
      {ops::gather_rows(f64, a, pick), "gather_rows: the result is f32[2, 3]"},
  };
  for (const auto& [status, says] : cases) {
    EXPECT_EQ(status.code(), ErrorCode::invalid_argument) << says;
    EXPECT_THAT(std::string(status.message()), HasSubstr(says));
  }
}

}  // namespace
}  // namespace frys
