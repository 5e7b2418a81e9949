// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Writers who come at the same time write together: the first in line leads, gives the rows of all
// their sequence numbers without a gap, puts them in one atomic write with at most one sync, and
// only then shows them to the index, in the same order (the queue is LevelDB's, `DBImpl::Write`).

#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "experience/attribute_table.hpp"
#include "experience/lake.hpp"
#include "experience/pattern_index.hpp"

namespace frys::detail {

/// One call to `store`, in line.
struct PendingWrite {
  const EncodedRecord* record;
  std::string vector;           ///< encode_vector of the raw vector.
  std::span<const float> unit;  ///< The same of length 1, or zeros.
  LogEntry entry;               ///< `stored_at_ns` is set by the queue.
  bool sync;

  Status status;
  bool done = false;
  std::condition_variable turn;
};

/// Threads: `commit` is safe; `load` once, before.
class CommitQueue {
 public:
  CommitQueue(ExperienceLake& lake, PatternIndex& index, AttributeTable& attributes,
              const Environment& environment)
      : lake_(lake), index_(index), attributes_(attributes), environment_(environment) {}

  /// Takes what the lake holds from the first sequence not known yet into index and attributes.
  /// Errors: corruption, io_error, out_of_memory.
  Status load();

  /// Returns when all `writes` are done, by this thread or another. They stay in their order; a
  /// group of them is one atomic write, all of them need not be. Throws bad_alloc, and then
  /// nothing was written.
  void commit(std::span<PendingWrite> writes);

 private:
  using Group = std::vector<PendingWrite*>;

  /// `first` is at the head of the line.
  void lead(PendingWrite& first, std::unique_lock<std::mutex>& lock);
  Group take_group();
  void run_group(const Group& group) noexcept;
  Status write_group(const Group& group);
  Status heal();
  Status admit(const LogEntry& entry, std::span<const float> vector);
  void take_back(std::uint32_t size) noexcept;

  ExperienceLake& lake_;
  PatternIndex& index_;
  AttributeTable& attributes_;
  Environment environment_;

  std::mutex mutex_;
  std::deque<PendingWrite*> line_;
  // The leader's alone.
  bool behind_ = false;  // The lake may hold more than is known here.
  std::unordered_map<ExperienceId, std::uint32_t> ordinals_;
};

}  // namespace frys::detail
