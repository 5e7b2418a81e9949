// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Who carries one value of an attribute.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace frys::detail {

/// Rows, ascending, and, where they are many, a bit for each row there is, by which a search among
/// them knows its way. Who holds `marks` reads them beside one that adds: it sees all that were
/// added before it took hold of them.
class Carriers {
 public:
  struct Marks {
    explicit Marks(std::size_t count) : words(count) {}
    std::vector<std::uint64_t> words;
  };

  [[nodiscard]] const std::vector<std::uint32_t>& rows() const noexcept { return rows_; }
  /// Null where they are few.
  [[nodiscard]] const std::shared_ptr<Marks>& marks() const noexcept { return marks_; }

  /// Adds `row`, the newest; those from it on were taken back. Throws bad_alloc.
  void add(std::uint32_t row) {
    while (!rows_.empty() && rows_.back() >= row) rows_.pop_back();
    rows_.push_back(row);
    mark(row);
  }
  /// Adds an older one, unless it is there. Throws bad_alloc.
  void insert(std::uint32_t row) {
    const auto at = std::ranges::lower_bound(rows_, row);
    if (at != rows_.end() && *at == row) return;
    rows_.insert(at, row);
    mark(row);
  }

 private:
  static constexpr std::size_t least_marked = 4096;
  /// Marks take as much as the list of one row in so many would.
  static constexpr std::size_t rows_per_carrier = 64;

  void mark(std::uint32_t row) {
    const std::uint32_t last = rows_.back();
    if (marks_ == nullptr &&
        (rows_.size() < least_marked || rows_.size() < last / rows_per_carrier)) {
      return;
    }
    if (marks_ == nullptr || last / 64 >= marks_->words.size()) {
      // Others may be reading the old ones.
      marks_ = std::make_shared<Marks>(last / 64 + last / 128 + 64);
      for (const std::uint32_t each : rows_) set(each);
    }
    set(row);
  }
  void set(std::uint32_t row) noexcept {
    std::uint64_t& word = marks_->words[row / 64];
    __atomic_store_n(&word, word | std::uint64_t{1} << (row % 64), __ATOMIC_RELAXED);
  }

  std::vector<std::uint32_t> rows_;
  std::shared_ptr<Marks> marks_;
};

}  // namespace frys::detail
