// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// From an exclusive tensor to a shared one and back.
//
// Concurrency. A count of 1 is final: a reference is only ever made from a reference that its maker
// holds meanwhile, and the last one is in this very object, which no other thread may touch now.
// So who still copies elements from a view, or passes one on, is counted all the while. Dropping a
// reference releases and looking at the count acquires, hence what the others have read they have
// read before the new owner writes. Source: Rust's Arc::try_unwrap, which rests on the same order.

#include "frys/tensor/shared_tensor.hpp"

#include <algorithm>

#include "tensor/message.hpp"

namespace frys {

using detail::Message;

SharedTensor Tensor::share() && noexcept { return SharedTensor(std::move(view_)); }

bool SharedTensor::is_alone() const noexcept {
  return !view_.storage() || view_.storage().unique();
}

Result<Tensor> SharedTensor::try_unshare() && noexcept {
  if (is_alone()) return Tensor(std::move(view_));
  // There were two at least when it was looked at, however many are left by now.
  const std::size_t count = std::max<std::size_t>(holders(), 2);
  return (Message() << "the tensor of shape " << shape() << " has " << count
                    << " holders, this one among them; only the last one may write it: drop the "
                       "others, or copy it with make_exclusive")
      .as(ErrorCode::failed_precondition);
}

Result<Tensor> SharedTensor::make_exclusive(const MemoryScope& scope) && noexcept {
  if (is_alone()) return Tensor(std::move(view_));
  Result<Tensor> copy = contiguous(scope, view_);
  if (copy) *this = SharedTensor();
  return copy;
}

}  // namespace frys
