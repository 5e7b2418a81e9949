// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Operations that move elements; each counts what it writes as a copy (frys/memory/copies.hpp).
// The rules that hold for all operations are in frys/tensor/ops.hpp.
//
//   frys::Result<frys::Tensor> half = frys::ops::cast(scope, view, frys::DType::f16);

#pragma once

#include "frys/core/result.hpp"
#include "frys/tensor/tensor.hpp"

namespace frys::ops {

/// The elements of `a`, broadcast to `out`'s shape. Any dtype, equal. No overlap.
FRYS_API Status copy(Tensor& out, const TensorView& a) noexcept;

/// The elements of `a` converted to `out`'s dtype; equal shapes. No overlap.
/// To a float: round to nearest even. Float to integer: towards zero, held at the type's limits,
/// NaN becomes 0. Integer to integer: wraps. To boolean: whether it is not zero (NaN is not zero).
FRYS_API Status cast(Tensor& out, const TensorView& a) noexcept;
FRYS_API Result<Tensor> cast(const MemoryScope& scope, const TensorView& a, DType dtype) noexcept;

/// Row indices[i] of `a` as row i of the result. `a`: rank ≥ 1, any dtype; `indices`: i64 or i32
/// vector, each in [0, rows). No overlap.
FRYS_API Status gather_rows(Tensor& out, const TensorView& a, const TensorView& indices) noexcept;
FRYS_API Result<Tensor> gather_rows(const MemoryScope& scope, const TensorView& a,
                                    const TensorView& indices) noexcept;

}  // namespace frys::ops
