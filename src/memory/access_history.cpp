// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/access_history.hpp"

#include <algorithm>
#include <utility>

namespace frys::detail {

std::optional<AccessHistory::Conflict> AccessHistory::note(std::uintptr_t begin, std::uintptr_t end,
                                                           Kind kind, AccessStamp stamp,
                                                           const VectorClock& known) {
  split(begin);
  split(end);
  std::optional<Conflict> conflict;
  const auto first = ranges_.lower_bound(begin);
  const auto last = ranges_.lower_bound(end);
  for (auto at = first; at != last && !conflict; ++at) {
    conflict = conflict_with(at->second, kind, known);
  }
  if (kind == Kind::read) {
    note_read(begin, end, stamp);
  } else {
    ranges_.erase(first, last);
    ranges_[begin] = {.end = end, .write = stamp, .reads = {}};
  }
  return conflict;
}

std::optional<AccessHistory::Conflict> AccessHistory::find_unknown(std::uintptr_t begin,
                                                                   std::uintptr_t end,
                                                                   const VectorClock& known) const {
  // No access reaches over the border of a segment, so none begins before `begin`.
  for (auto at = ranges_.lower_bound(begin); at != ranges_.end() && at->first < end; ++at) {
    if (auto conflict = conflict_with(at->second, Kind::write, known)) return conflict;
  }
  return std::nullopt;
}

void AccessHistory::forget(std::uintptr_t begin, std::uintptr_t end) noexcept {
  ranges_.erase(ranges_.lower_bound(begin), ranges_.lower_bound(end));
}

void AccessHistory::split(std::uintptr_t at) {
  auto after = ranges_.upper_bound(at);
  if (after == ranges_.begin()) return;
  auto& [begin, range] = *std::prev(after);
  if (begin == at || range.end <= at) return;
  Range second = range;
  ranges_.emplace_hint(after, at, std::move(second));
  range.end = at;
}

std::optional<AccessHistory::Conflict> AccessHistory::conflict_with(
    const Range& range, Kind kind, const VectorClock& known) noexcept {
  if (known.of(range.write.stream) < range.write.count) return Conflict{range.write, Kind::write};
  if (kind == Kind::read) return std::nullopt;
  for (const AccessStamp& read : range.reads) {
    if (known.of(read.stream) < read.count) return Conflict{read, Kind::read};
  }
  return std::nullopt;
}

void AccessHistory::note_read(std::uintptr_t begin, std::uintptr_t end, AccessStamp stamp) {
  for (std::uintptr_t at = begin; at < end;) {
    auto found = ranges_.lower_bound(at);
    if (found == ranges_.end() || found->first > at) {
      // Nobody was here yet.
      const std::uintptr_t until = found == ranges_.end() ? end : std::min(end, found->first);
      found = ranges_.emplace_hint(found, at, Range{.end = until, .write = {}, .reads = {}});
    }
    std::vector<AccessStamp>& reads = found->second.reads;
    const auto same = std::find_if(reads.begin(), reads.end(),
                                   [&](const AccessStamp& r) { return r.stream == stamp.stream; });
    if (same != reads.end()) {
      same->count = stamp.count;
    } else {
      reads.push_back(stamp);
    }
    at = found->second.end;
  }
}

}  // namespace frys::detail
