// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Reads any view as one row-major sequence, so that every operation is written for contiguous
// memory only and gives the same bits for every layout.

#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "frys/tensor/view.hpp"

namespace frys::detail {

/// Elements an operation stages at a time when its input is not contiguous; the buffers of one
/// operation stay in the first-level cache.
inline constexpr std::size_t stage_elements = 512;

/// Elements a reduction stages: the block in which the kernels sum in f32.
inline constexpr std::size_t block_elements = 4096;

/// A position in the row-major sequence of a view's elements. Neighbouring dimensions that are
/// dense in each other are merged first. Borrows the memory.
/// `T` need only have the right size: elements are moved as bytes.
template <typename T>
class Reader {
 public:
  explicit Reader(const TensorView& view) noexcept
      : Reader(static_cast<const T*>(view.data()), view.shape().extents(), view.strides()) {}

  Reader(const T* data, std::span<const std::int64_t> extents,
         std::span<const std::int64_t> strides) noexcept
      : data_(data) {
    for (std::size_t dim = 0; dim < extents.size(); ++dim) {
      if (extents[dim] == 1) continue;
      if (rank_ > 0 && strides_[rank_ - 1] == strides[dim] * extents[dim]) {
        extents_[rank_ - 1] *= extents[dim];
        strides_[rank_ - 1] = strides[dim];
      } else {
        extents_[rank_] = extents[dim];
        strides_[rank_++] = strides[dim];
      }
    }
    if (rank_ == 0) {
      extents_[0] = 1;
      strides_[0] = 1;
      rank_ = 1;
    }
  }

  /// How many elements to take at once: all that lie side by side, or a buffer full.
  [[nodiscard]] std::size_t good_count() const noexcept {
    const std::size_t left = run_left();
    return strides_[rank_ - 1] == 1 && left >= stage_elements / 8 ? left : stage_elements;
  }

  /// The next `count` elements, contiguous: in place where they are, else staged in `buffer`.
  const T* take(std::size_t count, T* buffer) noexcept {
    if (strides_[rank_ - 1] == 1 && count <= run_left()) {
      const T* here = data_ + offset_;
      advance(count);
      return here;
    }
    gather(buffer, count);
    return buffer;
  }

  /// Writes the next `count` elements to `out`.
  void gather(T* out, std::size_t count) noexcept {
    const std::int64_t stride = strides_[rank_ - 1];
    while (count > 0) {
      const std::size_t run = count < run_left() ? count : run_left();
      const T* from = data_ + offset_;
      if (stride == 1) {
        std::memcpy(out, from, run * sizeof(T));
      } else {
        for (std::size_t i = 0; i < run; ++i) {
          std::memcpy(out + i, from + static_cast<std::int64_t>(i) * stride, sizeof(T));
        }
      }
      advance(run);
      out += run;
      count -= run;
    }
  }

 private:
  [[nodiscard]] std::size_t run_left() const noexcept {
    return static_cast<std::size_t>(extents_[rank_ - 1] - index_[rank_ - 1]);
  }

  void advance(std::size_t count) noexcept {
    std::size_t dim = rank_ - 1;
    index_[dim] += static_cast<std::int64_t>(count);
    offset_ += static_cast<std::int64_t>(count) * strides_[dim];
    while (dim > 0 && index_[dim] == extents_[dim]) {
      offset_ -= extents_[dim] * strides_[dim];
      index_[dim] = 0;
      --dim;
      ++index_[dim];
      offset_ += strides_[dim];
    }
  }

  const T* data_;
  std::int64_t offset_ = 0;
  std::size_t rank_ = 0;
  std::array<std::int64_t, max_rank> extents_;
  std::array<std::int64_t, max_rank> strides_;
  std::array<std::int64_t, max_rank> index_{};
};

}  // namespace frys::detail
