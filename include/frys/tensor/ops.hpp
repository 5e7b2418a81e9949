// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// All tensor operations: free functions on views, in namespace frys::ops.
//
//   frys::Result<frys::Tensor> scores = frys::ops::similarity(scope, queries, passages, executor);
//   if (!scores) return scores.error();
//   frys::Result<frys::ops::TopK> best = frys::ops::top_k(scope, *scores, 10);
//
// Rules that hold for every operation:
// - An input is any view: sliced, transposed, broadcast. An output is a Tensor: row-major. The form
//   with `Tensor& out` writes into one that has the result's dtype and shape; the form with
//   `MemoryScope&` allocates it there and may fail as Tensor::empty does.
// - Element-wise operations accept `out` as one of their inputs when both are the same elements in
//   the same order; any other overlap of `out` with an input is invalid_argument, and every overlap
//   is where a function says so (matmul, similarity, and whatever moves elements).
// - Errors: invalid_argument (shapes, dtypes or overlap; the message names the operation and what
//   it was given); unavailable (a tensor that is not in host memory).
// - Not-a-number: arithmetic follows IEEE 754; max, relu and exp give NaN for NaN.
// - Results are the same, bit for bit, for every layout of the inputs; but for matmul and
//   similarity, which may add in another order. Between instruction sets results may differ in
//   rounding.
// - Threads: safe on distinct outputs. Nothing allocates but results, reductions that need a row to
//   sum in (from the same scope), and matmul and similarity, which keep at most 4 MiB of packing
//   buffers, and 96 KiB for each of at most 16 threads, for the next call.

#pragma once

#include "frys/tensor/ops/elementwise.hpp"  // IWYU pragma: export
#include "frys/tensor/ops/linear.hpp"       // IWYU pragma: export
#include "frys/tensor/ops/move.hpp"         // IWYU pragma: export
#include "frys/tensor/ops/reduce.hpp"       // IWYU pragma: export
