// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/attribute_table.hpp"

#include <new>

namespace frys::detail {

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
      std::vector<std::uint32_t>& carriers = field.carriers[found->second];
      // Rows that were taken back.
      while (!carriers.empty() && carriers.back() >= size_) carriers.pop_back();
      carriers.push_back(size_);
    }
  }
  ++size_;
}

AttributeFilter AttributeTable::filter(std::string_view workflow, std::string_view agent,
                                       std::string_view step_type, int outcome,
                                       std::size_t narrow_limit) const {
  AttributeFilter filter;
  filter.outcome = outcome;
  const std::string_view texts[3] = {workflow, agent, step_type};
  const std::shared_lock lock(mutex_);
  const std::vector<std::uint32_t>* fewest = nullptr;
  for (int f = 0; f < 3; ++f) {
    if (texts[f].empty()) continue;
    const auto found = fields_[f].numbers.find(texts[f]);
    if (found == fields_[f].numbers.end()) {
      filter.impossible = true;
      return filter;
    }
    filter.texts[f] = found->second;
    const std::vector<std::uint32_t>& carriers = fields_[f].carriers[found->second];
    if (fewest == nullptr || carriers.size() < fewest->size()) fewest = &carriers;
  }
  if (fewest != nullptr && fewest->size() <= narrow_limit) {
    filter.narrow = true;
    filter.candidates = *fewest;
  }
  return filter;
}

}  // namespace frys::detail
