// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What one group of writers changes: put together for the lake, which takes all or nothing, and
// then shown to readers, or taken back.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "experience/index_set.hpp"
#include "experience/lake.hpp"
#include "experience/sequence_map.hpp"
#include "experience/staged_rows.hpp"

namespace frys::detail {

/// An experience to add; all of it outlives the set.
struct Addition {
  std::string_view record;
  std::string_view vector;      ///< encode_vector of the raw vector.
  std::span<const float> unit;  ///< The same of length 1, or zeros.
  LogEntry entry;
  // Of the same spaces, which are those of the entry, in this order.
  std::span<const EncodedVector> in_spaces = {};
  std::span<const SpaceVector> units_in_spaces = {};
};

/// Threads: whoever has the turn of all indexes, until it is gone.
class ChangeSet {
 public:
  /// Throws bad_alloc.
  ChangeSet(IndexSet& indexes, SequenceMap& sequences, std::uint64_t first_sequence);
  /// Takes back what was not applied.
  ~ChangeSet();
  ChangeSet(const ChangeSet&) = delete;
  ChangeSet& operator=(const ChangeSet&) = delete;

  // What is added to it sees what was added before. These throw bad_alloc.
  /// Nothing, where it is there already. Errors: failed_precondition (an index is full),
  /// out_of_memory.
  Status add(const Addition& addition);
  /// Errors: not_found.
  Status remove(const ExperienceId& id);
  /// Errors: not_found.
  Status amend(const ExperienceId& id, const Amendment& amendment, std::int64_t now_ns);

  /// Where `id` was added, as the changes so far leave it; nothing when it is not there.
  [[nodiscard]] std::optional<std::uint64_t> sequence_of(const ExperienceId& id) const;
  [[nodiscard]] std::span<const LakeChange> changes() const noexcept { return changes_; }
  /// Takes the memory that `apply` needs; nothing is added after it. Throws bad_alloc.
  void make_ready() { sequences_.reserve(staged_.size()); }
  /// Shows it to readers. Where memory is short, what was removed is hidden, but takes memory until
  /// the store is opened again.
  void apply() noexcept;

 private:
  struct Target {
    std::uint32_t ordinal;
    std::uint64_t sequence;
  };
  [[nodiscard]] std::uint64_t next_sequence() const noexcept {
    return first_sequence_ + changes_.size();
  }
  Result<Target> find(const ExperienceId& id) const;

  SequenceMap& sequences_;
  const std::uint64_t first_sequence_;
  std::vector<LakeChange> changes_;
  StagedRows own_;
  std::vector<StagedRows> spaces_;  // By number, from 1.
  SequenceMap::Changes staged_;
  bool applied_ = false;
};

}  // namespace frys::detail
