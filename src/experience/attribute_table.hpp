// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What ranking and filters look at, resident: one row an experience, in the order of the index.
// Texts are held once, and each knows who carries it, so that a narrow filter costs what it lets
// through.

#pragma once

#include <cstdint>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "experience/log_codec.hpp"
#include "experience/segmented_table.hpp"

namespace frys::detail {

struct Attributes {
  ExperienceId id;
  double reward;
  std::int64_t started_at_ns;
  std::int64_t stored_at_ns;
  std::uint32_t texts[3];  ///< workflow, agent, step_type
  Outcome outcome;
};

/// A query's filters, looked up.
struct AttributeFilter {
  static constexpr std::uint32_t any = ~std::uint32_t{0};
  std::uint32_t texts[3] = {any, any, any};
  int outcome = -1;         ///< −1: any.
  bool impossible = false;  ///< Asks for a text that no experience has.
  /// Whether `candidates` holds everything that can match.
  bool narrow = false;
  std::vector<std::uint32_t> candidates;

  [[nodiscard]] bool empty() const noexcept {
    return texts[0] == any && texts[1] == any && texts[2] == any && outcome < 0;
  }
  [[nodiscard]] bool accepts(const Attributes& attributes) const noexcept {
    return (texts[0] == any || texts[0] == attributes.texts[0]) &&
           (texts[1] == any || texts[1] == attributes.texts[1]) &&
           (texts[2] == any || texts[2] == attributes.texts[2]) &&
           (outcome < 0 || outcome == static_cast<int>(attributes.outcome));
  }
};

/// Threads: `append`, `truncate` one at a time; `filter` at any time; `row` for rows that the index
/// has published.
class AttributeTable {
 public:
  AttributeTable() : rows_(1) {}

  /// Writes the row after the last. Throws bad_alloc; then nothing has changed but that some texts
  /// may list rows that are not there.
  void append(const LogEntry& entry);
  /// Takes back the rows from `size` on.
  void truncate(std::uint32_t size) noexcept { size_ = size; }
  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
  [[nodiscard]] const Attributes& row(std::uint32_t ordinal) const noexcept {
    return *rows_.row(ordinal);
  }

  /// Empty texts are no filter. `narrow_limit`: up to how many candidates are listed.
  [[nodiscard]] AttributeFilter filter(std::string_view workflow, std::string_view agent,
                                       std::string_view step_type, int outcome,
                                       std::size_t narrow_limit) const;

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  /// One distinct text of a field, and who carries it, ascending.
  struct Field {
    std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>> numbers;
    std::vector<std::vector<std::uint32_t>> carriers;
  };

  SegmentedTable<Attributes> rows_;
  std::uint32_t size_ = 0;
  mutable std::shared_mutex mutex_;  // Guards `fields_`.
  Field fields_[3];
};

}  // namespace frys::detail
