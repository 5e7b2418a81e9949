// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A tensor that is owned and may be written. Not for passing on between agents: give it up, as the
// publish() below does, or share() it first when the writer wants to read on.
//
//   frys::Result<frys::Tensor> tensor = frys::Tensor::empty(scope, {rows, 256}, frys::DType::f32);
//   if (!tensor) return tensor.error();
//   fill(tensor->mutable_data<float>(), tensor->elements());
//   return context.publish("embeddings", *std::move(tensor));

#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "frys/core/result.hpp"
#include "frys/memory/scope.hpp"
#include "frys/tensor/view.hpp"

namespace frys {

class SharedTensor;

/// The one owner of a row-major tensor, and the only one who writes it; move-only. Views share its
/// memory and may outlive it, the scope it came from, and the kernel.
///
/// Threads: distinct tensors are independent; one tensor is not to be written while it is read.
class FRYS_API Tensor {
 public:
  /// An empty f32 vector without memory; also what a moved-from tensor is.
  Tensor() noexcept = default;
  Tensor(Tensor&&) noexcept = default;
  Tensor& operator=(Tensor&&) noexcept = default;
  Tensor(const Tensor&) = delete;
  Tensor& operator=(const Tensor&) = delete;
  ~Tensor() = default;

  /// Memory for `shape` × `dtype` from `scope`, 64-byte aligned, uninitialised.
  /// Shape: any rank ≤ 8; a zero extent is legal and takes no memory.
  /// Errors: invalid_argument (rank, negative or overflowing extent), budget_exceeded (names the
  /// scope), out_of_memory, closed. Threads: safe. Cost: O(1), no system call once warm.
  static Result<Tensor> empty(const MemoryScope& scope, const Shape& shape, DType dtype) noexcept;

  /// The same, every element 0. Cost: O(elements).
  static Result<Tensor> zeros(const MemoryScope& scope, const Shape& shape, DType dtype) noexcept;

  /// The same, every element `value`, converted as frys::ops::cast converts an f64.
  static Result<Tensor> full(const MemoryScope& scope, const Shape& shape, DType dtype,
                             double value) noexcept;

  /// A copy of `values`, which must be exactly the elements of `shape`; counted as a copy.
  /// Errors: as empty(); invalid_argument (another number of values).
  template <typename T>
  static Result<Tensor> from_span(const MemoryScope& scope, const Shape& shape,
                                  std::span<const T> values) noexcept {
    return from_bytes(scope, shape, dtype_of<T>, std::as_bytes(values));
  }

  /// A copy of bytes in the machine's order; counted as a copy. Errors: as from_span().
  static Result<Tensor> from_bytes(const MemoryScope& scope, const Shape& shape, DType dtype,
                                   std::span<const std::byte> bytes) noexcept;

  /// Takes over memory that nobody else holds, without a copy.
  /// Errors: invalid_argument (shape invalid, too few bytes, misaligned); failed_precondition (the
  /// storage is shared or read-only).
  static Result<Tensor> from_storage(Storage storage, DType dtype, const Shape& shape,
                                     std::size_t byte_offset = 0) noexcept;

  /// Gives writing up for good: the same memory as something that any number may hold and nobody
  /// writes, not through pointers of mutable_data() either. Views that were made before hold it
  /// too. Include frys/tensor/shared_tensor.hpp. Cost: O(1), no copy.
  [[nodiscard]] SharedTensor share() && noexcept;

  /// A view of the whole, for reading beside the owner; `share()` to hand the tensor on.
  /// Cost: a reference count when it is copied out.
  [[nodiscard]] const TensorView& view() const& noexcept { return view_; }
  [[nodiscard]] TensorView view() && noexcept { return std::move(view_); }
  /// The same, implicitly. A temporary tensor gives its view away, so that a reference bound to it
  /// does not dangle: `volatile` keeps temporaries from the first, being a template keeps GCC 12
  /// from choosing it for them all the same.
  template <typename = void>
  operator const TensorView&() const volatile& noexcept {  // NOLINT: implicit
    return const_cast<const Tensor*>(this)->view_;
  }
  operator TensorView() && noexcept { return std::move(view_); }  // NOLINT: implicit

  [[nodiscard]] DType dtype() const noexcept { return view_.dtype(); }
  [[nodiscard]] const Shape& shape() const noexcept { return view_.shape(); }
  [[nodiscard]] std::size_t rank() const noexcept { return view_.rank(); }
  [[nodiscard]] std::size_t elements() const noexcept { return view_.elements(); }
  [[nodiscard]] std::size_t size_bytes() const noexcept { return view_.size_bytes(); }
  [[nodiscard]] const Storage& storage() const noexcept { return view_.storage(); }

  template <typename T>
  [[nodiscard]] const T* data() const noexcept {
    return view_.data<T>();
  }

  /// The elements for writing; null when `dtype()` is not `dtype_of<T>` or there is no memory.
  /// Whoever holds views sees what is written: write first, then share().
  template <typename T>
  [[nodiscard]] T* mutable_data() noexcept {
    return const_cast<T*>(view_.data<T>());
  }
  [[nodiscard]] void* mutable_data() noexcept { return const_cast<void*>(view_.data()); }

  /// A deep copy in `scope`; counted as a copy. Errors: as empty().
  Result<Tensor> clone(const MemoryScope& scope) const noexcept;

 private:
  friend class SharedTensor;
  explicit Tensor(TensorView view) noexcept : view_(std::move(view)) {}
  TensorView view_;
};

/// A row-major copy of `view` in `scope`; counted as a copy, also when `view` is contiguous
/// (then share the view instead). Errors: as Tensor::empty(); unavailable (not host memory).
FRYS_API Result<Tensor> contiguous(const MemoryScope& scope, const TensorView& view) noexcept;

}  // namespace frys
