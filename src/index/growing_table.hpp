// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A table of rows of bytes that only grows, one after another in memory from the first to the last
// that there can ever be: addresses are reserved for all, memory is taken as rows are added. So a
// row is found by one multiplication and never moves while others read it.

#pragma once

#include <cstddef>
#include <cstdint>

#include "frys/core/status.hpp"

namespace frys::index {

/// Threads: `create` before all else, `reserve` one at a time. Who has learned by an acquiring load
/// that a row was written may read it without a lock.
class GrowingTable {
 public:
  GrowingTable() noexcept = default;
  ~GrowingTable();
  GrowingTable(const GrowingTable&) = delete;
  GrowingTable& operator=(const GrowingTable&) = delete;

  /// Reserves addresses for `max_rows` of `row_bytes`, 64-byte aligned where `row_bytes` is a
  /// multiple of 64. Errors: out_of_memory (the process has no such range left).
  Status create(std::size_t row_bytes, std::size_t max_rows) noexcept;
  /// Takes memory for rows [0, rows), zeroed. Errors: out_of_memory.
  Status reserve(std::size_t rows) noexcept;

  template <typename T>
  [[nodiscard]] T* row(std::size_t number) const noexcept {
    return reinterpret_cast<T*>(base_ + number * row_bytes_);
  }
  [[nodiscard]] const void* base() const noexcept { return base_; }
  [[nodiscard]] std::size_t row_bytes() const noexcept { return row_bytes_; }

 private:
  std::byte* base_ = nullptr;
  std::size_t row_bytes_ = 0;
  std::size_t max_rows_ = 0;
  std::size_t mapped_bytes_ = 0;
  std::size_t committed_bytes_ = 0;
};

}  // namespace frys::index
