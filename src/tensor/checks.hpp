// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What every operation asks of its arguments before it touches an element.

#pragma once

#include <initializer_list>

#include "frys/tensor/tensor.hpp"
#include "tensor/message.hpp"

namespace frys::detail {

/// The common case, which the fast paths take without further checks: contiguous, in host memory.
inline bool is_plain(const TensorView& view, DType dtype) noexcept {
  return view.dtype() == dtype && view.is_contiguous() && view.device().type == DeviceType::host;
}

/// Of two plain tensors of `bytes` bytes each: the same, or without a byte in common.
inline bool same_or_apart(const void* a, const void* b, std::size_t bytes) noexcept {
  const auto x = reinterpret_cast<std::uintptr_t>(a);
  const auto y = reinterpret_cast<std::uintptr_t>(b);
  return x == y || (x < y ? y - x : x - y) >= bytes;
}

/// invalid_argument unless there is such a dtype and the shape can be that of a tensor of it.
Status check_layout(DType dtype, const Shape& shape) noexcept;

/// invalid_argument unless the dtype is one of `allowed`; unavailable unless in host memory.
Status check_input(std::string_view op, const TensorView& view,
                   std::initializer_list<DType> allowed) noexcept;

/// unavailable unless in host memory.
Status check_host(std::string_view op, const TensorView& view) noexcept;

Status check_equal_dtypes(std::string_view op, const TensorView& a, const TensorView& b) noexcept;

/// invalid_argument unless `out` has this shape and dtype.
Status check_out(std::string_view op, const Tensor& out, const Shape& shape, DType dtype) noexcept;

/// invalid_argument if `out` and `in` share a byte.
Status check_disjoint(std::string_view op, const Tensor& out, const TensorView& in) noexcept;

/// The same, but `in` may be the very elements of `out` in the same order.
Status check_disjoint_or_same(std::string_view op, const Tensor& out,
                              const TensorView& in) noexcept;

/// The shape that `a` and `b` are broadcast to.
Result<Shape> broadcast_shape(std::string_view op, const Shape& a, const Shape& b) noexcept;

/// The index that `dim` (negative: from the end) names in `view`.
Result<std::size_t> resolve_dim(std::string_view op, const TensorView& view, int dim) noexcept;

/// A new tensor that `run(Tensor&)` fills.
template <typename Run>
Result<Tensor> into_new(const MemoryScope& scope, const Shape& shape, DType dtype,
                        Run run) noexcept {
  Result<Tensor> out = Tensor::empty(scope, shape, dtype);
  if (!out) return out;
  if (Status bad = run(*out); !bad.ok()) return bad;
  return out;
}

}  // namespace frys::detail
