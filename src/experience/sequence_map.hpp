// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Which experiences there are, by identity, and where in the log each was added.

#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <unordered_map>

#include "frys/experience/experience.hpp"

namespace frys::detail {

/// Threads: changed by one at a time; `find` at any time, and never for long.
class SequenceMap {
 public:
  /// Where each of some was added; 0: it was removed.
  using Changes = std::unordered_map<ExperienceId, std::uint64_t>;

  [[nodiscard]] std::optional<std::uint64_t> find(const ExperienceId& id) const {
    const std::shared_lock lock(mutex_);
    const auto found = sequences_.find(id);
    return found == sequences_.end() ? std::nullopt : std::optional(found->second);
  }
  /// Throws bad_alloc, and then nothing has changed.
  void insert(const ExperienceId& id, std::uint64_t sequence) {
    const std::unique_lock lock(mutex_);
    sequences_.emplace(id, sequence);
  }
  void erase(const ExperienceId& id) noexcept {
    const std::unique_lock lock(mutex_);
    sequences_.erase(id);
  }
  /// Makes room for `more`, so that `take` needs none. Throws bad_alloc.
  void reserve(std::size_t more) {
    const std::unique_lock lock(mutex_);
    sequences_.reserve(sequences_.size() + more);
  }
  /// There is room for `changes`.
  void take(Changes changes) noexcept {
    const std::unique_lock lock(mutex_);
    while (!changes.empty()) {
      auto node = changes.extract(changes.begin());
      const auto found = sequences_.find(node.key());
      if (node.mapped() == 0) {
        if (found != sequences_.end()) sequences_.erase(found);
      } else if (found != sequences_.end()) {
        found->second = node.mapped();
      } else {
        sequences_.insert(std::move(node));
      }
    }
  }

 private:
  mutable std::shared_mutex mutex_;
  std::unordered_map<ExperienceId, std::uint64_t> sequences_;
};

}  // namespace frys::detail
