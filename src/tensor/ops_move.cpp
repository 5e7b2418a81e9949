// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <array>
#include <cstring>

#include "frys/memory/copies.hpp"
#include "frys/tensor/ops/move.hpp"
#include "simd/dispatch.hpp"
#include "tensor/checks.hpp"
#include "tensor/convert.hpp"
#include "tensor/strided.hpp"

namespace frys::ops {
namespace {

using namespace frys::detail;

/// Calls `run` with an unsigned integer of `bytes` bytes: moving elements needs only their size.
template <typename Run>
void with_element_of(std::size_t bytes, Run run) noexcept {
  switch (bytes) {
    case 1:
      return run(std::uint8_t{});
    case 2:
      return run(std::uint16_t{});
    case 4:
      return run(std::uint32_t{});
    default:
      return run(std::uint64_t{});
  }
}

/// A transposed f32 matrix, in squares that stay in the first-level cache; false when `view` is
/// none. Reading it in row-major order would touch a cache line an element.
bool copy_transposed(float* out, const TensorView& view) noexcept {
  if (view.rank() != 2 || view.strides()[0] != 1 || view.strides()[1] < 8) return false;
  constexpr std::size_t side = 32;
  const auto rows = static_cast<std::size_t>(view.extent(0));
  const auto columns = static_cast<std::size_t>(view.extent(1));
  const auto stride = static_cast<std::size_t>(view.strides()[1]);
  const auto* in = static_cast<const float*>(view.data());
  for (std::size_t row = 0; row < rows; row += side) {
    for (std::size_t column = 0; column < columns; column += side) {
      simd::kernels().transpose_f32(out + row * columns + column, columns,
                                    in + column * stride + row, stride,
                                    std::min(side, columns - column), std::min(side, rows - row));
    }
  }
  return true;
}

void copy_elements(void* out, const TensorView& view) noexcept {
  if (view.is_contiguous()) {
    std::memcpy(out, view.data(), view.size_bytes());
    return;
  }
  if (view.dtype() == DType::f32 && copy_transposed(static_cast<float*>(out), view)) return;
  with_element_of(size_of(view.dtype()), [&](auto element) {
    using T = decltype(element);
    Reader<T>(view).gather(static_cast<T*>(out), view.elements());
  });
}

/// The dimensions of a row of `a`.
Shape row_shape(const TensorView& a) noexcept { return Shape(a.shape().extents().subspan(1)); }

Shape gathered_shape(const TensorView& a, const TensorView& indices) noexcept {
  std::array<std::int64_t, max_rank> extents{};
  for (std::size_t dim = 1; dim < a.rank(); ++dim) extents[dim] = a.extent(dim);
  extents[0] = indices.extent(0);
  return Shape(std::span<const std::int64_t>(extents.data(), a.rank()));
}

Status check_gather(const TensorView& a, const TensorView& indices) noexcept {
  if (Status bad = check_host("gather_rows", a); !bad.ok()) return bad;
  if (Status bad = check_input("gather_rows indices", indices, {DType::i32, DType::i64});
      !bad.ok()) {
    return bad;
  }
  if (a.rank() >= 1 && indices.rank() == 1) return {};
  return (Message() << "gather_rows: takes a tensor of rank 1 or more and a vector of indices, got "
                    << a.shape() << " and " << indices.shape())
      .invalid();
}

std::int64_t index_at(const TensorView& indices, std::int64_t i) noexcept {
  const std::int64_t at = i * indices.strides()[0];
  return indices.dtype() == DType::i64 ? indices.data<std::int64_t>()[at]
                                       : indices.data<std::int32_t>()[at];
}

Status check_indices(const TensorView& a, const TensorView& indices) noexcept {
  for (std::int64_t i = 0; i < indices.extent(0); ++i) {
    const std::int64_t row = index_at(indices, i);
    if (row >= 0 && row < a.extent(0)) continue;
    return (Message() << "gather_rows: index " << row << " at position " << i << " is outside the "
                      << a.extent(0) << " rows of shape " << a.shape())
        .invalid();
  }
  return {};
}

void gather(Tensor& out, const TensorView& a, const TensorView& indices) noexcept {
  const std::size_t row_elements = row_shape(a).elements();
  with_element_of(size_of(a.dtype()), [&](auto element) {
    using T = decltype(element);
    auto* to = static_cast<T*>(out.mutable_data());
    for (std::int64_t i = 0; i < indices.extent(0); ++i, to += row_elements) {
      const T* row = static_cast<const T*>(a.data()) + index_at(indices, i) * a.strides()[0];
      Reader<T>(row, a.shape().extents().subspan(1), a.strides().subspan(1))
          .gather(to, row_elements);
    }
  });
}

}  // namespace

Status copy(Tensor& out, const TensorView& a) noexcept {
  if (Status bad = check_host("copy", a); !bad.ok()) return bad;
  if (Status bad = check_out("copy", out, out.shape(), a.dtype()); !bad.ok()) return bad;
  if (Status bad = check_disjoint("copy", out, a); !bad.ok()) return bad;
  const Result<TensorView> source = a.broadcast_to(out.shape());
  if (!source) return source.error().with_context("copy");
  if (out.elements() == 0) return {};
  copy_elements(out.mutable_data(), *source);
  note_copy(&out.storage(), out.size_bytes());
  return {};
}

Status cast(Tensor& out, const TensorView& a) noexcept {
  if (Status bad = check_host("cast", a); !bad.ok()) return bad;
  if (Status bad = check_out("cast", out, a.shape(), out.dtype()); !bad.ok()) return bad;
  if (Status bad = check_disjoint("cast", out, a); !bad.ok()) return bad;
  const std::size_t count = out.elements();
  if (count == 0) return {};
  auto* to = static_cast<std::byte*>(out.mutable_data());
  if (a.is_contiguous()) {
    convert_elements(out.dtype(), to, a.dtype(), a.data(), count);
  } else {
    with_element_of(size_of(a.dtype()), [&](auto element) {
      using T = decltype(element);
      Reader<T> reader(a);
      alignas(64) std::array<std::byte, stage_elements * sizeof(T)> stage;
      auto* buffer = reinterpret_cast<T*>(stage.data());
      for (std::size_t done = 0; done < count;) {
        const std::size_t part = std::min(reader.good_count(), count - done);
        convert_elements(out.dtype(), to + done * size_of(out.dtype()), a.dtype(),
                         reader.take(part, buffer), part);
        done += part;
      }
    });
  }
  note_copy(&out.storage(), out.size_bytes());
  return {};
}

Result<Tensor> cast(const MemoryScope& scope, const TensorView& a, DType dtype) noexcept {
  return into_new(scope, a.shape(), dtype, [&](Tensor& out) { return cast(out, a); });
}

Status gather_rows(Tensor& out, const TensorView& a, const TensorView& indices) noexcept {
  if (Status bad = check_gather(a, indices); !bad.ok()) return bad;
  if (Status bad = check_out("gather_rows", out, gathered_shape(a, indices), a.dtype());
      !bad.ok()) {
    return bad;
  }
  if (Status bad = check_disjoint("gather_rows", out, a); !bad.ok()) return bad;
  if (Status bad = check_disjoint("gather_rows", out, indices); !bad.ok()) return bad;
  if (Status bad = check_indices(a, indices); !bad.ok()) return bad;
  if (out.elements() == 0) return {};
  gather(out, a, indices);
  note_copy(&out.storage(), out.size_bytes());
  return {};
}

Result<Tensor> gather_rows(const MemoryScope& scope, const TensorView& a,
                           const TensorView& indices) noexcept {
  if (Status bad = check_gather(a, indices); !bad.ok()) return bad;
  return into_new(scope, gathered_shape(a, indices), a.dtype(),
                  [&](Tensor& out) { return gather_rows(out, a, indices); });
}

}  // namespace frys::ops
