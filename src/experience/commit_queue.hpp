// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Writers who come at the same time write together: the first in line leads, gives the changes of
// all their sequence numbers without a gap, puts them in one atomic write with at most one sync,
// and only then shows them to the indexes, in the same order (the queue is LevelDB's,
// `DBImpl::Write`).

#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "experience/change_set.hpp"

namespace frys::detail {

/// One change, in line.
struct PendingWrite {
  enum class Kind : std::uint8_t { add, remove, amend };
  Kind kind = Kind::add;
  Addition addition;  ///< `stored_at_ns` is set by the queue.
  ExperienceId id;    ///< Of what is removed or amended.
  Amendment amendment;
  bool sync = false;

  Status status;
  bool done = false;
  std::condition_variable turn;
};

/// Threads: `commit` is safe; `load` once, before.
class CommitQueue {
 public:
  /// What was stored longer ago than `keep_for_ns` is removed; 0: nothing is.
  CommitQueue(ExperienceLake& lake, IndexSet& indexes, std::int64_t keep_for_ns,
              const Environment& environment)
      : lake_(lake), indexes_(indexes), keep_for_ns_(keep_for_ns), environment_(environment) {}

  /// Takes what the lake holds from the first sequence not known yet into the indexes.
  /// Errors: corruption, io_error, out_of_memory.
  Status load();
  /// Removes what has been kept long enough, some at a time; true when there may be more.
  Result<bool> expire();
  /// Where it was added; nothing when it is not there.
  [[nodiscard]] std::optional<std::uint64_t> sequence_of(const ExperienceId& id) const {
    return sequences_.find(id);
  }
  /// Whether what was added at `sequence` is in the lake. False, too, while the lake may hold more
  /// than is known here: that may be a removal that was thought to have failed. Waits for who
  /// writes, which may be just that.
  [[nodiscard]] bool must_be_at(const ExperienceId& id, std::uint64_t sequence) const;
  /// The last sequence that was given.
  [[nodiscard]] std::uint64_t last_sequence() const noexcept { return last_sequence_.load(); }

  /// Who reads the tables afterwards finds all writes up to this sequence in them.
  [[nodiscard]] std::uint64_t shown_through() const noexcept { return shown_through_.load(); }

  /// Returns when all `writes` are done, by this thread or another. They stay in their order; a
  /// group of them is one atomic write, all of them need not be. Who led a group keeps the graph's
  /// pace before it goes on. Throws bad_alloc, and then nothing was written.
  void commit(std::span<PendingWrite> writes);

 private:
  using Group = std::vector<PendingWrite*>;

  /// `first` is at the head of the line. Returns how many were added or removed.
  std::size_t lead(PendingWrite& first, std::unique_lock<std::mutex>& lock);
  Group take_group();
  void run_group(const Group& group) noexcept;
  Status write_group(const Group& group);
  Status heal();
  Status write_changes(ChangeSet& changes, bool sync);
  std::uint64_t add_expired(ChangeSet& changes, std::int64_t now_ns) const;
  Status take_in(std::uint64_t sequence, const LogItem& item, const LakeVectors& vectors);
  Status take_addition(std::uint64_t sequence, const LogEntry& entry, const LakeVectors& vectors);
  void append_attributes(std::uint64_t sequence, const LogEntry& entry, const LakeVectors& vectors);
  void take_in(std::uint64_t sequence, const LogAmendment& amendment);
  void take_in(std::uint64_t sequence, const LogRemoval& removal);

  ExperienceLake& lake_;
  IndexSet& indexes_;
  const std::int64_t keep_for_ns_;
  Environment environment_;
  std::atomic<std::uint64_t> last_sequence_{0};
  std::atomic<std::uint64_t> shown_through_{0};  // last_sequence_, once that is applied.

  std::mutex mutex_;
  std::deque<PendingWrite*> line_;
  // Written by the leader alone.
  std::atomic<bool> behind_{false};  // The lake may hold more than is known here.
  SequenceMap sequences_;
  // The leader's alone.
  std::uint64_t expired_through_ = 0;  // What was added until then is removed.
  std::vector<float> loaded_;          // One that is read back, of length 1.
};

}  // namespace frys::detail
