// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <new>
#include <stdexcept>

#include "frys/experience/experience.hpp"
#include "frys/tensor/ops/move.hpp"

namespace frys {
namespace {

/// Copies the elements of `tensor` to `out`, which has room for them and at least one.
Status copy_elements(const TensorView& tensor, std::vector<std::byte>& out) {
  Result<Storage> room = Storage::wrap(out.data(), out.size(), {}, {});
  if (!room) return room.error();
  Result<Tensor> whole = Tensor::from_storage(*std::move(room), tensor.dtype(), tensor.shape());
  if (!whole) return whole.error();
  return ops::copy(*whole, tensor);
}

}  // namespace

Status set_payload(Experience& experience, const TensorView& tensor) noexcept try {
  std::vector<std::byte> payload(tensor.size_bytes());
  if (!payload.empty()) {
    Status status = copy_elements(tensor, payload);
    if (!status.ok()) return status.with_context("set_payload");
  }
  experience.payload = std::move(payload);
  experience.payload_tensor = {tensor.dtype(), tensor.shape()};
  return {};
} catch (const std::exception&) {  // Of memory, or of a size beyond all memory.
  return Status::out_of_memory();
}

}  // namespace frys
