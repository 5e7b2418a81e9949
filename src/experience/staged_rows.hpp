// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What a set of changes does to the rows of one index: shown to readers when the lake has it, or
// taken back.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "experience/pattern_index.hpp"

namespace frys::detail {

/// Threads: whoever has the index's turn.
class StagedRows {
 public:
  explicit StagedRows(PatternIndex& index) noexcept : index_(&index) {}

  /// Room for one more that is added. Errors: failed_precondition (the index is full),
  /// out_of_memory.
  Status reserve() { return index_->rows().core.reserve(added_.size() + 1); }
  // These throw bad_alloc. There is room.
  void add(const LogEntry& entry, std::span<const float> unit, std::uint64_t sequence);
  void remove(std::uint32_t ordinal, std::uint64_t sequence);
  void amend(std::uint32_t ordinal, const Standing& standing, std::uint64_t sequence);

  /// The number of what was added at `target`, here or before; false: it is not in this index.
  [[nodiscard]] bool find(std::uint64_t target, std::uint32_t& ordinal) const noexcept;
  /// The standing as the changes so far leave it; `amended_at` is set to the sequence that says so.
  [[nodiscard]] Standing standing_of(std::uint32_t ordinal,
                                     std::uint64_t& amended_at) const noexcept;

  /// Shows it to readers. Where memory is short, what was removed is hidden, but takes memory until
  /// the store is opened again.
  void apply() noexcept;
  /// Instead of `apply`.
  void take_back() noexcept;

 private:
  struct Removed {
    std::uint32_t ordinal;
    std::uint64_t sequence;
  };
  struct Amended {
    std::uint32_t ordinal;
    std::uint64_t sequence;
    Standing standing;
  };

  PatternIndex* index_;
  std::vector<std::span<const float>> added_;
  std::vector<Removed> removed_;
  std::vector<Amended> amended_;
};

}  // namespace frys::detail
