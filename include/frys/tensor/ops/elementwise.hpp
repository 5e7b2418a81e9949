// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Element-wise operations. The rules that hold for all are in frys/tensor/ops.hpp.
//
//   frys::Status status = frys::ops::add(out, a, bias);          // bias is broadcast over the rows

#pragma once

#include "frys/core/result.hpp"
#include "frys/tensor/tensor.hpp"

namespace frys::ops {

/// a + b, a − b, a · b, a ÷ b, element by element; `a` and `b` are broadcast to each other as NumPy
/// does. dtypes: f32, f64, i32, i64, equal; integers wrap; integer ÷ 0 is invalid_argument.
/// Cost: O(elements), bound by memory; nothing is read twice but an integer divisor,
/// which is searched for zeros before anything is written.
FRYS_API Status add(Tensor& out, const TensorView& a, const TensorView& b) noexcept;
FRYS_API Status sub(Tensor& out, const TensorView& a, const TensorView& b) noexcept;
FRYS_API Status mul(Tensor& out, const TensorView& a, const TensorView& b) noexcept;
FRYS_API Status div(Tensor& out, const TensorView& a, const TensorView& b) noexcept;
FRYS_API Result<Tensor> add(const MemoryScope& scope, const TensorView& a,
                            const TensorView& b) noexcept;
FRYS_API Result<Tensor> sub(const MemoryScope& scope, const TensorView& a,
                            const TensorView& b) noexcept;
FRYS_API Result<Tensor> mul(const MemoryScope& scope, const TensorView& a,
                            const TensorView& b) noexcept;
FRYS_API Result<Tensor> div(const MemoryScope& scope, const TensorView& a,
                            const TensorView& b) noexcept;

/// a · factor. dtypes: f32, f64 (the factor is rounded to the dtype).
FRYS_API Status scale(Tensor& out, const TensorView& a, double factor) noexcept;
FRYS_API Result<Tensor> scale(const MemoryScope& scope, const TensorView& a,
                              double factor) noexcept;

/// alpha · x + y, x and y broadcast to each other. dtypes: f32, f64.
FRYS_API Status axpy(Tensor& out, double alpha, const TensorView& x, const TensorView& y) noexcept;
FRYS_API Result<Tensor> axpy(const MemoryScope& scope, double alpha, const TensorView& x,
                             const TensorView& y) noexcept;

/// max(a, 0). dtypes: f32, f64, i32, i64.
FRYS_API Status relu(Tensor& out, const TensorView& a) noexcept;
FRYS_API Result<Tensor> relu(const MemoryScope& scope, const TensorView& a) noexcept;

/// e^a. dtypes: f32 (within 2 ulp), f64.
FRYS_API Status exp(Tensor& out, const TensorView& a) noexcept;
FRYS_API Result<Tensor> exp(const MemoryScope& scope, const TensorView& a) noexcept;

/// Sets every element to `value`, converted as `cast` converts an f64. Any dtype.
FRYS_API Status fill(Tensor& out, double value) noexcept;

}  // namespace frys::ops
