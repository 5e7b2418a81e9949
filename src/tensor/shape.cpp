// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/tensor/shape.hpp"

#include "tensor/message.hpp"

namespace frys {

Status Shape::validate(std::size_t element_bytes) const noexcept {
  using detail::Message;
  if (rank_ > max_rank) {
    return (Message() << "a tensor has at most " << max_rank << " dimensions, got rank " << rank_)
        .invalid();
  }
  auto bytes = static_cast<std::int64_t>(element_bytes);
  for (std::size_t dim = 0; dim < rank_; ++dim) {
    const std::int64_t extent = extents_[dim];
    if (extent < 0) {
      return (Message() << "dimension " << dim << " of shape " << *this
                        << " has a negative extent; extents are 0 or more")
          .invalid();
    }
    if (extent != 0 && __builtin_mul_overflow(bytes, extent, &bytes)) {
      return (Message() << "shape " << *this << " of " << element_bytes
                        << "-byte elements overflows 63 bits at dimension " << dim)
          .invalid();
    }
  }
  return {};
}

std::string Shape::to_string() const { return std::string((detail::Message() << *this).text()); }

}  // namespace frys
