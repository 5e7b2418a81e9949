// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What one group of writers changes: put together for the lake, which takes all or nothing, and
// then shown to readers, or taken back.

#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "experience/lake.hpp"
#include "experience/pattern_index.hpp"

namespace frys::detail {

/// Where what is there was added.
using Sequences = std::unordered_map<ExperienceId, std::uint64_t>;

/// An experience to add; all of it outlives the set.
struct Addition {
  std::string_view record;
  std::string_view vector;      ///< encode_vector of the raw vector.
  std::span<const float> unit;  ///< The same of length 1, or zeros.
  LogEntry entry;
};

/// Threads: whoever has the index's turn, until it is gone.
class ChangeSet {
 public:
  ChangeSet(PatternIndex& index, Sequences& sequences, std::uint64_t first_sequence)
      : index_(index), sequences_(sequences), first_sequence_(first_sequence) {}
  /// Takes back what was not applied.
  ~ChangeSet();
  ChangeSet(const ChangeSet&) = delete;
  ChangeSet& operator=(const ChangeSet&) = delete;

  // What is added to it sees what was added before. These throw bad_alloc.
  /// Nothing, where it is there already. Errors: failed_precondition (the index is full),
  /// out_of_memory.
  Status add(const Addition& addition);
  /// Errors: not_found.
  Status remove(const ExperienceId& id);
  /// Errors: not_found.
  Status amend(const ExperienceId& id, const Amendment& amendment, std::int64_t now_ns);

  [[nodiscard]] std::span<const LakeChange> changes() const noexcept { return changes_; }
  /// Shows it to readers. Where memory is short, what was removed is hidden, but takes memory until
  /// the store is opened again.
  void apply() noexcept;

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
  struct Undo {
    ExperienceId added;
    Sequences::node_type removed;  ///< Empty: it was added.
  };

  [[nodiscard]] std::uint64_t next_sequence() const noexcept {
    return first_sequence_ + changes_.size();
  }
  Result<std::uint32_t> find(const ExperienceId& id) const;
  [[nodiscard]] Amended standing_of(std::uint32_t ordinal) const noexcept;

  PatternIndex& index_;
  Sequences& sequences_;
  const std::uint64_t first_sequence_;
  std::vector<LakeChange> changes_;
  std::vector<std::span<const float>> added_;
  std::vector<Removed> removed_;
  std::vector<Amended> amended_;
  std::vector<Undo> undo_;
  bool applied_ = false;
};

}  // namespace frys::detail
