// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Which experiences there are, by identity, and where in the log each was added: one flat table.

#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

#include "frys/experience/experience.hpp"

namespace frys::detail {

/// Threads: changed by one at a time; `find` at any time, and never for long.
class SequenceMap {
 public:
  /// Where each of some was added; 0: it was removed.
  using Changes = std::unordered_map<ExperienceId, std::uint64_t>;

  [[nodiscard]] std::optional<std::uint64_t> find(const ExperienceId& id) const {
    const std::shared_lock lock(mutex_);
    if (slots_.empty()) return std::nullopt;
    const std::uint64_t sequence = slots_[place_of(id)].sequence;
    return sequence == 0 ? std::nullopt : std::optional(sequence);
  }
  /// `id` is not there. Throws bad_alloc, and then nothing has changed.
  void insert(const ExperienceId& id, std::uint64_t sequence) {
    reserve(1);
    const std::unique_lock lock(mutex_);
    put(id, sequence);
  }
  void erase(const ExperienceId& id) noexcept {
    const std::unique_lock lock(mutex_);
    if (!slots_.empty()) take_out(place_of(id));
  }
  /// Makes room for `more`, so that `take` needs none. Throws bad_alloc.
  void reserve(std::size_t more) {
    if ((used_ + more) * 4 <= slots_.size() * 3) return;
    std::vector<Slot> larger(std::bit_ceil(std::max(least_slots, (used_ + more) * 4 / 3 + 1)));
    const std::unique_lock lock(mutex_);
    slots_.swap(larger);
    for (const Slot& slot : larger) {
      if (slot.sequence != 0) slots_[place_of(slot.id)] = slot;
    }
  }
  /// There is room for `changes`.
  void take(const Changes& changes) noexcept {
    const std::unique_lock lock(mutex_);
    for (const auto& [id, sequence] : changes) {
      sequence == 0 ? take_out(place_of(id)) : put(id, sequence);
    }
  }

 private:
  static constexpr std::size_t least_slots = 64;
  struct Slot {
    ExperienceId id;
    std::uint64_t sequence = 0;  ///< 0: it is free.
  };

  [[nodiscard]] std::size_t next(std::size_t place) const noexcept {
    return (place + 1) & (slots_.size() - 1);
  }
  /// Where a search for `id` begins.
  [[nodiscard]] std::size_t home_of(const ExperienceId& id) const noexcept {
    return std::hash<ExperienceId>{}(id) & (slots_.size() - 1);
  }
  /// Where `id` is, or would be.
  [[nodiscard]] std::size_t place_of(const ExperienceId& id) const noexcept {
    std::size_t place = home_of(id);
    while (slots_[place].sequence != 0 && slots_[place].id != id) place = next(place);
    return place;
  }
  void put(const ExperienceId& id, std::uint64_t sequence) noexcept {
    Slot& slot = slots_[place_of(id)];
    used_ += slot.sequence == 0 ? 1 : 0;
    slot = {id, sequence};
  }
  /// Those behind it that could not have its place before move up (Knuth, "The Art of Computer
  /// Programming", volume 3, algorithm 6.4 R).
  void take_out(std::size_t free) noexcept {
    if (slots_[free].sequence == 0) return;
    for (std::size_t place = next(free); slots_[place].sequence != 0; place = next(place)) {
      const std::size_t mask = slots_.size() - 1;
      const std::size_t from_home = (place - home_of(slots_[place].id)) & mask;
      if (from_home < ((place - free) & mask)) continue;
      slots_[free] = slots_[place];
      free = place;
    }
    slots_[free].sequence = 0;
    --used_;
  }

  mutable std::shared_mutex mutex_;
  std::vector<Slot> slots_;  ///< A power of two, a quarter of them free.
  std::size_t used_ = 0;
};

}  // namespace frys::detail
