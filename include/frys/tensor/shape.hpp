// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The extents of a tensor, outermost first.
//
//   frys::Shape shape{3, 4};
//   shape.rank();          // 2
//   shape.elements();      // 12
//   frys::Shape{};         // rank 0: one element

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

#include "frys/core/status.hpp"

namespace frys {

inline constexpr std::size_t max_rank = 8;

/// Up to eight extents, held in place. A Shape may be made of anything; whoever uses one checks it
/// with `validate`, so that bad input becomes a Status and not undefined behaviour.
/// Threads: a value. Cost: O(rank), no allocation.
class FRYS_API Shape {
 public:
  /// Rank 0: a scalar.
  constexpr Shape() noexcept = default;

  constexpr Shape(std::initializer_list<std::int64_t> extents) noexcept  // NOLINT: implicit
      : Shape(std::span<const std::int64_t>(extents.begin(), extents.size())) {}

  explicit constexpr Shape(std::span<const std::int64_t> extents) noexcept : rank_(extents.size()) {
    for (std::size_t dim = 0; dim < extents.size() && dim < max_rank; ++dim) {
      extents_[dim] = extents[dim];
    }
  }

  /// Success when this can be the shape of a tensor of `element_bytes` an element: rank ≤ 8, no
  /// negative extent, and the product of the extents (zeros counted as one, so that strides exist
  /// too) times `element_bytes` fits in 63 bits.
  /// Errors: invalid_argument (names the extent).
  [[nodiscard]] Status validate(std::size_t element_bytes = 1) const noexcept;

  [[nodiscard]] constexpr std::size_t rank() const noexcept { return rank_; }

  /// Precondition: dim < rank() ≤ max_rank.
  [[nodiscard]] constexpr std::int64_t operator[](std::size_t dim) const noexcept {
    return extents_[dim];
  }

  /// The extents that are held: all of them, of an invalid shape the first eight.
  [[nodiscard]] constexpr std::span<const std::int64_t> extents() const noexcept {
    return {extents_.data(), rank_ < max_rank ? rank_ : max_rank};
  }

  /// The product of the extents; 1 for rank 0. Precondition: `validate().ok()`.
  [[nodiscard]] constexpr std::size_t elements() const noexcept {
    std::size_t product = 1;
    for (const std::int64_t extent : extents()) product *= static_cast<std::size_t>(extent);
    return product;
  }

  /// "[3, 4]"; "[]" for rank 0.
  [[nodiscard]] std::string to_string() const;

  friend constexpr bool operator==(const Shape& a, const Shape& b) noexcept {
    if (a.rank_ != b.rank_) return false;
    for (std::size_t dim = 0; dim < a.extents().size(); ++dim) {
      if (a.extents_[dim] != b.extents_[dim]) return false;
    }
    return true;
  }

 private:
  std::array<std::int64_t, max_rank> extents_{};
  std::size_t rank_ = 0;
};

}  // namespace frys
