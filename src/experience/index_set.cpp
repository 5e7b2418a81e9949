// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/index_set.hpp"

namespace frys::detail {

void IndexSet::load_graphs() noexcept {
  for (const auto& index : indexes_) index->load_graph();
}

void IndexSet::link_appended() noexcept {
  for (const auto& index : indexes_) index->link_appended();
}

void IndexSet::keep_pace(std::size_t changes) noexcept {
  if (size() == 1) return own().keep_pace(changes);
  if (changes == 0) return;
  const auto latest = std::chrono::steady_clock::now() + PatternIndex::longest_hold;
  for (const auto& index : indexes_) index->keep_pace(changes, latest);
}

std::size_t IndexSet::bytes() const noexcept {
  std::size_t bytes = 0;
  for (const auto& index : indexes_) bytes += index->bytes();
  return bytes;
}

void IndexSet::close() noexcept {
  for (const auto& index : indexes_) index->close();
}

}  // namespace frys::detail
