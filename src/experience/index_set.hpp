// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The indexes of a store: that of the space that has no name, which knows every experience, and one
// for each space, which knows those that have a vector there. Each has numbers of its own; what is
// one experience has one sequence in all of them.

#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "experience/embedding_spaces.hpp"
#include "experience/pattern_index.hpp"

namespace frys::detail {

/// Threads: `add` before all others; then as PatternIndex.
class IndexSet {
 public:
  /// The first is of the space that has no name, the others are of spaces by their number.
  void add(std::unique_ptr<PatternIndex> index) { indexes_.push_back(std::move(index)); }
  [[nodiscard]] std::size_t size() const noexcept { return indexes_.size(); }
  [[nodiscard]] PatternIndex& own() const noexcept { return *indexes_.front(); }
  /// `number` is a space's, or 0.
  [[nodiscard]] PatternIndex& at(std::size_t number) const noexcept { return *indexes_[number]; }

  /// A writer's turn in all.
  class Turn {
   public:
    explicit Turn(const IndexSet& indexes) {
      for (std::size_t i = 0; i < indexes.size(); ++i) turns_[i] = indexes.at(i).turn();
    }

   private:
    std::array<std::unique_lock<std::mutex>, 1 + most_spaces> turns_;
  };
  [[nodiscard]] Turn turn() const { return Turn(*this); }

  // As those of PatternIndex, of each.
  void load_graphs() noexcept;
  void link_appended() noexcept;
  /// `changes` may be in any of them; a tenth of a second at most for all together.
  void keep_pace(std::size_t changes) noexcept;
  [[nodiscard]] std::size_t bytes() const noexcept;
  void close() noexcept;

 private:
  std::vector<std::unique_ptr<PatternIndex>> indexes_;
};

}  // namespace frys::detail
