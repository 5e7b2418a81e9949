// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/commit_queue.hpp"

#include <algorithm>

namespace frys::detail {
namespace {

constexpr std::size_t group_writes = 256;
constexpr std::size_t group_bytes = std::size_t{4} << 20;

}  // namespace

/// In all of its indexes, or in none. Throws bad_alloc.
void CommitQueue::append_attributes(std::uint64_t sequence, const LogEntry& entry,
                                    const LakeVectors& vectors) {
  try {
    indexes_.own().rows().attributes.append(entry, sequence);
    for (const SpaceVector& vector : vectors.spaces) {
      indexes_.at(vector.number).rows().attributes.append(entry, sequence);
    }
    sequences_.insert(entry.id, sequence);
  } catch (const std::bad_alloc&) {
    for (std::size_t number = 0; number < indexes_.size(); ++number) {
      StagedRows(indexes_.at(number)).take_back();
    }
    throw;
  }
}

Status CommitQueue::take_addition(std::uint64_t sequence, const LogEntry& entry,
                                  const LakeVectors& vectors) {
  if (sequences_.find(entry.id)) {
    return Status(ErrorCode::corruption, "experience store: sequence " + std::to_string(sequence) +
                                             " repeats the experience " + entry.id.to_string());
  }
  Status status = indexes_.own().rows().core.reserve(1);
  std::size_t most_floats = vectors.own.size();
  for (const SpaceVector& vector : vectors.spaces) {
    if (status.ok()) status = indexes_.at(vector.number).rows().core.reserve(1);
    most_floats = std::max(most_floats, vector.floats.size());
  }
  if (!status.ok()) return status;
  if (loaded_.size() < most_floats) loaded_.resize(most_floats);
  append_attributes(sequence, entry, vectors);
  // A vector of zeros stays one: it resembles nothing.
  const std::span<float> own = std::span(loaded_).first(vectors.own.size());
  normalise(vectors.own, own);
  indexes_.own().rows().core.append(own.data());
  for (const SpaceVector& vector : vectors.spaces) {
    normalise(vector.floats, std::span(loaded_).first(vector.floats.size()));
    indexes_.at(vector.number).rows().core.append(loaded_.data());
  }
  return {};
}

void CommitQueue::take_in(std::uint64_t sequence, const LogAmendment& amendment) {
  for (std::size_t number = 0; number < indexes_.size(); ++number) {
    ResidentRows& rows = indexes_.at(number).rows();
    std::uint32_t ordinal = 0;
    if (!rows.find(amendment.target, ordinal)) continue;
    rows.attributes.list_as(ordinal, amendment.standing.outcome);
    rows.attributes.amend(ordinal, amendment.standing, sequence);
  }
}

/// It is known only where a write was thought to have failed.
void CommitQueue::take_in(std::uint64_t sequence, const LogRemoval& removal) {
  // The space that knows all comes last: where memory ends before, all of it is done again.
  for (std::size_t number = indexes_.size(); number-- > 0;) {
    PatternIndex& index = indexes_.at(number);
    std::uint32_t ordinal = 0;
    if (!index.rows().find(removal.target, ordinal)) continue;
    index.remove(ordinal, sequence);
    if (number == 0) sequences_.erase(removal.id);
  }
}

/// One entry of the log, read back.
Status CommitQueue::take_in(std::uint64_t sequence, const LogItem& item,
                            const LakeVectors& vectors) {
  Status status;
  if (const auto* added = std::get_if<LogEntry>(&item)) {
    status = take_addition(sequence, *added, vectors);
  } else if (const auto* amended = std::get_if<LogAmendment>(&item)) {
    take_in(sequence, *amended);
  } else if (const auto* removed = std::get_if<LogRemoval>(&item)) {
    take_in(sequence, *removed);
  }
  if (status.ok()) {
    last_sequence_.store(last_of(sequence, item));
    shown_through_.store(last_sequence_.load());
  }
  return status;
}

bool CommitQueue::must_be_at(const ExperienceId& id, std::uint64_t sequence) const {
  const auto turn = indexes_.turn();
  if (behind_.load() || lake_.wounded()) return false;
  return sequences_.find(id) == sequence;
}

Status CommitQueue::load() {
  const auto turn = indexes_.turn();
  return lake_.scan(last_sequence_.load() + 1, [this](std::uint64_t sequence, const LogItem& item,
                                                      const LakeVectors& vectors) {
    return take_in(sequence, item, vectors);
  });
}

/// After a write that failed, what the lake holds is read again: the write may have been whole.
Status CommitQueue::heal() {
  behind_ = true;
  Status status = lake_.wounded() ? lake_.recover() : Status();
  if (status.ok()) status = load();
  if (status.ok()) {
    behind_ = false;
    environment_.write_log(LogLevel::info, "experience", "the store takes writes again");
  }
  return status;
}

/// Removes the first of those that have been kept long enough; answers the sequence up to which
/// that is so then.
std::uint64_t CommitQueue::add_expired(ChangeSet& changes, std::int64_t now_ns) const {
  std::uint64_t through = expired_through_;
  if (keep_for_ns_ == 0) return through;
  const ResidentRows& rows = indexes_.own().rows();
  const auto size = static_cast<std::uint32_t>(rows.core.size());
  std::uint32_t ordinal = rows.attributes.find(expired_through_ + 1, size);
  for (std::size_t removed = 0; ordinal < size && removed < group_writes; ++ordinal) {
    const Attributes& row = rows.attributes.row(ordinal);
    if (row.stored_at_ns >= now_ns - keep_for_ns_) break;
    through = row.sequence;
    // What was removed may be there again, as a younger one.
    if (changes.sequence_of(row.id) != row.sequence) continue;
    if (changes.remove(row.id).ok()) ++removed;
  }
  return through;
}

Status CommitQueue::write_changes(ChangeSet& changes, bool sync) {
  // What was there already may be buffered yet: the sync that is asked for reaches it too.
  if (changes.changes().empty()) return sync ? lake_.sync() : Status();
  changes.make_ready();
  Status status = lake_.write(last_sequence_.load() + 1, changes.changes(), sync);
  if (!status.ok()) return status;
  last_sequence_.store(last_sequence_.load() + changes.changes().size());
  changes.apply();
  shown_through_.store(last_sequence_.load());
  return {};
}

Status CommitQueue::write_group(const Group& group) {
  if (lake_.wounded() || behind_) {
    Status status = heal();
    if (!status.ok()) return status;
  }
  const auto turn = indexes_.turn();
  const std::int64_t now_ns = environment_.clock->wall_ns();
  ChangeSet changes(indexes_, sequences_, last_sequence_.load() + 1);
  bool sync = false;
  for (PendingWrite* write : group) {
    sync = sync || write->sync;
    write->addition.entry.stored_at_ns = now_ns;
    write->status = write->kind == PendingWrite::Kind::add ? changes.add(write->addition)
                    : write->kind == PendingWrite::Kind::remove
                        ? changes.remove(write->id)
                        : changes.amend(write->id, write->amendment, now_ns);
    // Where the index is full the others may be to make room.
    if (!write->status.ok() && write->status != ErrorCode::not_found &&
        write->status != ErrorCode::failed_precondition) {
      return write->status;
    }
  }
  const std::uint64_t expired_through = add_expired(changes, now_ns);
  Status status = write_changes(changes, sync);
  if (status.ok()) expired_through_ = expired_through;
  return status;
}

Result<bool> CommitQueue::expire() {
  const auto turn = indexes_.turn();
  ChangeSet changes(indexes_, sequences_, last_sequence_.load() + 1);
  const std::uint64_t expired_through = add_expired(changes, environment_.clock->wall_ns());
  const bool some = !changes.changes().empty();
  Status status = write_changes(changes, false);
  if (!status.ok()) return status;
  expired_through_ = expired_through;
  return some;
}

void CommitQueue::run_group(const Group& group) noexcept {
  Status status;
  try {
    status = write_group(group);
  } catch (const std::bad_alloc&) {
    behind_ = true;  // It may have been written all the same.
    status = Status::out_of_memory();
  } catch (const std::exception& error) {
    behind_ = true;
    status = Status(ErrorCode::internal, std::string("experience store: ") + error.what());
  }
  for (PendingWrite* write : group) {
    if (!status.ok()) write->status = status;
  }
  if (status.ok()) indexes_.link_appended();
}

CommitQueue::Group CommitQueue::take_group() {
  Group group;
  std::size_t bytes = 0;
  for (PendingWrite* write : line_) {
    bytes += write->addition.record.size();
    if (!group.empty() && (group.size() == group_writes || bytes > group_bytes)) break;
    group.push_back(write);
  }
  return group;
}

std::size_t CommitQueue::lead(PendingWrite& first, std::unique_lock<std::mutex>& lock) {
  Group group;
  try {
    group = take_group();
  } catch (const std::bad_alloc&) {
    // This one alone, refused; the next leads.
    first.status = Status::out_of_memory();
    first.done = true;
    line_.pop_front();
    if (!line_.empty()) line_.front()->turn.notify_one();
    return 0;
  }
  const auto changes = std::count_if(group.begin(), group.end(), [](const PendingWrite* write) {
    return write->kind != PendingWrite::Kind::amend;
  });
  lock.unlock();
  run_group(group);
  lock.lock();
  for (PendingWrite* write : group) {
    line_.pop_front();
    write->done = true;
    if (write != &first) write->turn.notify_one();
  }
  if (!line_.empty()) line_.front()->turn.notify_one();
  return static_cast<std::size_t>(changes);
}

void CommitQueue::commit(std::span<PendingWrite> writes) {
  std::unique_lock lock(mutex_);
  std::size_t in_line = 0;
  try {
    for (; in_line < writes.size(); ++in_line) line_.push_back(&writes[in_line]);
  } catch (const std::bad_alloc&) {
    for (; in_line > 0; --in_line) line_.pop_back();
    throw;
  }
  std::size_t changes = 0;
  for (PendingWrite& write : writes) {
    write.turn.wait(lock, [&] { return write.done || line_.front() == &write; });
    if (!write.done) changes += lead(write, lock);
  }
  // The line moves on meanwhile.
  lock.unlock();
  indexes_.keep_pace(changes);
}

}  // namespace frys::detail
