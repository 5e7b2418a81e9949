// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/attribute_table.hpp"

#include <algorithm>
#include <new>

namespace frys::detail {

/// The number of `text`, which gets one if it has none.
std::uint32_t AttributeTable::Field::number_of(std::string_view text) {
  auto found = numbers.find(text);
  if (found != numbers.end()) return found->second;
  const auto number = static_cast<std::uint32_t>(texts.size());
  if (number == texts.capacity()) texts.reserve(2 * texts.size() + 8);
  carriers.resize(number + std::size_t{1});
  found = numbers.emplace(text, number).first;
  texts.push_back(&found->first);
  return number;
}

void AttributeTable::append(const LogEntry& entry, std::uint64_t sequence) {
  if (!rows_.reserve(size_ + std::size_t{1}).ok()) throw std::bad_alloc();
  Attributes& row = *rows_.row(size_);
  row = {entry.id,      sequence,     entry.started_at_ns, entry.stored_at_ns, {0, 0, 0},
         entry.outcome, entry.reward, std::uint64_t{0},    std::int64_t{0},    std::uint64_t{0}};
  const std::string_view texts[3] = {entry.workflow, entry.agent, entry.step_type};
  {
    const std::unique_lock lock(mutex_);
    for (int f = 0; f < 3; ++f) {
      row.texts[f] = fields_[f].number_of(texts[f]);
      fields_[f].carriers[row.texts[f]].add(size_);
    }
    outcomes_[static_cast<int>(entry.outcome)].add(size_);
  }
  ++size_;
}

void AttributeTable::append(const AttributeTable& from, std::uint32_t ordinal) {
  const Attributes& row = from.row(ordinal);
  // First: where it is amended meanwhile, that is seen by another number.
  const std::uint64_t amended_at = row.amended_at;
  LogEntry entry{row.id, row.outcome, row.reward, row.started_at_ns, row.stored_at_ns, {}, {}, {}};
  {
    const std::shared_lock lock(from.mutex_);
    entry.workflow = *from.fields_[0].texts[row.texts[0]];
    entry.agent = *from.fields_[1].texts[row.texts[1]];
    entry.step_type = *from.fields_[2].texts[row.texts[2]];
  }
  append(entry, row.sequence);
  Attributes& own = *rows_.row(size_ - 1);
  own.uses.store(row.uses);
  own.used_at_ns.store(row.used_at_ns);
  own.amended_at.store(amended_at);
}

void AttributeTable::list_as(std::uint32_t ordinal, Outcome outcome) {
  const std::unique_lock lock(mutex_);
  // It stays among the carriers of an earlier one: who reads their list looks at the row.
  outcomes_[static_cast<int>(outcome)].insert(ordinal);
}

void AttributeTable::amend(std::uint32_t ordinal, const Standing& standing,
                           std::uint64_t sequence) noexcept {
  Attributes& row = *rows_.row(ordinal);
  row.outcome.store(standing.outcome);
  row.reward.store(standing.reward);
  row.uses.store(standing.uses);
  row.used_at_ns.store(standing.used_at_ns);
  row.amended_at.store(sequence);  // Last: see `append`.
}

std::uint32_t AttributeTable::find(std::uint64_t sequence, std::size_t size) const noexcept {
  std::uint32_t begin = 0;
  for (auto count = static_cast<std::uint32_t>(size); count > 0;) {
    const std::uint32_t half = count / 2;
    if (row(begin + half).sequence < sequence) {
      begin += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  return begin;
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
    if (filter.rarest >= 0 && list->rows().size() >= filter.carriers) continue;
    filter.rarest = f;
    filter.carriers = list->rows().size();
    filter.marks = list->marks();
  }
  filter.impossible = filter.rarest >= 0 && filter.carriers == 0;
  return filter;
}

/// Null: the filter does not ask about that field. `mutex_` is held.
const Carriers* AttributeTable::carriers_of(const AttributeFilter& filter,
                                            int field) const noexcept {
  if (field == 3) return filter.outcome < 0 ? nullptr : &outcomes_[filter.outcome];
  const std::uint32_t text = filter.texts[field];
  return text == AttributeFilter::any ? nullptr : &fields_[field].carriers[text];
}

std::size_t AttributeTable::carriers(const AttributeFilter& filter, std::uint32_t from,
                                     std::span<std::uint32_t> out) const noexcept {
  if (filter.rarest < 0) return 0;
  const std::shared_lock lock(mutex_);
  const std::vector<std::uint32_t>& list = carriers_of(filter, filter.rarest)->rows();
  const auto begin = std::ranges::lower_bound(list, from);
  const std::size_t count = std::min(out.size(), static_cast<std::size_t>(list.end() - begin));
  std::copy_n(begin, count, out.begin());
  return count;
}

}  // namespace frys::detail
