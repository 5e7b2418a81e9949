// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "index/growing_table.hpp"

#include <algorithm>

#include "memory/os_memory.hpp"

namespace frys::index {
namespace {

constexpr std::size_t large_page_bytes = std::size_t{1} << 21;
constexpr std::size_t first_step_bytes = std::size_t{1} << 16;

// The memory room counts system calls a pool; these few belong to none.
detail::SystemCallCount uncounted{0};

}  // namespace

GrowingTable::~GrowingTable() {
  if (base_ != nullptr) detail::unmap_pages(base_, mapped_bytes_, uncounted);
}

Status GrowingTable::create(std::size_t row_bytes, std::size_t max_rows) noexcept {
  if (row_bytes > detail::max_request_bytes / max_rows) return Status::out_of_memory();
  mapped_bytes_ = detail::round_up(row_bytes * max_rows, large_page_bytes);
  base_ = static_cast<std::byte*>(detail::map_pages(mapped_bytes_, large_page_bytes, uncounted));
  if (base_ == nullptr) return Status::out_of_memory();
  row_bytes_ = row_bytes;
  max_rows_ = max_rows;
  // A walk jumps across the whole table: with small pages most jumps miss the address cache too.
  // The first two mebibytes stay small, so that a small index stays small.
  if (mapped_bytes_ > large_page_bytes) {
    detail::advise_large_pages(base_ + large_page_bytes, mapped_bytes_ - large_page_bytes);
  }
  return {};
}

Status GrowingTable::reserve(std::size_t rows) noexcept {
  if (rows > max_rows_) return Status::out_of_memory();
  const std::size_t wanted = rows * row_bytes_;
  while (committed_bytes_ < wanted) {
    const std::size_t step =
        committed_bytes_ < large_page_bytes ? first_step_bytes : large_page_bytes;
    if (!detail::populate_pages(base_ + committed_bytes_, step, uncounted)) {
      return Status::out_of_memory();
    }
    committed_bytes_ += step;
  }
  return {};
}

}  // namespace frys::index
