// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/tensor/tensor.hpp"

#include "tensor/tensor_fixture.hpp"

namespace frys {
namespace {

using ::testing::ElementsAre;
using testing::floats;
using ::testing::HasSubstr;
using testing::unwrap;

class TensorTest : public testing::TensorTest {};

TEST_F(TensorTest, EmptyIsAlignedAndCharged) {
  const MemoryScope child = unwrap(scope().child("child"));
  const Tensor t = unwrap(Tensor::empty(child, {3, 5}, DType::f64));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(t.view().data()) % 64, 0u);
  EXPECT_EQ(t.size_bytes(), 120u);
  EXPECT_EQ(child.stats().live_bytes, 128u);
  EXPECT_TRUE(t.view().is_contiguous());
}

TEST_F(TensorTest, ZeroExtentsTakeNoMemory) {
  const MemoryScope child = unwrap(scope().child("child"));
  const Tensor t = unwrap(Tensor::empty(child, {3, 0}, DType::f32));
  EXPECT_EQ(t.elements(), 0u);
  EXPECT_EQ(t.view().data(), nullptr);
  EXPECT_EQ(child.stats().live_bytes, 0u);
}

TEST_F(TensorTest, ZerosAndFull) {
  EXPECT_THAT(floats(unwrap(Tensor::zeros(scope(), {3}, DType::f32))), ElementsAre(0, 0, 0));
  EXPECT_THAT(floats(unwrap(Tensor::full(scope(), {2}, DType::f32, 1.5))), ElementsAre(1.5f, 1.5f));
  EXPECT_THAT(testing::values<std::int8_t>(unwrap(Tensor::full(scope(), {2}, DType::i8, 300))),
              ElementsAre(127, 127));
  EXPECT_EQ(testing::values<std::uint16_t>(unwrap(Tensor::full(scope(), {1}, DType::f16, 1)))[0],
            0x3c00);
  EXPECT_EQ(floats(unwrap(Tensor::full(scope(), {}, DType::f32, 7))), std::vector<float>{7});
}

TEST_F(TensorTest, FromSpanCountsItsCopy) {
  const MemoryScope child = unwrap(scope().child("child"));
  const CopyStats before = copy_stats();
  const std::vector<float> source = {1, 2, 3, 4};
  const Tensor t = unwrap(Tensor::from_span<float>(child, {2, 2}, source));
  EXPECT_EQ(floats(t), source);
  EXPECT_EQ(copy_stats().copies - before.copies, 1u);
  EXPECT_EQ(copy_stats().bytes - before.bytes, 16u);
  EXPECT_EQ(child.stats().copied_bytes, 16u);
}

TEST_F(TensorTest, ViewsCountNoCopy) {
  const Tensor t = iota({8, 8});
  const CopyStats before = copy_stats();
  TensorView view = t.view();
  view = unwrap(unwrap(unwrap(view.transpose(0, 1)).slice(0, 1, 5)).select(1, 2));
  EXPECT_EQ(copy_stats().copies, before.copies);
  EXPECT_EQ(view.data<float>(), t.data<float>() + 16 + 1);
}

TEST_F(TensorTest, MoveLeavesAnEmptyOne) {
  Tensor a = iota({3});
  Tensor b = std::move(a);
  EXPECT_EQ(a.elements(), 0u);  // NOLINT: what is left is stated.
  EXPECT_EQ(a.view().data(), nullptr);
  EXPECT_EQ(b.elements(), 3u);
  b = iota({2});
  EXPECT_EQ(b.elements(), 2u);
  static_assert(!std::is_copy_constructible_v<Tensor>);
}

TEST_F(TensorTest, AReferenceToTheViewOfATemporaryKeepsItsMemory) {
  const Tensor a = iota({3});
  const TensorView& sum = *ops::add(scope(), a, a);
  const TensorView& returned = iota({2});
  EXPECT_THAT(floats(sum), ElementsAre(0, 2, 4));
  EXPECT_THAT(floats(returned), ElementsAre(0, 1));
  EXPECT_EQ(sum.storage().use_count(), 1u) << "given away, not shared with what is gone";
}

TEST_F(TensorTest, ATensorConvertsToItsViewWithoutACopyOfIt) {
  Tensor t = iota({3});
  const Tensor& constant = t;
  const TensorView& view = t;
  const TensorView& same = constant;
  EXPECT_EQ(&view, &t.view());
  EXPECT_EQ(&same, &t.view());
  std::vector<TensorView> views = {t, constant};
  views.push_back(t);
  EXPECT_EQ(t.storage().use_count(), 4u);
  views.emplace_back(std::move(t));
  EXPECT_EQ(views.back().storage().use_count(), 4u);
}

TEST_F(TensorTest, CloneAndContiguousAreCountedCopies) {
  const Tensor t = iota({3, 4});
  const CopyStats before = copy_stats();
  const Tensor clone = unwrap(t.clone(scope()));
  EXPECT_NE(clone.view().data(), t.view().data());
  EXPECT_EQ(floats(clone), floats(t));
  const TensorView transposed = unwrap(t.view().transpose(0, 1));
  const Tensor dense = unwrap(contiguous(scope(), transposed));
  EXPECT_TRUE(dense.view().is_contiguous());
  EXPECT_EQ(floats(dense), floats(transposed));
  EXPECT_EQ(copy_stats().copies - before.copies, 2u);
  EXPECT_EQ(copy_stats().bytes - before.bytes, 96u);
}

TEST_F(TensorTest, FromStorageTakesOverWhatNobodyShares) {
  Storage storage = unwrap(scope().allocate(64));
  Storage shared = storage;
  EXPECT_EQ(Tensor::from_storage(std::move(storage), DType::f32, {16}).status().code(),
            ErrorCode::failed_precondition);
  // The handle that was moved in is gone: `shared` is the only one left.
  Result<Tensor> tensor = Tensor::from_storage(std::move(shared), DType::f32, {16});
  ASSERT_TRUE(tensor);
  EXPECT_EQ(tensor->elements(), 16u);
}

TEST_F(TensorTest, BadInputIsNamed) {
  const std::int64_t huge = std::numeric_limits<std::int64_t>::max();
  const std::vector<std::int64_t> nine(9, 1);
  const Shape rank9{std::span<const std::int64_t>(nine)};
  const std::vector<float> three(3);
  const struct {
    Status status;
    ErrorCode code;
    const char* says;
  } cases[] = {
      {Tensor::empty(scope(), {-1}, DType::f32).status(), ErrorCode::invalid_argument, "negative"},
      {Tensor::empty(scope(), {huge, 2}, DType::f32).status(), ErrorCode::invalid_argument,
       "overflows"},
      {Tensor::empty(scope(), rank9, DType::f32).status(), ErrorCode::invalid_argument, "rank 9"},
      {Tensor::zeros(scope(), {2, -1}, DType::i8).status(), ErrorCode::invalid_argument,
       "dimension 1"},
      {Tensor::full(scope(), {-4}, DType::i8, 0).status(), ErrorCode::invalid_argument, "negative"},
      {Tensor::empty(scope(), {1}, static_cast<DType>(99)).status(), ErrorCode::invalid_argument,
       "not one of"},
      {Tensor::from_span<float>(scope(), {4}, three).status(), ErrorCode::invalid_argument,
       "takes 16 bytes, got 12"},
      {Tensor::empty(scope(), {1 << 30}, DType::f64).status(), ErrorCode::budget_exceeded,
       "kernel"},
      {Tensor::empty(MemoryScope(), {1}, DType::f64).status(), ErrorCode::closed, ""},
  };
  for (const auto& [status, code, says] : cases) {
    EXPECT_EQ(status.code(), code) << status.to_string();
    EXPECT_THAT(std::string(status.message()), HasSubstr(says));
  }
}

}  // namespace
}  // namespace frys
