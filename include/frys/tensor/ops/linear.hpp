// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Matrix products. The rules that hold for all operations are in frys/tensor/ops.hpp.
//
//   frys::Result<frys::Tensor> c = frys::ops::matmul(scope, a, b, executor);

#pragma once

#include "frys/core/executor.hpp"
#include "frys/core/result.hpp"
#include "frys/tensor/tensor.hpp"

namespace frys::ops {

/// A·B of [m, k] and [k, n]: [m, n]. dtype: f32. Transposed and sliced views cost no extra copy.
/// `out` may not overlap an input. k = 0 gives zeros.
/// Work is spread over `executor`; the result does not depend on how.
/// Source: Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008; the
/// loops of BLIS.
FRYS_API Status matmul(Tensor& out, const TensorView& a, const TensorView& b,
                       Executor& executor = inline_executor()) noexcept;
FRYS_API Result<Tensor> matmul(const MemoryScope& scope, const TensorView& a, const TensorView& b,
                               Executor& executor = inline_executor()) noexcept;

/// A·Bᵀ of [m, dim] and [n, dim]: [m, n], the inner product of every row of A with every row of B.
/// Of rows that l2_normalize_rows made, the cosine similarity. Otherwise as matmul.
FRYS_API Status similarity(Tensor& out, const TensorView& a, const TensorView& b,
                           Executor& executor = inline_executor()) noexcept;
FRYS_API Result<Tensor> similarity(const MemoryScope& scope, const TensorView& a,
                                   const TensorView& b,
                                   Executor& executor = inline_executor()) noexcept;

}  // namespace frys::ops
