// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A table that only grows and whose rows never move: segments of doubling size. One writer fills a
// row, then publishes its number by some atomic store; whoever has loaded that number may read the
// row, without a lock. Nothing is freed before the table is.

#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>

#include "frys/core/status.hpp"

namespace frys::detail {

/// Rows of `width` values of a trivial type, each row 64-byte aligned when its size is a multiple
/// of 64. At most 2^32 rows. Threads: `reserve` one at a time; rows as said above.
template <typename T>
  requires std::is_trivially_copyable_v<T>
class SegmentedTable {
 public:
  explicit SegmentedTable(std::size_t width) noexcept : width_(width) {}

  /// Makes room for rows [0, rows). Errors: out_of_memory.
  Status reserve(std::size_t rows) noexcept {
    while (capacity_ < rows) {
      if (used_segments_ == segment_count) return Status::out_of_memory();
      const std::size_t segment_rows = first_rows << used_segments_;
      void* memory =
          ::operator new(segment_rows * width_ * sizeof(T), std::align_val_t{64}, std::nothrow);
      if (memory == nullptr) return Status::out_of_memory();
      segments_[used_segments_++].reset(static_cast<T*>(memory));
      capacity_ += segment_rows;
    }
    return {};
  }

  [[nodiscard]] T* row(std::size_t number) noexcept { return find(number); }
  [[nodiscard]] const T* row(std::size_t number) const noexcept { return find(number); }
  [[nodiscard]] std::size_t bytes() const noexcept { return capacity_ * width_ * sizeof(T); }

 private:
  static constexpr std::size_t first_rows = 256;
  static constexpr std::size_t segment_count = 25;

  struct Free {
    void operator()(T* memory) const noexcept { ::operator delete(memory, std::align_val_t{64}); }
  };

  [[nodiscard]] T* find(std::size_t number) const noexcept {
    // Segment s holds the numbers from 256 × (2^s − 1) on.
    const std::size_t shifted = number / first_rows + 1;
    const int segment = std::bit_width(shifted) - 1;
    const std::size_t begin = first_rows * ((std::size_t{1} << segment) - 1);
    return segments_[segment].get() + (number - begin) * width_;
  }

  std::size_t width_;
  std::size_t capacity_ = 0;
  std::size_t used_segments_ = 0;
  std::unique_ptr<T, Free> segments_[segment_count];
};

}  // namespace frys::detail
