// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Reductions over a whole tensor or along one dimension. The rules that hold for all operations are
// in frys/tensor/ops.hpp.
//
//   frys::Result<double> total = frys::ops::sum(view);
//   frys::Result<frys::Tensor> row_means = frys::ops::mean(scope, matrix, -1);

#pragma once

#include "frys/core/result.hpp"
#include "frys/tensor/tensor.hpp"

namespace frys::ops {

/// Over all elements. dtypes: f32, f64, i32, i64. An f32 sum is made of f32 blocks of at most 4096
/// elements added in f64; integers are summed in i64 (wrapping) and then rounded to f64.
/// Empty: the sum is 0; mean and max are invalid_argument.
FRYS_API Result<double> sum(const TensorView& a) noexcept;
FRYS_API Result<double> mean(const TensorView& a) noexcept;
FRYS_API Result<double> max(const TensorView& a) noexcept;

/// Along `dim`, which is then gone (negative counts from the end). dtypes as above; the result has
/// the input's dtype (mean of integers: f64; sum of i32: i64). Along an extent of 0 sums are 0, and
/// mean and max are invalid_argument.
FRYS_API Result<Tensor> sum(const MemoryScope& scope, const TensorView& a, int dim) noexcept;
FRYS_API Result<Tensor> mean(const MemoryScope& scope, const TensorView& a, int dim) noexcept;
FRYS_API Result<Tensor> max(const MemoryScope& scope, const TensorView& a, int dim) noexcept;

/// The index of the largest element along `dim`, the first of equal ones, the first NaN if there is
/// one; result i64. dtypes: f32, f64, i32, i64. Along an extent of 0: invalid_argument.
FRYS_API Result<Tensor> argmax(const MemoryScope& scope, const TensorView& a, int dim) noexcept;

/// Σ a·b of two vectors of equal length. dtypes: f32, f64.
FRYS_API Result<double> dot(const TensorView& a, const TensorView& b) noexcept;

/// √Σ a² over all elements. dtypes: f32, f64. Neither overflows nor underflows inside.
FRYS_API Result<double> norm(const TensorView& a) noexcept;

/// Every row of a matrix (every vector along the last dimension) divided by its norm; a row of
/// zeros stays zero, a row with NaN or an infinity becomes NaN. dtype: f32. Rank ≥ 1.
FRYS_API Status l2_normalize_rows(Tensor& out, const TensorView& a) noexcept;
FRYS_API Result<Tensor> l2_normalize_rows(const MemoryScope& scope, const TensorView& a) noexcept;

/// e^(a − max) / Σ along the last dimension. dtype: f32. Rank ≥ 1. A row that holds NaN or +∞, or
/// only −∞, becomes NaN.
FRYS_API Status softmax(Tensor& out, const TensorView& a) noexcept;
FRYS_API Result<Tensor> softmax(const MemoryScope& scope, const TensorView& a) noexcept;

/// The largest `k` of each row with their columns.
struct TopK {
  Tensor values;   ///< f32 [rows, k], falling.
  Tensor indices;  ///< i64 [rows, k]; among equal values the lower column comes first.
};

/// Rank 1 or 2 (rank 1 is one row), dtype f32, 0 ≤ k ≤ columns. NaN ranks below every number.
/// Cost: O(columns) compares a row, and O(log k) for each element that enters.
FRYS_API Result<TopK> top_k(const MemoryScope& scope, const TensorView& a, std::size_t k) noexcept;

}  // namespace frys::ops
