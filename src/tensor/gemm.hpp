// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The matrix product C = A·B in f32 on any strides of A and B.

#pragma once

#include <cstddef>
#include <cstdint>

#include "frys/core/executor.hpp"

namespace frys::detail {

/// Element (i, j) is at data[i * row_stride + j * column_stride].
struct StridedMatrix {
  const float* data = nullptr;
  std::int64_t row_stride = 0;
  std::int64_t column_stride = 0;
};

struct Gemm {
  std::size_t m = 0;  ///< Rows of A and C; at least 1.
  std::size_t n = 0;  ///< Columns of B and C; at least 1.
  std::size_t k = 0;  ///< Columns of A, rows of B; 0 makes C zero.
  StridedMatrix a;
  StridedMatrix b;
  float* c = nullptr;  ///< Row-major, n floats a row; overlaps neither A nor B.
};

/// Errors: out_of_memory (packing buffers). An element's value does not depend on the executor.
Status multiply(const Gemm& gemm, Executor& executor) noexcept;

}  // namespace frys::detail
