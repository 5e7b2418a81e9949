// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/tensor/ops/linear.hpp"

#include "tensor/checks.hpp"
#include "tensor/gemm.hpp"

namespace frys::ops {
namespace {

using namespace frys::detail;

/// What B is, as the product sees it: a matrix [k, n].
enum class Second { as_it_is, transposed };

Status check_factors(std::string_view name, const TensorView& a, const TensorView& b,
                     Second second) noexcept {
  if (Status bad = check_input(name, a, {DType::f32}); !bad.ok()) return bad;
  if (Status bad = check_input(name, b, {DType::f32}); !bad.ok()) return bad;
  const std::size_t depth_of_b = second == Second::transposed ? 1 : 0;
  if (a.rank() == 2 && b.rank() == 2 && a.extent(1) == b.extent(depth_of_b)) return {};
  return (Message() << name << ": shapes " << a.shape() << " and " << b.shape()
                    << (second == Second::transposed
                            ? " do not match; it takes [m, dim] and [n, dim]"
                            : " do not match; it takes [m, k] and [k, n]"))
      .invalid();
}

Shape product_shape(const TensorView& a, const TensorView& b, Second second) noexcept {
  return {a.extent(0), b.extent(second == Second::transposed ? 0 : 1)};
}

Status product(std::string_view name, Tensor& out, const TensorView& a, const TensorView& b,
               Second second, Executor& executor) noexcept {
  if (Status bad = check_factors(name, a, b, second); !bad.ok()) return bad;
  if (Status bad = check_out(name, out, product_shape(a, b, second), DType::f32); !bad.ok()) {
    return bad;
  }
  if (Status bad = check_disjoint(name, out, a); !bad.ok()) return bad;
  if (Status bad = check_disjoint(name, out, b); !bad.ok()) return bad;
  if (out.elements() == 0) return {};
  const std::size_t depth = second == Second::transposed ? 1 : 0;
  Gemm gemm;
  gemm.m = static_cast<std::size_t>(a.extent(0));
  gemm.n = static_cast<std::size_t>(out.shape()[1]);
  gemm.k = static_cast<std::size_t>(a.extent(1));
  gemm.a = {a.data<float>(), a.strides()[0], a.strides()[1]};
  gemm.b = {b.data<float>(), b.strides()[depth], b.strides()[1 - depth]};
  gemm.c = out.mutable_data<float>();
  return multiply(gemm, executor);
}

Result<Tensor> product(std::string_view name, const MemoryScope& scope, const TensorView& a,
                       const TensorView& b, Second second, Executor& executor) noexcept {
  if (Status bad = check_factors(name, a, b, second); !bad.ok()) return bad;
  return into_new(scope, product_shape(a, b, second), DType::f32,
                  [&](Tensor& out) { return product(name, out, a, b, second, executor); });
}

}  // namespace

Status matmul(Tensor& out, const TensorView& a, const TensorView& b, Executor& executor) noexcept {
  return product("matmul", out, a, b, Second::as_it_is, executor);
}
Result<Tensor> matmul(const MemoryScope& scope, const TensorView& a, const TensorView& b,
                      Executor& executor) noexcept {
  return product("matmul", scope, a, b, Second::as_it_is, executor);
}

Status similarity(Tensor& out, const TensorView& a, const TensorView& b,
                  Executor& executor) noexcept {
  return product("similarity", out, a, b, Second::transposed, executor);
}
Result<Tensor> similarity(const MemoryScope& scope, const TensorView& a, const TensorView& b,
                          Executor& executor) noexcept {
  return product("similarity", scope, a, b, Second::transposed, executor);
}

}  // namespace frys::ops
