// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Read access to a tensor, or to a part of one, without copying it: a view keeps the memory alive,
// and passing it on costs a reference count. What agents read is views. Not for writing
// (frys::Tensor), not for laying elements out anew (frys::contiguous), and no promise that nobody
// writes (frys::SharedTensor).
//
//   frys::Result<frys::TensorView> row = view.select(0, 3);           // row 3 of a matrix
//   frys::Result<frys::TensorView> t = view.transpose(0, 1);          // no element moves
//   const float* x = row->data<float>();

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <utility>

#include "frys/core/result.hpp"
#include "frys/memory/storage.hpp"
#include "frys/tensor/dtype.hpp"
#include "frys/tensor/shape.hpp"

namespace frys {

/// A dtype, a shape and strides over a shared Storage.
///
/// Every member that makes another view shares the memory and costs O(rank); none copies elements.
/// A dimension is named by its index, or from the end by a negative one: -1 is the last.
/// Threads: distinct views are independent, also of one storage. Nothing orders a view's reads with
/// the owner's writes: write first, then hand views on.
class FRYS_API TensorView {
 public:
  /// An empty f32 vector without memory.
  TensorView() noexcept : shape_{0}, strides_{1} {}
  TensorView(const TensorView&) noexcept = default;
  TensorView& operator=(const TensorView&) noexcept = default;
  /// Leaves an empty one behind.
  TensorView(TensorView&& other) noexcept : TensorView() { *this = std::move(other); }
  TensorView& operator=(TensorView&& other) noexcept {
    if (this == &other) return *this;
    storage_ = std::move(other.storage_);
    data_ = std::exchange(other.data_, nullptr);
    shape_ = std::exchange(other.shape_, Shape{0});
    strides_ = other.strides_;
    dtype_ = other.dtype_;
    contiguous_ = std::exchange(other.contiguous_, true);
    return *this;
  }
  ~TensorView() = default;

  /// A row-major view of `storage` that begins `byte_offset` bytes into it.
  /// Errors: invalid_argument (shape invalid, the elements do not fit in the storage, or the start
  /// is not aligned for `dtype`).
  static Result<TensorView> from_storage(Storage storage, DType dtype, const Shape& shape,
                                         std::size_t byte_offset = 0) noexcept;

  /// The same with strides, in elements, one per dimension; zero and negative ones are legal as
  /// long as every element lies inside the storage.
  static Result<TensorView> from_storage(Storage storage, DType dtype, const Shape& shape,
                                         std::span<const std::int64_t> strides,
                                         std::size_t byte_offset = 0) noexcept;

  [[nodiscard]] DType dtype() const noexcept { return dtype_; }
  [[nodiscard]] const Shape& shape() const noexcept { return shape_; }
  [[nodiscard]] std::size_t rank() const noexcept { return shape_.rank(); }
  [[nodiscard]] std::size_t elements() const noexcept { return shape_.elements(); }
  /// Precondition: dim < rank().
  [[nodiscard]] std::int64_t extent(std::size_t dim) const noexcept { return shape_[dim]; }

  /// Elements between neighbours, a dimension each. Valid as long as this object.
  [[nodiscard]] std::span<const std::int64_t> strides() const noexcept {
    return {strides_.data(), shape_.rank()};
  }

  /// Bytes of the elements, were they laid out densely.
  [[nodiscard]] std::size_t size_bytes() const noexcept { return elements() * size_of(dtype_); }

  /// The first element; null when there is no memory. On a CUDA device, a device pointer.
  [[nodiscard]] const void* data() const noexcept { return data_; }

  /// The first element as `T`; null when `dtype()` is not `dtype_of<T>`.
  template <typename T>
  [[nodiscard]] const T* data() const noexcept {
    return dtype_of<T> == dtype_ ? static_cast<const T*>(data()) : nullptr;
  }

  /// The memory that is shared. Writing through it is a promise that nobody reads meanwhile.
  [[nodiscard]] const Storage& storage() const noexcept { return storage_; }
  [[nodiscard]] Device device() const noexcept { return storage_ ? storage_.device() : Device{}; }

  /// Row-major without gaps; extents of 1 and tensors without elements do not count against it.
  [[nodiscard]] bool is_contiguous() const noexcept { return contiguous_; }

  /// Elements begin, begin + step, … below `end` of `dim`. Negative bounds count from the end;
  /// bounds must lie in [0, extent] after that, begin ≤ end, step ≥ 1.
  /// Errors: invalid_argument (names the dimension and its extent).
  Result<TensorView> slice(int dim, std::int64_t begin, std::int64_t end,
                           std::int64_t step = 1) const noexcept;

  /// The one `index` of `dim`, which is then gone: rank − 1. A negative index counts from the end.
  /// Errors: invalid_argument.
  Result<TensorView> select(int dim, std::int64_t index) const noexcept;

  /// Dimensions `a` and `b` exchanged. Errors: invalid_argument.
  Result<TensorView> transpose(int a, int b) const noexcept;

  /// Dimension i of the result is dimension order[i] of this. Errors: invalid_argument (not a
  /// permutation of all dimensions).
  Result<TensorView> permute(std::span<const int> order) const noexcept;
  Result<TensorView> permute(std::initializer_list<int> order) const noexcept {
    return permute(std::span<const int>(order.begin(), order.size()));
  }

  /// Stretches extents of 1, and adds dimensions in front, by strides of 0: NumPy's rule.
  /// Errors: invalid_argument (names both shapes).
  Result<TensorView> broadcast_to(const Shape& shape) const noexcept;

  /// The same elements in row-major order under another shape. One extent may be −1: it is
  /// inferred. Errors: invalid_argument (another number of elements); failed_precondition (the
  /// strides do not allow it without a copy: take frys::contiguous first).
  Result<TensorView> reshape(const Shape& shape) const noexcept;

  /// Without the dimension `dim`, whose extent must be 1. Errors: invalid_argument.
  Result<TensorView> squeeze(int dim) const noexcept;
  /// Without any dimension of extent 1.
  [[nodiscard]] TensorView squeeze() const noexcept;
  /// With a new dimension of extent 1 before `dim`; `dim` = rank() or −1 appends it.
  /// Errors: invalid_argument (also at rank 8).
  Result<TensorView> unsqueeze(int dim) const noexcept;

 private:
  friend class Tensor;
  /// Makes this all of `storage`, row-major. Precondition: `shape` is valid and fits.
  void lay_out(Storage storage, DType dtype, const Shape& shape) noexcept;
  /// Sets `contiguous_`; the last thing that whoever changes shape or strides does.
  void find_contiguity() noexcept;

  Storage storage_;
  std::byte* data_ = nullptr;
  Shape shape_;
  std::array<std::int64_t, max_rank> strides_{};
  DType dtype_ = DType::f32;
  bool contiguous_ = true;
};

}  // namespace frys
