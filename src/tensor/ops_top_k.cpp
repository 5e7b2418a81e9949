// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <array>
#include <cmath>

#include "frys/tensor/ops/reduce.hpp"
#include "simd/dispatch.hpp"
#include "tensor/checks.hpp"
#include "tensor/strided.hpp"

namespace frys::ops {
namespace {

using namespace frys::detail;

struct Candidate {
  float value;
  std::int64_t index;
};

/// The order of the result: larger first, NaN last, among equals the lower index.
bool ranks_before(const Candidate& a, const Candidate& b) noexcept {
  const bool a_nan = std::isnan(a.value);
  const bool b_nan = std::isnan(b.value);
  if (a_nan != b_nan) return b_nan;
  if (a.value != b.value && !a_nan) return a.value > b.value;
  return a.index < b.index;
}

/// The best `k` of a row, as a heap whose top is the worst of them.
class Best {
 public:
  Best(Candidate* heap, std::size_t k) noexcept : heap_(heap), k_(k) {}

  void offer(const float* values, std::size_t count, std::size_t first) noexcept {
    std::size_t i = 0;
    for (; i < count && size_ < k_; ++i) {
      heap_[size_++] = at(values, i, first);
      std::push_heap(heap_, heap_ + size_, ranks_before);
    }
    // Most pieces of a long row hold nothing that enters: their largest element tells. A NaN among
    // them hides it, and then every element is looked at.
    const float top = simd::kernels().max_f32(values + i, count - i);
    if (top <= heap_->value) return;
    for (; i < count; ++i) {
      const Candidate candidate = at(values, i, first);
      if (!ranks_before(candidate, *heap_)) continue;
      std::pop_heap(heap_, heap_ + k_, ranks_before);
      heap_[k_ - 1] = candidate;
      std::push_heap(heap_, heap_ + k_, ranks_before);
    }
  }

  void finish(float* values, std::int64_t* indices) noexcept {
    std::sort_heap(heap_, heap_ + k_, ranks_before);
    for (std::size_t i = 0; i < k_; ++i) {
      values[i] = heap_[i].value;
      indices[i] = heap_[i].index;
    }
  }

 private:
  static Candidate at(const float* values, std::size_t i, std::size_t first) noexcept {
    return {values[i], static_cast<std::int64_t>(first + i)};
  }
  Candidate* heap_;
  std::size_t k_;
  std::size_t size_ = 0;
};

/// Elements looked at together: short enough that a piece without an entry is likely.
constexpr std::size_t piece = 128;

void select(const TensorView& a, std::size_t rows, std::size_t columns, std::size_t k,
            Candidate* heap, TopK& result) noexcept {
  Reader<float> reader(a);
  alignas(64) std::array<float, piece> stage;
  auto* values = result.values.mutable_data<float>();
  auto* indices = result.indices.mutable_data<std::int64_t>();
  for (std::size_t row = 0; row < rows; ++row, values += k, indices += k) {
    Best best(heap, k);
    for (std::size_t column = 0; column < columns;) {
      const std::size_t count = std::min(piece, columns - column);
      best.offer(reader.take(count, stage.data()), count, column);
      column += count;
    }
    best.finish(values, indices);
  }
}

}  // namespace

Result<TopK> top_k(const MemoryScope& scope, const TensorView& a, std::size_t k) noexcept {
  if (Status bad = check_input("top_k", a, {DType::f32}); !bad.ok()) return bad;
  if (a.rank() != 1 && a.rank() != 2) {
    return (Message() << "top_k: takes a vector or a matrix, got shape " << a.shape()).invalid();
  }
  const std::int64_t rows = a.rank() == 2 ? a.extent(0) : 1;
  const auto columns = static_cast<std::size_t>(a.extent(a.rank() - 1));
  if (k > columns) {
    return (Message() << "top_k: asked for " << k << " of the " << columns << " columns of shape "
                      << a.shape())
        .invalid();
  }
  const Shape shape{rows, static_cast<std::int64_t>(k)};
  Result<Tensor> values = Tensor::empty(scope, shape, DType::f32);
  if (!values) return values.error();
  Result<Tensor> indices = Tensor::empty(scope, shape, DType::i64);
  if (!indices) return indices.error();
  TopK result{std::move(*values), std::move(*indices)};
  if (result.values.elements() == 0) return result;
  const Result<Storage> heap = scope.allocate(k * sizeof(Candidate));
  if (!heap) return heap.error();
  select(a, static_cast<std::size_t>(rows), columns, k, static_cast<Candidate*>(heap->data()),
         result);
  return result;
}

}  // namespace frys::ops
