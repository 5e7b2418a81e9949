// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/change_set.hpp"

#include <limits>

namespace frys::detail {

ChangeSet::~ChangeSet() {
  if (applied_) return;
  ResidentRows& rows = index_.rows();
  rows.attributes.truncate(static_cast<std::uint32_t>(rows.core.size()));
}

std::optional<std::uint64_t> ChangeSet::sequence_of(const ExperienceId& id) const {
  const auto staged = staged_.find(id);
  if (staged == staged_.end()) return sequences_.find(id);
  return staged->second == 0 ? std::nullopt : std::optional(staged->second);
}

Status ChangeSet::add(const Addition& addition) {
  if (sequence_of(addition.entry.id)) return {};
  ResidentRows& rows = index_.rows();
  Status status = rows.core.reserve(added_.size() + 1);
  if (!status.ok()) return status;
  const std::uint64_t sequence = next_sequence();
  added_.push_back(addition.unit);
  changes_.push_back({addition.entry, addition.record, addition.vector});
  staged_[addition.entry.id] = sequence;
  rows.attributes.append(addition.entry, sequence);
  return {};
}

/// Its number, which may be one of those that are added here, and where it was added.
Result<ChangeSet::Target> ChangeSet::find(const ExperienceId& id) const {
  const std::optional<std::uint64_t> sequence = sequence_of(id);
  if (!sequence) {
    return Status(ErrorCode::not_found, "there is no experience " + id.to_string());
  }
  const AttributeTable& attributes = index_.rows().attributes;
  return Target{attributes.find(*sequence, attributes.size()), *sequence};
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
  const Result<Target> target = find(id);
  if (!target) return target.error();
  removed_.push_back({target->ordinal, next_sequence()});
  changes_.push_back({.item = LogRemoval{id, target->sequence},
                      .made_void = standing_of(target->ordinal).sequence});
  staged_[id] = 0;
  return {};
}

Status ChangeSet::amend(const ExperienceId& id, const Amendment& amendment, std::int64_t now_ns) {
  const Result<Target> target = find(id);
  if (!target) return target.error();
  const Amended before = standing_of(target->ordinal);
  Standing standing = before.standing;
  standing.outcome = amendment.outcome.value_or(standing.outcome);
  standing.reward = amendment.reward.value_or(standing.reward);
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  standing.uses += std::min(amendment.uses, most - standing.uses);
  if (amendment.uses > 0) {
    standing.used_at_ns = amendment.used_at_ns != 0 ? amendment.used_at_ns : now_ns;
  }
  index_.rows().attributes.list_as(target->ordinal, standing.outcome);
  amended_.push_back({target->ordinal, next_sequence(), standing});
  changes_.push_back(
      {.item = LogAmendment{id, target->sequence, standing}, .made_void = before.sequence});
  return {};
}

void ChangeSet::apply() noexcept {
  applied_ = true;
  ResidentRows& rows = index_.rows();
  sequences_.take(staged_);
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
