// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/change_set.hpp"

#include <limits>

namespace frys::detail {

ChangeSet::ChangeSet(IndexSet& indexes, SequenceMap& sequences, std::uint64_t first_sequence)
    : sequences_(sequences), first_sequence_(first_sequence), own_(indexes.own()) {
  if (indexes.size() > 1) spaces_.reserve(indexes.size() - 1);
  for (std::size_t number = 1; number < indexes.size(); ++number) {
    spaces_.emplace_back(indexes.at(number));
  }
}

ChangeSet::~ChangeSet() {
  if (applied_) return;
  own_.take_back();
  for (StagedRows& space : spaces_) space.take_back();
}

std::optional<std::uint64_t> ChangeSet::sequence_of(const ExperienceId& id) const {
  const auto staged = staged_.find(id);
  if (staged == staged_.end()) return sequences_.find(id);
  return staged->second == 0 ? std::nullopt : std::optional(staged->second);
}

Status ChangeSet::add(const Addition& addition) {
  if (sequence_of(addition.entry.id)) return {};
  Status status = own_.reserve();
  for (const SpaceVector& vector : addition.units_in_spaces) {
    if (status.ok()) status = spaces_[vector.number - 1U].reserve();
  }
  if (!status.ok()) return status;
  const std::uint64_t sequence = next_sequence();
  changes_.push_back({.item = addition.entry,
                      .record = addition.record,
                      .vector = addition.vector,
                      .added_in_spaces = addition.in_spaces});
  staged_[addition.entry.id] = sequence;
  own_.add(addition.entry, addition.unit, sequence);
  for (const SpaceVector& vector : addition.units_in_spaces) {
    spaces_[vector.number - 1U].add(addition.entry, vector.floats, sequence);
  }
  return {};
}

/// Its number, which may be one of those that are added here, and where it was added.
Result<ChangeSet::Target> ChangeSet::find(const ExperienceId& id) const {
  const std::optional<std::uint64_t> sequence = sequence_of(id);
  Target target{0, sequence.value_or(0)};
  if (sequence && own_.find(*sequence, target.ordinal)) return target;
  return Status(ErrorCode::not_found, "there is no experience " + id.to_string());
}

Status ChangeSet::remove(const ExperienceId& id) {
  const Result<Target> target = find(id);
  if (!target) return target.error();
  const std::uint64_t sequence = next_sequence();
  LakeChange change{.item = LogRemoval{id, target->sequence}};
  (void)own_.standing_of(target->ordinal, change.made_void);
  own_.remove(target->ordinal, sequence);
  for (std::size_t i = 0; i < spaces_.size(); ++i) {
    std::uint32_t ordinal = 0;
    if (!spaces_[i].find(target->sequence, ordinal)) continue;
    spaces_[i].remove(ordinal, sequence);
    change.removed_in_spaces = static_cast<std::uint16_t>(change.removed_in_spaces | 1U << i);
  }
  changes_.push_back(change);
  staged_[id] = 0;
  return {};
}

Status ChangeSet::amend(const ExperienceId& id, const Amendment& amendment, std::int64_t now_ns) {
  const Result<Target> target = find(id);
  if (!target) return target.error();
  const std::uint64_t sequence = next_sequence();
  std::uint64_t amended_at = 0;
  Standing standing = own_.standing_of(target->ordinal, amended_at);
  standing.outcome = amendment.outcome.value_or(standing.outcome);
  standing.reward = amendment.reward.value_or(standing.reward);
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  standing.uses += std::min(amendment.uses, most - standing.uses);
  if (amendment.uses > 0) {
    standing.used_at_ns = amendment.used_at_ns != 0 ? amendment.used_at_ns : now_ns;
  }
  own_.amend(target->ordinal, standing, sequence);
  for (StagedRows& space : spaces_) {
    std::uint32_t ordinal = 0;
    if (space.find(target->sequence, ordinal)) space.amend(ordinal, standing, sequence);
  }
  changes_.push_back(
      {.item = LogAmendment{id, target->sequence, standing}, .made_void = amended_at});
  return {};
}

void ChangeSet::apply() noexcept {
  applied_ = true;
  sequences_.take(staged_);
  own_.apply();
  for (StagedRows& space : spaces_) space.apply();
}

}  // namespace frys::detail
