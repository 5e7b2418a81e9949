// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#define EIGEN_DONT_PARALLELIZE
#include "tensor_bench_eigen.hpp"

#include <Eigen/Core>

namespace frys::bench::eigen {
namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
// Aligned as the library's own tensors are, which lets Eigen use aligned loads.
using Input = Eigen::Map<const Matrix, Eigen::Aligned64>;
using Output = Eigen::Map<Matrix, Eigen::Aligned64>;
using VectorInput = Eigen::Map<const Eigen::VectorXf, Eigen::Aligned64>;
using VectorOutput = Eigen::Map<Eigen::VectorXf, Eigen::Aligned64>;

Eigen::Index index(std::size_t n) { return static_cast<Eigen::Index>(n); }

}  // namespace

void add(float* out, const float* a, const float* b, std::size_t n) {
  VectorOutput(out, index(n)) = VectorInput(a, index(n)) + VectorInput(b, index(n));
}

float dot(const float* a, const float* b, std::size_t n) {
  return VectorInput(a, index(n)).dot(VectorInput(b, index(n)));
}

float sum(const float* a, std::size_t n) { return VectorInput(a, index(n)).sum(); }

void softmax(float* out, const float* a, std::size_t rows, std::size_t columns) {
  const Input in(a, index(rows), index(columns));
  Output to(out, index(rows), index(columns));
  for (Eigen::Index row = 0; row < index(rows); ++row) {
    to.row(row) = (in.row(row).array() - in.row(row).maxCoeff()).exp();
    to.row(row) *= 1.0f / to.row(row).sum();
  }
}

void matmul(float* out, const float* a, const float* b, std::size_t m, std::size_t k,
            std::size_t n) {
  Output(out, index(m), index(n)).noalias() =
      Input(a, index(m), index(k)) * Input(b, index(k), index(n));
}

void similarity(float* out, const float* a, const float* b, std::size_t rows, std::size_t dim) {
  Output(out, index(rows), index(rows)).noalias() =
      Input(a, index(rows), index(dim)) * Input(b, index(rows), index(dim)).transpose();
}

void l2_normalize(float* out, const float* a, std::size_t rows, std::size_t dim) {
  Output(out, index(rows), index(dim)) = Input(a, index(rows), index(dim)).rowwise().normalized();
}

void transpose(float* out, const float* a, std::size_t rows, std::size_t columns) {
  Output(out, index(columns), index(rows)) = Input(a, index(rows), index(columns)).transpose();
}

}  // namespace frys::bench::eigen
