// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/staged_rows.hpp"

namespace frys::detail {

void StagedRows::add(const LogEntry& entry, std::span<const float> unit, std::uint64_t sequence) {
  added_.push_back(unit);
  index_->rows().attributes.append(entry, sequence);
}

void StagedRows::remove(std::uint32_t ordinal, std::uint64_t sequence) {
  removed_.push_back({ordinal, sequence});
}

void StagedRows::amend(std::uint32_t ordinal, const Standing& standing, std::uint64_t sequence) {
  index_->rows().attributes.list_as(ordinal, standing.outcome);
  amended_.push_back({ordinal, sequence, standing});
}

bool StagedRows::find(std::uint64_t target, std::uint32_t& ordinal) const noexcept {
  const AttributeTable& attributes = index_->rows().attributes;
  ordinal = attributes.find(target, attributes.size());
  return ordinal < attributes.size() && attributes.row(ordinal).sequence == target;
}

Standing StagedRows::standing_of(std::uint32_t ordinal, std::uint64_t& amended_at) const noexcept {
  for (std::size_t i = amended_.size(); i-- > 0;) {
    if (amended_[i].ordinal != ordinal) continue;
    amended_at = amended_[i].sequence;
    return amended_[i].standing;
  }
  const Attributes& row = index_->rows().attributes.row(ordinal);
  amended_at = row.amended_at;
  return row.standing();
}

void StagedRows::apply() noexcept {
  ResidentRows& rows = index_->rows();
  for (const std::span<const float> unit : added_) rows.core.append(unit.data());
  for (const Amended& one : amended_) {
    rows.attributes.amend(one.ordinal, one.standing, one.sequence);
  }
  for (const Removed& one : removed_) {
    try {
      index_->remove(one.ordinal, one.sequence);
    } catch (const std::bad_alloc&) {
      rows.core.hide(one.ordinal);
    }
  }
}

void StagedRows::take_back() noexcept {
  ResidentRows& rows = index_->rows();
  rows.attributes.truncate(static_cast<std::uint32_t>(rows.core.size()));
}

}  // namespace frys::detail
