// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tensor/checks.hpp"

namespace frys::detail {
namespace {

struct ByteRange {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
};

ByteRange bytes_of(const TensorView& view) noexcept {
  if (view.elements() == 0) return {};
  std::int64_t low = 0;
  std::int64_t high = 1;
  for (std::size_t dim = 0; dim < view.rank(); ++dim) {
    const std::int64_t span = (view.extent(dim) - 1) * view.strides()[dim];
    (span < 0 ? low : high) += span;
  }
  const auto size = static_cast<std::int64_t>(size_of(view.dtype()));
  const auto start = reinterpret_cast<std::uintptr_t>(view.data());
  return {start + static_cast<std::uintptr_t>(low * size),
          start + static_cast<std::uintptr_t>(high * size)};
}

bool share_bytes(const TensorView& a, const TensorView& b) noexcept {
  const ByteRange x = bytes_of(a);
  const ByteRange y = bytes_of(b);
  return x.begin < y.end && y.begin < x.end;
}

}  // namespace

Status check_layout(DType dtype, const Shape& shape) noexcept {
  const std::size_t size = size_of(dtype);
  if (size != 0) return shape.validate(size);
  return (Message() << "dtype " << static_cast<int>(dtype) << " is not one of DType").invalid();
}

Status check_host(std::string_view op, const TensorView& view) noexcept {
  if (view.device().type == DeviceType::host) return {};
  return (Message() << op << ": the tensor of shape " << view.shape()
                    << " is not in host memory; copy it to the host first")
      .as(ErrorCode::unavailable);
}

Status check_input(std::string_view op, const TensorView& view,
                   std::initializer_list<DType> allowed) noexcept {
  bool known = false;
  for (const DType dtype : allowed) known = known || dtype == view.dtype();
  if (known) return check_host(op, view);
  Message message;
  message << op << " is not defined for " << view.dtype() << " (shape " << view.shape()
          << "); cast to one of";
  for (const DType dtype : allowed) message << " " << dtype;
  return message.invalid();
}

Status check_equal_dtypes(std::string_view op, const TensorView& a, const TensorView& b) noexcept {
  if (a.dtype() == b.dtype()) return {};
  return (Message() << op << ": dtypes differ, " << a.dtype() << a.shape() << " and " << b.dtype()
                    << b.shape() << "; cast one of them")
      .invalid();
}

Status check_out(std::string_view op, const Tensor& out, const Shape& shape, DType dtype) noexcept {
  if (out.dtype() != dtype || out.shape() != shape) {
    return (Message() << op << ": the result is " << dtype << shape << ", but out is "
                      << out.dtype() << out.shape())
        .invalid();
  }
  return check_host(op, out.view());
}

Status check_disjoint(std::string_view op, const Tensor& out, const TensorView& in) noexcept {
  if (!share_bytes(out.view(), in)) return {};
  return (Message() << op << ": out " << out.shape() << " overlaps the input of shape "
                    << in.shape() << "; write to another tensor")
      .invalid();
}

Status check_disjoint_or_same(std::string_view op, const Tensor& out,
                              const TensorView& in) noexcept {
  if (in.data() == out.view().data() && in.shape() == out.shape() && in.dtype() == out.dtype() &&
      in.is_contiguous()) {
    return {};
  }
  return check_disjoint(op, out, in);
}

Result<Shape> broadcast_shape(std::string_view op, const Shape& a, const Shape& b) noexcept {
  if (a == b) return a;
  const std::size_t rank = a.rank() > b.rank() ? a.rank() : b.rank();
  std::array<std::int64_t, max_rank> extents{};
  for (std::size_t i = 0; i < rank; ++i) {  // i-th from the end.
    const std::int64_t x = i < a.rank() ? a[a.rank() - 1 - i] : 1;
    const std::int64_t y = i < b.rank() ? b[b.rank() - 1 - i] : 1;
    if (x != y && x != 1 && y != 1) {
      return (Message() << op << ": shapes " << a << " and " << b
                        << " cannot be broadcast to each other (from the last dimension on, "
                           "extents must be equal or 1)")
          .invalid();
    }
    extents[rank - 1 - i] = x == 1 ? y : x;
  }
  return Shape(std::span<const std::int64_t>(extents.data(), rank));
}

Result<std::size_t> resolve_dim(std::string_view op, const TensorView& view, int dim) noexcept {
  const auto rank = static_cast<std::int64_t>(view.rank());
  const std::int64_t index = dim < 0 ? dim + rank : dim;
  if (index >= 0 && index < rank) return static_cast<std::size_t>(index);
  return (Message() << op << ": dimension " << dim << " of a tensor of shape " << view.shape()
                    << " does not exist; its rank is " << rank)
      .invalid();
}

}  // namespace frys::detail
