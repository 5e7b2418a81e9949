// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A tensor whose writer has let go of it: nobody writes it, everybody may read it. This is what one
// hands on whole; hand on a TensorView for a part of one, or for memory that was wrapped.
//
//   frys::SharedTensor shared = std::move(tensor).share();            // the same memory
//   frys::SharedTensor another = shared;                              // a reference count
//   auto mine = std::move(another).make_exclusive(scope);             // copies: `shared` reads on
//   auto back = std::move(shared).try_unshare();                      // alone: the first memory

#pragma once

#include <cstddef>
#include <utility>

#include "frys/core/result.hpp"
#include "frys/memory/scope.hpp"
#include "frys/tensor/tensor.hpp"
#include "frys/tensor/view.hpp"

namespace frys {

/// One of any number of equal holders of a row-major tensor that does not change. It is made by
/// Tensor::share() alone, so its memory is a whole tensor's and was never wrapped read-only; what
/// is a part, strided or wrapped is a TensorView, and frys::contiguous makes a tensor of a copy.
///
/// Threads: distinct holders are independent; one holder is not to be written while it is read.
class FRYS_API SharedTensor {
 public:
  /// An empty f32 vector without memory; also what a moved-from one is.
  SharedTensor() noexcept = default;

  /// A view of the whole, which holds the memory too. Cost: a reference count when it is copied.
  [[nodiscard]] const TensorView& view() const& noexcept { return view_; }
  [[nodiscard]] TensorView view() && noexcept { return std::move(view_); }
  /// The same, implicitly; a temporary gives its view away. Why it is spelled so: see Tensor.
  template <typename = void>
  operator const TensorView&() const volatile& noexcept {  // NOLINT: implicit
    return const_cast<const SharedTensor*>(this)->view_;
  }
  operator TensorView() && noexcept { return std::move(view_); }  // NOLINT: implicit

  [[nodiscard]] DType dtype() const noexcept { return view_.dtype(); }
  [[nodiscard]] const Shape& shape() const noexcept { return view_.shape(); }
  [[nodiscard]] std::size_t rank() const noexcept { return view_.rank(); }
  [[nodiscard]] std::size_t elements() const noexcept { return view_.elements(); }
  [[nodiscard]] std::size_t size_bytes() const noexcept { return view_.size_bytes(); }

  template <typename T>
  [[nodiscard]] const T* data() const noexcept {
    return view_.data<T>();
  }

  /// Who holds the memory now: this, other shared tensors, views, exports to DLPack. 0 when there
  /// is no memory. Another thread may change it at once.
  [[nodiscard]] std::size_t holders() const noexcept { return view_.storage().use_count(); }

  /// The tensor again, to be written, without a copy, when nobody else holds its memory. On success
  /// this is empty; on failure it is unchanged.
  /// Errors: failed_precondition (others hold it; says how many).
  /// Threads: others may drop and copy what they hold meanwhile; what they read is read before
  /// anything is written. Of several holders at most one succeeds, but two that try at once see
  /// each other and both fail: when they then drop theirs, nobody has it. Cost: O(1).
  Result<Tensor> try_unshare() && noexcept;

  /// Copy on write: the tensor again as try_unshare() gives it, else a counted copy in `scope`. On
  /// success this is empty; on failure it is unchanged.
  /// Errors: as Tensor::empty(), for the copy; unavailable (to be copied, but not host memory).
  /// Threads: as try_unshare(). Cost: O(1) when alone, else O(elements).
  Result<Tensor> make_exclusive(const MemoryScope& scope) && noexcept;

 private:
  friend class Tensor;
  explicit SharedTensor(TensorView view) noexcept : view_(std::move(view)) {}
  [[nodiscard]] bool is_alone() const noexcept;

  TensorView view_;
};

}  // namespace frys
