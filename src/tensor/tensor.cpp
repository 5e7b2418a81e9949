// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/tensor/tensor.hpp"

#include <cstring>

#include "frys/memory/copies.hpp"
#include "frys/tensor/ops/elementwise.hpp"
#include "frys/tensor/ops/move.hpp"
#include "tensor/checks.hpp"

namespace frys {

using detail::Message;

Result<Tensor> Tensor::empty(const MemoryScope& scope, const Shape& shape, DType dtype) noexcept {
  if (Status bad = detail::check_layout(dtype, shape); !bad.ok()) return bad;
  const std::size_t bytes = shape.elements() * size_of(dtype);
  Result<Tensor> tensor{Tensor()};
  Storage storage;
  if (bytes != 0) {
    Result<Storage> block = scope.allocate(bytes);
    if (!block) return block.error();
    storage = std::move(*block);
  }
  tensor->view_.lay_out(std::move(storage), dtype, shape);
  return tensor;
}

Result<Tensor> Tensor::zeros(const MemoryScope& scope, const Shape& shape, DType dtype) noexcept {
  Result<Tensor> tensor = empty(scope, shape, dtype);
  // All bits zero is the zero of every dtype.
  if (tensor && tensor->elements() != 0) {
    std::memset(tensor->mutable_data(), 0, tensor->size_bytes());
  }
  return tensor;
}

Result<Tensor> Tensor::full(const MemoryScope& scope, const Shape& shape, DType dtype,
                            double value) noexcept {
  return detail::into_new(scope, shape, dtype,
                          [value](Tensor& out) { return ops::fill(out, value); });
}

Result<Tensor> Tensor::from_bytes(const MemoryScope& scope, const Shape& shape, DType dtype,
                                  std::span<const std::byte> bytes) noexcept {
  if (Status bad = detail::check_layout(dtype, shape); !bad.ok()) return bad;
  if (const std::size_t needed = shape.elements() * size_of(dtype); bytes.size() != needed) {
    return (Message() << "a tensor of shape " << shape << " of " << dtype << " takes " << needed
                      << " bytes, got " << bytes.size())
        .invalid();
  }
  Result<Tensor> tensor = empty(scope, shape, dtype);
  if (tensor && !bytes.empty()) {
    std::memcpy(tensor->mutable_data(), bytes.data(), bytes.size());
    note_copy(&tensor->storage(), bytes.size());
  }
  return tensor;
}

Result<Tensor> Tensor::from_storage(Storage storage, DType dtype, const Shape& shape,
                                    std::size_t byte_offset) noexcept {
  if (storage.read_only()) {
    return (Message() << "a tensor of shape " << shape
                      << " may be written, but the storage is read-only; make a TensorView of it")
        .as(ErrorCode::failed_precondition);
  }
  if (storage && !storage.unique()) {
    return (Message() << "a tensor of shape " << shape << " cannot own a storage that "
                      << storage.use_count() << " handles share; make a TensorView of it")
        .as(ErrorCode::failed_precondition);
  }
  Result<TensorView> view = TensorView::from_storage(std::move(storage), dtype, shape, byte_offset);
  if (!view) return view.error();
  return Tensor(std::move(*view));
}

Result<Tensor> Tensor::clone(const MemoryScope& scope) const noexcept {
  return contiguous(scope, view_);
}

Result<Tensor> contiguous(const MemoryScope& scope, const TensorView& view) noexcept {
  return detail::into_new(scope, view.shape(), view.dtype(),
                          [&](Tensor& out) { return ops::copy(out, view); });
}

}  // namespace frys
