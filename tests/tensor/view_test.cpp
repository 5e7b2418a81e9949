// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/tensor/view.hpp"

#include "tensor/tensor_fixture.hpp"

namespace frys {
namespace {

using ::testing::ElementsAre;
using testing::floats;
using ::testing::HasSubstr;
using testing::unwrap;

class ViewTest : public testing::TensorTest {};

TEST_F(ViewTest, DefaultIsEmpty) {
  const TensorView view;
  EXPECT_EQ(view.elements(), 0u);
  EXPECT_EQ(view.data(), nullptr);
  EXPECT_TRUE(view.is_contiguous());
}

TEST_F(ViewTest, SharesTheMemory) {
  const Tensor tensor = iota({2, 3});
  const TensorView view = tensor.view();
  EXPECT_EQ(view.data<float>(), tensor.data<float>());
  EXPECT_EQ(view.data<double>(), nullptr) << "another dtype";
  EXPECT_EQ(view.storage().use_count(), 2u);
  EXPECT_EQ(view.size_bytes(), 24u);
  EXPECT_THAT(view.strides(), ElementsAre(3, 1));
}

TEST_F(ViewTest, OutlivesTensorAndScope) {
  TensorView view;
  {
    const MemoryScope child = unwrap(scope().child("child"));
    const Tensor tensor = unwrap(Tensor::full(child, {4}, DType::f32, 2.5));
    view = tensor.view();
  }
  EXPECT_THAT(floats(view), ElementsAre(2.5f, 2.5f, 2.5f, 2.5f));
  EXPECT_EQ(view.storage().use_count(), 1u);
}

TEST_F(ViewTest, Slice) {
  const Tensor t = iota({4, 5});
  EXPECT_THAT(floats(unwrap(t.view().slice(0, 1, 3))),
              ElementsAre(5, 6, 7, 8, 9, 10, 11, 12, 13, 14));
  EXPECT_THAT(floats(unwrap(unwrap(t.view().slice(1, 0, 5, 2)).slice(0, 0, 1))),
              ElementsAre(0, 2, 4));
  EXPECT_THAT(floats(unwrap(unwrap(t.view().slice(-1, -2, -1)).slice(0, 0, 2))), ElementsAre(3, 8));
  EXPECT_EQ(unwrap(t.view().slice(0, 4, 4)).elements(), 0u);
  EXPECT_EQ(unwrap(t.view().slice(1, 0, 5, 3)).shape(), (Shape{4, 2}));
  EXPECT_EQ(unwrap(t.view().slice(1, 0, 5, std::numeric_limits<std::int64_t>::max())).shape(),
            (Shape{4, 1}));
}

TEST_F(ViewTest, Select) {
  const Tensor t = iota({2, 3, 2});
  EXPECT_THAT(floats(unwrap(t.view().select(0, 1))), ElementsAre(6, 7, 8, 9, 10, 11));
  EXPECT_THAT(floats(unwrap(t.view().select(1, -1))), ElementsAre(4, 5, 10, 11));
  const TensorView scalar = unwrap(unwrap(unwrap(t.view().select(0, 0)).select(0, 0)).select(0, 1));
  EXPECT_EQ(scalar.rank(), 0u);
  EXPECT_THAT(floats(scalar), ElementsAre(1));
}

TEST_F(ViewTest, TransposeAndPermute) {
  const Tensor t = iota({2, 3});
  const TensorView transposed = unwrap(t.view().transpose(0, 1));
  EXPECT_EQ(transposed.shape(), (Shape{3, 2}));
  EXPECT_FALSE(transposed.is_contiguous());
  EXPECT_THAT(floats(transposed), ElementsAre(0, 3, 1, 4, 2, 5));
  EXPECT_TRUE(unwrap(transposed.transpose(-1, -2)).is_contiguous());
  const Tensor cube = iota({2, 3, 4});
  const TensorView permuted = unwrap(cube.view().permute({2, 0, -2}));
  EXPECT_EQ(permuted.shape(), (Shape{4, 2, 3}));
  EXPECT_EQ(testing::element<float>(permuted, 1 * 6 + 1 * 3 + 2), 12 + 8 + 1);
}

TEST_F(ViewTest, Broadcast) {
  const Tensor row = iota({3});
  const TensorView wide = unwrap(row.view().broadcast_to({2, 3}));
  EXPECT_THAT(floats(wide), ElementsAre(0, 1, 2, 0, 1, 2));
  EXPECT_THAT(wide.strides(), ElementsAre(0, 1));
  EXPECT_THAT(floats(unwrap(iota({2, 1}).view().broadcast_to({2, 2}))), ElementsAre(0, 0, 1, 1));
  EXPECT_EQ(unwrap(iota({1}).view().broadcast_to({0})).elements(), 0u);
  EXPECT_EQ(floats(unwrap(iota({}).view().broadcast_to({2, 2}))), std::vector<float>(4, 0.0f));
}

TEST_F(ViewTest, ReshapeKeepsTheMemoryWhereItCan) {
  const Tensor t = iota({4, 6});
  EXPECT_EQ(unwrap(t.view().reshape({2, 2, 3, 2})).data(), t.view().data());
  EXPECT_EQ(unwrap(t.view().reshape({-1, 8})).shape(), (Shape{3, 8}));
  EXPECT_EQ(unwrap(t.view().reshape({24, 1, 1})).shape(), (Shape{24, 1, 1}));
  const TensorView columns = unwrap(t.view().slice(1, 0, 4));
  EXPECT_THAT(floats(unwrap(unwrap(columns.reshape({4, 2, 2})).select(0, 1))),
              ElementsAre(6, 7, 8, 9));
  EXPECT_EQ(unwrap(columns.reshape({2, 2, 4})).data(), t.view().data());
  EXPECT_EQ(columns.reshape({16}).status().code(), ErrorCode::failed_precondition);
  const TensorView transposed = unwrap(t.view().transpose(0, 1));
  EXPECT_EQ(transposed.reshape({24}).status().code(), ErrorCode::failed_precondition);
  EXPECT_EQ(floats(unwrap(transposed.reshape({2, 3, 4}))), floats(transposed));
  EXPECT_EQ(unwrap(iota({0, 3}).view().reshape({7, 0})).elements(), 0u);
  EXPECT_EQ(unwrap(iota({}).view().reshape({1, 1})).rank(), 2u);
  EXPECT_EQ(unwrap(iota({1, 1}).view().reshape({})).rank(), 0u);
}

// Against a copy: whatever reshape allows, the elements and their order stay.
TEST_F(ViewTest, ReshapeOfRandomViewsKeepsTheElements) {
  SeededRandom random(7);
  std::size_t allowed = 0;
  for (int round = 0; round < 500; ++round) {
    const Tensor t = iota({4, 6, 4});
    TensorView view = t.view();
    if (random.next_below(2) == 0) view = unwrap(view.slice(1, 0, 6, 1 + random.next_below(3)));
    if (random.next_below(2) == 0)
      view = unwrap(view.transpose(0, static_cast<int>(random.next_below(3))));
    if (random.next_below(2) == 0) view = unwrap(view.slice(2, 1, 3));
    const auto n = static_cast<std::int64_t>(view.elements());
    const Shape targets[] = {{n}, {2, n / 2}, {n / 4, 4}, {n / 4, 1, 2, 2}, {2, -1, 2}};
    const Result<TensorView> reshaped = view.reshape(targets[random.next_below(5)]);
    if (!reshaped) {
      EXPECT_EQ(reshaped.error().code(), ErrorCode::failed_precondition);
      continue;
    }
    ++allowed;
    ASSERT_EQ(floats(*reshaped), floats(view));
  }
  EXPECT_GT(allowed, 100u);
}

TEST_F(ViewTest, SqueezeAndUnsqueeze) {
  const Tensor t = iota({1, 3, 1});
  EXPECT_EQ(unwrap(t.view().squeeze(0)).shape(), (Shape{3, 1}));
  EXPECT_EQ(t.view().squeeze().shape(), (Shape{3}));
  EXPECT_EQ(unwrap(t.view().unsqueeze(0)).shape(), (Shape{1, 1, 3, 1}));
  EXPECT_EQ(unwrap(t.view().unsqueeze(-1)).shape(), (Shape{1, 3, 1, 1}));
  EXPECT_EQ(unwrap(t.view().unsqueeze(2)).shape(), (Shape{1, 3, 1, 1}));
}

TEST_F(ViewTest, FromStorageAcceptsWhatFits) {
  const Storage storage = unwrap(scope().allocate(64));
  EXPECT_TRUE(TensorView::from_storage(storage, DType::f32, {4, 4}));
  EXPECT_TRUE(TensorView::from_storage(storage, DType::i16, {30}, 4));
  const std::int64_t backwards[] = {-1};
  EXPECT_TRUE(TensorView::from_storage(storage, DType::f32, {16}, backwards, 60));
  EXPECT_TRUE(TensorView::from_storage(Storage(), DType::f32, {0, 5}));
}

TEST_F(ViewTest, BadInputIsNamed) {
  const Tensor t = iota({2, 3});
  const TensorView v = t.view();
  const Storage storage = unwrap(scope().allocate(64));
  const std::int64_t huge = std::numeric_limits<std::int64_t>::max();
  const std::int64_t backwards[] = {-1};
  const std::int64_t far[] = {huge};
  const std::int64_t two[] = {1, 1};
  const std::vector<std::int64_t> nine(9, 1);
  const Shape rank9{std::span<const std::int64_t>(nine)};
  const TensorView rank8 = unwrap(iota({1}).view().reshape({1, 1, 1, 1, 1, 1, 1, 1}));
  const struct {
    Status status;
    const char* says;
  } cases[] = {
      {v.slice(2, 0, 1).status(), "dimension 2"},
      {v.slice(-3, 0, 1).status(), "its rank is 2"},
      {v.slice(0, 0, 3).status(), "extent 2"},
      {v.slice(0, 1, 0).status(), "slice [1, 0)"},
      {v.slice(0, -3, 2).status(), "extent 2"},
      {v.slice(0, 0, 2, 0).status(), "step 0"},
      {v.slice(0, 0, 2, -1).status(), "step -1"},
      {v.slice(0, std::numeric_limits<std::int64_t>::min(), 2).status(), "extent 2"},
      {v.select(1, 3).status(), "index 3"},
      {v.select(1, -4).status(), "index -4"},
      {v.transpose(0, 2).status(), "dimension 2"},
      {v.permute({0}).status(), "needs 2 dimensions, got 1"},
      {v.permute({0, 0}).status(), "twice"},
      {v.broadcast_to({3, 3}).status(), "cannot broadcast [2, 3] to [3, 3]"},
      {v.broadcast_to({3}).status(), "cannot broadcast"},
      {v.broadcast_to({-1, 3}).status(), "negative extent"},
      {v.broadcast_to(rank9).status(), "rank 9"},
      {v.broadcast_to({huge, 2, 3}).status(), "overflows"},
      {v.reshape({7}).status(), "numbers of elements differ"},
      {v.reshape({-1, -1}).status(), "only one extent"},
      {v.reshape({-1, 4}).status(), "cannot be inferred"},
      {v.reshape({-1, 0}).status(), "cannot be inferred"},
      {v.reshape({-2, 3}).status(), "negative extent"},
      {v.reshape(rank9).status(), "rank 9"},
      {v.squeeze(0).status(), "its extent is not 1"},
      {v.unsqueeze(4).status(), "dimension 4"},
      {rank8.unsqueeze(0).status(), "at most 8"},
      {TensorView::from_storage(storage, DType::f32, {17}).status(), "does not fit"},
      {TensorView::from_storage(storage, DType::f32, {16}, 4).status(), "does not fit"},
      {TensorView::from_storage(storage, DType::f32, {15}, 2).status(), "multiple of 4"},
      {TensorView::from_storage(storage, DType::f32, {1}, 1000).status(), "does not fit"},
      {TensorView::from_storage(storage, DType::f32, {-1}).status(), "negative"},
      {TensorView::from_storage(storage, DType::f32, {2}, backwards).status(), "does not fit"},
      {TensorView::from_storage(storage, DType::f32, {2}, far).status(), "does not fit"},
      {TensorView::from_storage(storage, DType::f32, {3}, far).status(), "does not fit"},
      {TensorView::from_storage(storage, DType::f32, {2}, two).status(), "got 2"},
      {TensorView::from_storage(Storage(), DType::f32, {1}).status(), "does not fit"},
      {TensorView::from_storage(storage, static_cast<DType>(50), {1}).status(), "not one of"},
  };
  for (const auto& [status, says] : cases) {
    EXPECT_EQ(status.code(), ErrorCode::invalid_argument) << says;
    EXPECT_THAT(std::string(status.message()), HasSubstr(says));
  }
}

}  // namespace
}  // namespace frys
