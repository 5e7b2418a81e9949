// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/commit_queue.hpp"

#include <algorithm>

namespace frys::detail {
namespace {

constexpr std::size_t group_writes = 256;
constexpr std::size_t group_bytes = std::size_t{4} << 20;

}  // namespace

Status CommitQueue::admit(const LogEntry& entry, std::span<const float> vector) {
  const std::uint32_t ordinal = attributes_.size();
  if (ordinals_.contains(entry.id)) {
    return Status(ErrorCode::corruption, "experience store: sequence " +
                                             std::to_string(ordinal + std::uint64_t{1}) +
                                             " repeats the experience " + entry.id.to_string());
  }
  Status status = index_.reserve(1);
  if (!status.ok()) return status;
  std::vector<float> unit(vector.size());
  normalise(vector, unit);  // A vector of zeros stays one: it resembles nothing.
  attributes_.append(entry);
  try {
    ordinals_.emplace(entry.id, ordinal);
  } catch (const std::bad_alloc&) {
    attributes_.truncate(ordinal);
    throw;
  }
  index_.append(unit.data());
  return {};
}

Status CommitQueue::load() {
  return lake_.scan(attributes_.size() + std::uint64_t{1},
                    [this](std::uint64_t, const LogEntry& entry, std::span<const float> vector) {
                      return admit(entry, vector);
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

void CommitQueue::take_back(std::uint32_t size) noexcept {
  for (std::uint32_t i = size; i < attributes_.size(); ++i) ordinals_.erase(attributes_.row(i).id);
  attributes_.truncate(size);
}

Status CommitQueue::write_group(const Group& group) {
  if (lake_.wounded() || behind_) {
    Status status = heal();
    if (!status.ok()) return status;
  }
  const std::uint32_t first = attributes_.size();
  Status status = index_.reserve(group.size());
  if (!status.ok()) return status;
  const std::int64_t now_ns = environment_.clock->wall_ns();
  std::vector<LakeRow> rows;
  std::vector<const PendingWrite*> fresh;
  bool sync = false;
  try {
    rows.reserve(group.size());
    fresh.reserve(group.size());
    for (PendingWrite* write : group) {
      sync = sync || write->sync;
      if (ordinals_.contains(write->entry.id)) continue;
      write->entry.stored_at_ns = now_ns;
      attributes_.append(write->entry);
      ordinals_.emplace(write->entry.id, attributes_.size() - 1);
      rows.push_back({write->record->bytes, write->vector, write->entry});
      fresh.push_back(write);
    }
    // What was there already may be buffered yet: the sync that is asked for reaches it too.
    if (!rows.empty()) {
      status = lake_.write(first + std::uint64_t{1}, rows, sync);
    } else if (sync) {
      status = lake_.sync();
    }
  } catch (const std::bad_alloc&) {
    status = Status::out_of_memory();
  }
  if (!status.ok()) {
    take_back(first);
    return status;
  }
  for (const PendingWrite* write : fresh) index_.append(write->unit.data());
  return {};
}

void CommitQueue::run_group(const Group& group) noexcept {
  Status status;
  try {
    status = write_group(group);
  } catch (const std::bad_alloc&) {
    status = Status::out_of_memory();
  } catch (const std::exception& error) {
    status = Status(ErrorCode::internal, std::string("experience store: ") + error.what());
  }
  for (PendingWrite* write : group) write->status = status;
  if (status.ok()) index_.link_appended();
}

CommitQueue::Group CommitQueue::take_group() {
  Group group;
  std::size_t bytes = 0;
  for (PendingWrite* write : line_) {
    bytes += write->record->bytes.size();
    if (!group.empty() && (group.size() == group_writes || bytes > group_bytes)) break;
    group.push_back(write);
  }
  return group;
}

void CommitQueue::lead(PendingWrite& first, std::unique_lock<std::mutex>& lock) {
  Group group;
  try {
    group = take_group();
  } catch (const std::bad_alloc&) {
    // This one alone, refused; the next leads.
    first.status = Status::out_of_memory();
    first.done = true;
    line_.pop_front();
    if (!line_.empty()) line_.front()->turn.notify_one();
    return;
  }
  lock.unlock();
  run_group(group);
  lock.lock();
  for (PendingWrite* write : group) {
    line_.pop_front();
    write->done = true;
    if (write != &first) write->turn.notify_one();
  }
  if (!line_.empty()) line_.front()->turn.notify_one();
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
  for (PendingWrite& write : writes) {
    write.turn.wait(lock, [&] { return write.done || line_.front() == &write; });
    if (!write.done) lead(write, lock);
  }
}

}  // namespace frys::detail
