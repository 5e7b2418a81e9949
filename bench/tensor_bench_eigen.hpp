// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The same work by Eigen, on plain pointers, compiled for the machine at hand (-march=native) in a
// file of its own. Matrices are row-major.

#pragma once

#include <cstddef>

namespace frys::bench::eigen {

void add(float* out, const float* a, const float* b, std::size_t n);
float dot(const float* a, const float* b, std::size_t n);
float sum(const float* a, std::size_t n);
void softmax(float* out, const float* a, std::size_t rows, std::size_t columns);
void matmul(float* out, const float* a, const float* b, std::size_t m, std::size_t k,
            std::size_t n);
void similarity(float* out, const float* a, const float* b, std::size_t rows, std::size_t dim);
void l2_normalize(float* out, const float* a, std::size_t rows, std::size_t dim);
void transpose(float* out, const float* a, std::size_t rows, std::size_t columns);

}  // namespace frys::bench::eigen
