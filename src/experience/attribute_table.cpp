// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/attribute_table.hpp"

#include <algorithm>
#include <new>

namespace frys::detail {

/// Adds the row after the last, and forgets rows that were taken back.
void AttributeTable::enlist(Carriers& carriers) {
  while (!carriers.empty() && carriers.back() >= size_) carriers.pop_back();
  carriers.push_back(size_);
}

void AttributeTable::append(const LogEntry& entry) {
  if (!rows_.reserve(size_ + std::size_t{1}).ok()) throw std::bad_alloc();
  Attributes& row = *rows_.row(size_);
  row = {entry.id, entry.reward, entry.started_at_ns, entry.stored_at_ns, {0, 0, 0}, entry.outcome};
  const std::string_view texts[3] = {entry.workflow, entry.agent, entry.step_type};
  {
    const std::unique_lock lock(mutex_);
    for (int f = 0; f < 3; ++f) {
      Field& field = fields_[f];
      auto found = field.numbers.find(texts[f]);
      if (found == field.numbers.end()) {
        const auto number = static_cast<std::uint32_t>(field.carriers.size());
        field.carriers.emplace_back();
        found = field.numbers.emplace(texts[f], number).first;
      }
      row.texts[f] = found->second;
      enlist(field.carriers[found->second]);
    }
    enlist(outcomes_[static_cast<int>(entry.outcome)]);
  }
  ++size_;
}

AttributeFilter AttributeTable::filter(std::string_view workflow, std::string_view agent,
                                       std::string_view step_type, int outcome) const {
  AttributeFilter filter;
  filter.outcome = outcome;
  filter.impossible = outcome > static_cast<int>(Outcome::partial);  // A foreign value.
  if (filter.impossible) return filter;
  const std::string_view texts[3] = {workflow, agent, step_type};
  const std::shared_lock lock(mutex_);
  for (int f = 0; f < 4; ++f) {
    if (f < 3) {
      if (texts[f].empty()) continue;
      const auto found = fields_[f].numbers.find(texts[f]);
      filter.impossible = filter.impossible || found == fields_[f].numbers.end();
      if (filter.impossible) return filter;
      filter.texts[f] = found->second;
    }
    const Carriers* list = carriers_of(filter, f);
    if (list == nullptr) continue;
    if (filter.rarest >= 0 && list->size() >= filter.carriers) continue;
    filter.rarest = f;
    filter.carriers = list->size();
  }
  filter.impossible = filter.rarest >= 0 && filter.carriers == 0;
  return filter;
}

/// Null: the filter does not ask about that field. `mutex_` is held.
const AttributeTable::Carriers* AttributeTable::carriers_of(const AttributeFilter& filter,
                                                            int field) const noexcept {
  if (field == 3) return filter.outcome < 0 ? nullptr : &outcomes_[filter.outcome];
  const std::uint32_t text = filter.texts[field];
  return text == AttributeFilter::any ? nullptr : &fields_[field].carriers[text];
}

std::size_t AttributeTable::carriers(const AttributeFilter& filter, std::size_t from,
                                     std::span<std::uint32_t> out) const noexcept {
  if (filter.rarest < 0) return 0;
  const std::shared_lock lock(mutex_);
  const Carriers& list = *carriers_of(filter, filter.rarest);
  if (from >= list.size()) return 0;
  const std::size_t count = std::min(out.size(), list.size() - from);
  std::copy_n(list.begin() + static_cast<std::ptrdiff_t>(from), count, out.begin());
  return count;
}

}  // namespace frys::detail
