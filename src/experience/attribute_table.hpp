// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What ranking and filters look at, resident: one row an experience, in the order of the index.
// Texts are held once; each, and each outcome, knows who carries it, so that a narrow filter costs
// what it lets through.

#pragma once

#include <cstdint>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "experience/carriers.hpp"
#include "experience/log_codec.hpp"
#include "experience/segmented_table.hpp"

namespace frys::detail {

/// A value that one thread changes while others read it: they see the old one, or the new one and
/// all that was changed before it.
template <typename T>
class Shared {
 public:
  Shared() noexcept = default;
  Shared(T value) noexcept : value_(value) {}  // NOLINT: it is that value.
  operator T() const noexcept {                // NOLINT: the same.
    T value;
    __atomic_load(&value_, &value, __ATOMIC_ACQUIRE);
    return value;
  }
  void store(T value) noexcept { __atomic_store(&value_, &value, __ATOMIC_RELEASE); }

 private:
  T value_;
};

struct Attributes {
  ExperienceId id;
  std::uint64_t sequence;  ///< It was added at.
  std::int64_t started_at_ns;
  std::int64_t stored_at_ns;
  std::uint32_t texts[3];  ///< workflow, agent, step_type
  // Its standing, and the sequence of the amendment that says so; 0: there was none.
  Shared<Outcome> outcome;
  Shared<double> reward;
  Shared<std::uint64_t> uses;
  Shared<std::int64_t> used_at_ns;
  Shared<std::uint64_t> amended_at;

  [[nodiscard]] Standing standing() const noexcept { return {outcome, reward, uses, used_at_ns}; }
};

/// A query's filters, looked up.
struct AttributeFilter {
  static constexpr std::uint32_t any = ~std::uint32_t{0};
  std::uint32_t texts[3] = {any, any, any};
  int outcome = -1;         ///< −1: any.
  bool impossible = false;  ///< Asks for what no experience has.
  /// Rows that have the rarest of what is asked for: all that can match are among them.
  std::size_t carriers = 0;
  int rarest = -1;  ///< Which of the four that is, in the order above.
  std::shared_ptr<const Carriers::Marks> marks = {};  ///< Of these rows; null where they are few.

  [[nodiscard]] bool empty() const noexcept {
    return texts[0] == any && texts[1] == any && texts[2] == any && outcome < 0;
  }
  [[nodiscard]] bool accepts(const Attributes& attributes) const noexcept {
    return (texts[0] == any || texts[0] == attributes.texts[0]) &&
           (texts[1] == any || texts[1] == attributes.texts[1]) &&
           (texts[2] == any || texts[2] == attributes.texts[2]) &&
           (outcome < 0 || outcome == static_cast<int>(Outcome(attributes.outcome)));
  }
};

/// Threads: `append`, `truncate`, `amend` one at a time; `filter`, `carriers`, `find` at any time;
/// `row` for rows that the index has published.
class AttributeTable {
 public:
  AttributeTable() : rows_(1) {}

  /// Writes the row after the last, whose sequence is greater than theirs. Throws bad_alloc; then
  /// nothing has changed but that some lists of carriers may name rows that are not there.
  void append(const LogEntry& entry, std::uint64_t sequence);
  /// The same with row `ordinal` of `from`, as it stands.
  void append(const AttributeTable& from, std::uint32_t ordinal);
  /// Has a row be among the carriers of `outcome`, too: before it is amended to that. Throws
  /// bad_alloc, and then nothing has changed.
  void list_as(std::uint32_t ordinal, Outcome outcome);
  /// Gives a row, which is listed so, another standing, by the amendment at `sequence`.
  void amend(std::uint32_t ordinal, const Standing& standing, std::uint64_t sequence) noexcept;
  /// Takes back the rows from `size` on.
  void truncate(std::uint32_t size) noexcept { size_ = size; }
  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
  [[nodiscard]] const Attributes& row(std::uint32_t ordinal) const noexcept {
    return *rows_.row(ordinal);
  }
  /// The first of the first `size` rows whose sequence is not less; `size` when there is none.
  [[nodiscard]] std::uint32_t find(std::uint64_t sequence, std::size_t size) const noexcept;

  /// Empty texts and a negative outcome are no filter.
  [[nodiscard]] AttributeFilter filter(std::string_view workflow, std::string_view agent,
                                       std::string_view step_type, int outcome) const;
  /// Copies the numbers of the filter's carriers, ascending, from `from` on; some may have been
  /// taken back, or not be published yet. Returns how many were copied; 0 at the end.
  std::size_t carriers(const AttributeFilter& filter, std::uint32_t from,
                       std::span<std::uint32_t> out) const noexcept;

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  /// The distinct texts of a field.
  struct Field {
    std::uint32_t number_of(std::string_view text);

    std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>> numbers;
    std::vector<const std::string*> texts;  ///< By number.
    std::vector<Carriers> carriers;
  };

  [[nodiscard]] const Carriers* carriers_of(const AttributeFilter& filter,
                                            int field) const noexcept;

  SegmentedTable<Attributes> rows_;
  std::uint32_t size_ = 0;
  mutable std::shared_mutex mutex_;  // Guards what follows.
  Field fields_[3];
  Carriers outcomes_[3];
};

}  // namespace frys::detail
