// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/change_set.hpp"

#include <limits>

namespace frys::detail {

ChangeSet::~ChangeSet() {
  if (applied_) return;
  for (; !undo_.empty(); undo_.pop_back()) {
    Undo& last = undo_.back();
    if (last.removed.empty()) {
      sequences_.erase(last.added);
    } else {
      sequences_.insert(std::move(last.removed));
    }
  }
  ResidentRows& rows = index_.rows();
  rows.attributes.truncate(static_cast<std::uint32_t>(rows.core.size()));
}

Status ChangeSet::add(const Addition& addition) {
  if (sequences_.contains(addition.entry.id)) return {};
  ResidentRows& rows = index_.rows();
  Status status = rows.core.reserve(added_.size() + 1);
  if (!status.ok()) return status;
  const std::uint64_t sequence = next_sequence();
  undo_.reserve(undo_.size() + 1);
  added_.reserve(added_.size() + 1);
  changes_.push_back({addition.entry, addition.record, addition.vector});
  rows.attributes.append(addition.entry, sequence);
  sequences_.emplace(addition.entry.id, sequence);
  undo_.push_back({addition.entry.id, {}});
  added_.push_back(addition.unit);
  return {};
}

/// Its number, which may be one of those that are added here.
Result<std::uint32_t> ChangeSet::find(const ExperienceId& id) const {
  const auto found = sequences_.find(id);
  if (found == sequences_.end()) {
    return Status(ErrorCode::not_found, "there is no experience " + id.to_string());
  }
  const AttributeTable& attributes = index_.rows().attributes;
  return attributes.find(found->second, attributes.size());
}

/// As the changes so far leave it.
ChangeSet::Amended ChangeSet::standing_of(std::uint32_t ordinal) const noexcept {
  for (std::size_t i = amended_.size(); i-- > 0;) {
    if (amended_[i].ordinal == ordinal) return amended_[i];
  }
  const Attributes& row = index_.rows().attributes.row(ordinal);
  return {ordinal, row.amended_at, row.standing()};
}

Status ChangeSet::remove(const ExperienceId& id) {
  const Result<std::uint32_t> ordinal = find(id);
  if (!ordinal) return ordinal.error();
  const std::uint64_t sequence = next_sequence();
  undo_.reserve(undo_.size() + 1);
  removed_.reserve(removed_.size() + 1);
  changes_.push_back(
      {.item = LogRemoval{id, sequences_.at(id)}, .made_void = standing_of(*ordinal).sequence});
  undo_.push_back({id, sequences_.extract(id)});
  removed_.push_back({*ordinal, sequence});
  return {};
}

Status ChangeSet::amend(const ExperienceId& id, const Amendment& amendment, std::int64_t now_ns) {
  const Result<std::uint32_t> ordinal = find(id);
  if (!ordinal) return ordinal.error();
  const Amended before = standing_of(*ordinal);
  Standing standing = before.standing;
  standing.outcome = amendment.outcome.value_or(standing.outcome);
  standing.reward = amendment.reward.value_or(standing.reward);
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  standing.uses += std::min(amendment.uses, most - standing.uses);
  if (amendment.uses > 0) {
    standing.used_at_ns = amendment.used_at_ns != 0 ? amendment.used_at_ns : now_ns;
  }
  const std::uint64_t sequence = next_sequence();
  amended_.reserve(amended_.size() + 1);
  index_.rows().attributes.list_as(*ordinal, standing.outcome);
  changes_.push_back(
      {.item = LogAmendment{id, sequences_.at(id), standing}, .made_void = before.sequence});
  amended_.push_back({*ordinal, sequence, standing});
  return {};
}

void ChangeSet::apply() noexcept {
  applied_ = true;
  ResidentRows& rows = index_.rows();
  for (const std::span<const float> unit : added_) rows.core.append(unit.data());
  for (const Amended& one : amended_) {
    rows.attributes.amend(one.ordinal, one.standing, one.sequence);
  }
  for (const Removed& one : removed_) {
    try {
      index_.remove(one.ordinal, one.sequence);
    } catch (const std::bad_alloc&) {
      rows.core.hide(one.ordinal);
    }
  }
}

}  // namespace frys::detail
