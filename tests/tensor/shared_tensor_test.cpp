// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/tensor/shared_tensor.hpp"

#include <algorithm>
#include <atomic>
#include <concepts>
#include <numeric>
#include <thread>

#include "frys/tensor/dlpack.hpp"
#include "tensor/tensor_fixture.hpp"

namespace frys {
namespace {

using ::testing::ElementsAre;
using testing::floats;
using ::testing::HasSubstr;
using testing::unwrap;

static_assert(std::copyable<SharedTensor>);
static_assert(std::is_nothrow_move_constructible_v<SharedTensor>);
static_assert(std::is_convertible_v<const SharedTensor&, const TensorView&>);
static_assert(!std::is_convertible_v<Tensor, SharedTensor>, "giving up is said: share()");
static_assert(!std::is_constructible_v<SharedTensor, TensorView>, "its memory might be written");

class SharedTensorTest : public testing::TensorTest {
 protected:
  /// Expects that `shared` can't be unshared because of `holders`, and is as it was afterwards.
  static void expect_held(SharedTensor& shared, std::size_t holders) {
    const std::vector<float> before = floats(shared);
    const void* const memory = shared.view().data();
    const Result<Tensor> refused = std::move(shared).try_unshare();
    ASSERT_EQ(refused.status(), ErrorCode::failed_precondition);
    EXPECT_THAT(std::string(refused.status().message()),
                HasSubstr("has " + std::to_string(holders) + " holders"));
    EXPECT_EQ(shared.holders(), holders);  // NOLINT: what is left is stated.
    EXPECT_EQ(shared.view().data(), memory);
    EXPECT_EQ(floats(shared), before);
  }
};

TEST_F(SharedTensorTest, SharingKeepsTheMemoryAndEmptiesTheTensor) {
  Tensor tensor = iota({2, 3});
  const float* const memory = tensor.data<float>();
  const CopyStats before = copy_stats();
  const SharedTensor shared = std::move(tensor).share();
  EXPECT_EQ(tensor.elements(), 0u);  // NOLINT: what is left is stated.
  EXPECT_EQ(tensor.mutable_data(), nullptr);
  const SharedTensor another = shared;  // NOLINT: that a copy is the same is what is tested.
  EXPECT_EQ(another.data<float>(), memory);
  EXPECT_EQ(another.data<double>(), nullptr);
  EXPECT_EQ(another.shape(), (Shape{2, 3}));
  EXPECT_EQ(another.dtype(), DType::f32);
  EXPECT_EQ(another.rank(), 2u);
  EXPECT_EQ(another.elements(), 6u);
  EXPECT_EQ(another.size_bytes(), 24u);
  EXPECT_EQ(another.holders(), 2u);
  EXPECT_EQ(copy_stats().copies, before.copies);
}

TEST_F(SharedTensorTest, TheLastHolderGetsTheTensorBackWithoutACopy) {
  SharedTensor shared = iota({4}).share();
  const float* const memory = shared.data<float>();
  {
    const SharedTensor other = shared;
    expect_held(shared, 2);
  }
  const CopyStats before = copy_stats();
  Tensor back = unwrap(std::move(shared).try_unshare());
  EXPECT_EQ(back.mutable_data<float>(), memory);
  EXPECT_EQ(copy_stats().copies, before.copies);
  EXPECT_EQ(shared.elements(), 0u);  // NOLINT: what is left is stated.
  EXPECT_EQ(shared.holders(), 0u);
}

TEST_F(SharedTensorTest, ViewsOfThePartsOfItHoldItToo) {
  Tensor tensor = iota({3, 4});
  TensorView made_before = unwrap(tensor.view().select(0, 1));
  SharedTensor shared = std::move(tensor).share();
  expect_held(shared, 2);
  TensorView strided = unwrap(shared.view().transpose(0, 1));
  expect_held(shared, 3);
  strided = TensorView();
  made_before = TensorView();
  EXPECT_TRUE(std::move(shared).try_unshare());
}

TEST_F(SharedTensorTest, AnExportHoldsItAndIsReadOnly) {
  SharedTensor shared = iota({4}).share();
  dlpack::DLManagedTensorVersioned* const exported = unwrap(to_dlpack_versioned(shared));
  EXPECT_EQ(exported->flags & dlpack::flag_read_only, dlpack::flag_read_only);
  expect_held(shared, 2);
  exported->deleter(exported);
  EXPECT_TRUE(std::move(shared).try_unshare());
}

TEST_F(SharedTensorTest, WhatIsHeldIsCopiedToBeWritten) {
  SharedTensor shared = iota({4}).share();
  SharedTensor mine = shared;
  const MemoryScope child = unwrap(scope().child("child"));
  const CopyStats before = copy_stats();
  Tensor copy = unwrap(std::move(mine).make_exclusive(child));
  EXPECT_EQ(copy_stats().copies - before.copies, 1u);
  EXPECT_EQ(copy_stats().bytes - before.bytes, 16u);
  EXPECT_EQ(child.stats().copied_bytes, 16u);
  EXPECT_EQ(mine.holders(), 0u);  // NOLINT: what is left is stated.
  EXPECT_EQ(shared.holders(), 1u);
  copy.mutable_data<float>()[0] = 9;
  EXPECT_THAT(floats(copy), ElementsAre(9, 1, 2, 3));
  EXPECT_THAT(floats(shared), ElementsAre(0, 1, 2, 3));
}

TEST_F(SharedTensorTest, WhatNobodyElseHoldsIsWrittenWhereItLies) {
  SharedTensor shared = iota({4}).share();
  const float* const memory = shared.data<float>();
  const MemoryScope child = unwrap(scope().child("child"));
  const CopyStats before = copy_stats();
  Tensor mine = unwrap(std::move(shared).make_exclusive(child));
  EXPECT_EQ(mine.mutable_data<float>(), memory);
  EXPECT_EQ(shared.elements(), 0u);  // NOLINT: what is left is stated.
  EXPECT_EQ(copy_stats().copies, before.copies);
  EXPECT_EQ(child.stats().peak_bytes, 0u);
}

TEST_F(SharedTensorTest, ACopyThatFailsLeavesTheHolderAsItWas) {
  SharedTensor shared = iota({64}).share();
  const SharedTensor other = shared;  // NOLINT: it is there to hold.
  const MemoryScope tight = unwrap(scope().child("tight", {.budget_bytes = 64}));
  EXPECT_EQ(std::move(shared).make_exclusive(tight).status(), ErrorCode::budget_exceeded);
  expect_held(shared, 2);
}

TEST_F(SharedTensorTest, WithoutMemoryThereIsNothingToShare) {
  EXPECT_EQ(SharedTensor().holders(), 0u);
  SharedTensor shared = empty({3, 0}).share();
  const SharedTensor other = shared;  // NOLINT: it is there to hold.
  EXPECT_EQ(shared.holders(), 0u);
  const Tensor back = unwrap(std::move(shared).try_unshare());
  EXPECT_EQ(back.shape(), (Shape{3, 0}));
  EXPECT_EQ(unwrap(SharedTensor().make_exclusive(scope())).elements(), 0u);
}

TEST_F(SharedTensorTest, AReferenceToTheViewOfATemporaryKeepsItsMemory) {
  const TensorView& view = iota({2}).share();
  EXPECT_THAT(floats(view), ElementsAre(0, 1));
  EXPECT_EQ(view.storage().use_count(), 1u) << "given away, not shared with what is gone";
  const SharedTensor shared = iota({3}).share();
  const TensorView& same = shared;
  EXPECT_EQ(&same, &shared.view());
}

TEST_F(SharedTensorTest, OperationsReadIt) {
  const SharedTensor shared = iota({3}).share();
  EXPECT_THAT(floats(unwrap(ops::add(scope(), shared, shared))), ElementsAre(0, 2, 4));
}

TEST_F(SharedTensorTest, OutlivesTheScopeItCameFrom) {
  SharedTensor shared;
  {
    MemoryScope child = unwrap(scope().child("child"));
    shared = unwrap(Tensor::full(child, {3}, DType::f32, 2)).share();
    EXPECT_TRUE(child.close().ok());
  }
  Tensor back = unwrap(std::move(shared).try_unshare());
  back.mutable_data<float>()[1] = 5;
  EXPECT_THAT(floats(back), ElementsAre(2, 5, 2));
}

// ---- many threads ----------------------------------------------------------------------------

constexpr int threads = 4;
constexpr std::int64_t length = 256;

/// In plain code, which ThreadSanitizer sees; it passes over the widest instructions.
void write(Tensor& tensor, float value) {
  std::fill_n(tensor.mutable_data<float>(), tensor.elements(), value);
}

float sum_of(const TensorView& view) {
  return std::accumulate(view.data<float>(), view.data<float>() + view.elements(), 0.0F);
}

/// Without the acquire, what the readers read and what the winner writes would race.
TEST_F(SharedTensorTest, NobodyWritesBeforeTheReadersAreDone) {
  constexpr float sum = length * (length - 1) / 2.0F;
  for (int round = 0; round < 100; ++round) {
    SharedTensor shared = iota({length}).share();
    std::vector<std::thread> readers;
    std::atomic<int> right = 0;
    for (int i = 0; i < threads; ++i) {
      readers.emplace_back([held = shared, &right]() mutable {
        const SharedTensor copy = held;  // One more holder, made while another thread tries.
        held = SharedTensor();
        if (sum_of(copy) == sum) ++right;
      });
    }
    for (;;) {
      Result<Tensor> mine = std::move(shared).try_unshare();
      if (mine) {
        write(*mine, -1);
        break;
      }
      std::this_thread::yield();
    }
    for (std::thread& reader : readers) reader.join();
    ASSERT_EQ(right, threads);
  }
}

/// All but one give up after one try, so there is one winner, and never a second.
TEST_F(SharedTensorTest, OfManyThatTryAndDropOneWins) {
  for (int round = 0; round < 100; ++round) {
    SharedTensor first = iota({length}).share();
    std::vector<SharedTensor> held(threads, first);
    first = SharedTensor();
    std::atomic<int> winners = 0;
    std::atomic<bool> go = false;
    std::vector<std::thread> tries;
    for (int i = 0; i < threads; ++i) {
      tries.emplace_back([&, i] {
        while (!go) std::this_thread::yield();
        SharedTensor mine = std::move(held[static_cast<std::size_t>(i)]);
        Result<Tensor> got = std::move(mine).try_unshare();
        while (!got && i == 0) {
          std::this_thread::yield();
          got = std::move(mine).try_unshare();  // NOLINT: unchanged on failure.
        }
        if (!got) return;
        ++winners;
        write(*got, static_cast<float>(i));
      });
    }
    go = true;
    for (std::thread& one : tries) one.join();
    ASSERT_EQ(winners, 1);
  }
}

TEST_F(SharedTensorTest, ManyThatCopyOnWriteWriteApart) {
  for (int round = 0; round < 100; ++round) {
    SharedTensor first = iota({length}).share();
    const void* const memory = first.view().data();
    std::vector<SharedTensor> held(threads, first);
    first = SharedTensor();
    std::atomic<int> in_place = 0;
    std::atomic<int> right = 0;
    std::vector<std::thread> writers;
    for (int i = 0; i < threads; ++i) {
      writers.emplace_back([&, i] {
        Tensor mine = unwrap(std::move(held[static_cast<std::size_t>(i)]).make_exclusive(scope()));
        if (mine.mutable_data() == memory) ++in_place;
        const float before = sum_of(mine);
        write(mine, static_cast<float>(i));
        const bool apart = before == length * (length - 1) / 2.0F &&
                           sum_of(mine) == static_cast<float>(length * i);
        if (apart) ++right;
      });
    }
    for (std::thread& writer : writers) writer.join();
    ASSERT_EQ(right, threads);
    ASSERT_LE(in_place, 1);
  }
}

}  // namespace
}  // namespace frys
