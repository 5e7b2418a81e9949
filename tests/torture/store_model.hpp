// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What a folder must hold, by what its processes were told and the public contract alone.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "frys/experience/experience_store.hpp"
#include "torture/store_journal.hpp"
#include "torture/store_records.hpp"

namespace frys::torture {

/// From `begun` on it may be as it says; when it is `done`, it is so until the next.
struct Step {
  Condition after;
  std::uint64_t begun = 0;  ///< Tickets.
  std::uint64_t done = 0;   ///< 0: not acknowledged; then it is the last.
  bool synced = false;      ///< Acknowledged so.
};

/// One number, ever tried. Nobody changes it while another does.
struct Known {
  ExperienceId id;
  std::vector<Step> steps = {Step{.done = 1}};  ///< First it is not there.

  [[nodiscard]] const Condition& now() const noexcept { return steps.back().after; }
  /// Nothing was begun of which it is not known whether it happened.
  [[nodiscard]] bool settled() const noexcept { return steps.back().done != 0; }
  /// The last step from `first` on that agrees with what was seen, by its sequence if that is known
  /// of one; null: it was not seen. Nothing when none does.
  [[nodiscard]] std::optional<std::size_t> step_of(const SeenRow* row, std::size_t first) const;
  /// The first ticket from `from` on at which it may have been as was seen; nothing: never.
  [[nodiscard]] std::optional<std::uint64_t> moment_of(const SeenRow* row,
                                                       std::uint64_t from) const;
  /// How it may have been at some moment between two tickets.
  [[nodiscard]] std::vector<Condition> between(std::uint64_t first, std::uint64_t last) const;
};

/// Read by the processes, which inherit it and go on with their own; changed by their parent.
class StoreModel {
 public:
  explicit StoreModel(const Recipe& recipe) : recipe_(recipe) {}

  [[nodiscard]] const Recipe& recipe() const noexcept { return recipe_; }
  [[nodiscard]] const std::vector<Known>& known() const noexcept { return known_; }
  /// Numbers in the order of their sequence, as they were last seen.
  [[nodiscard]] const std::vector<std::uint32_t>& rows() const noexcept { return rows_; }
  [[nodiscard]] std::uint32_t next_number() const noexcept {
    return static_cast<std::uint32_t>(known_.size());
  }
  /// The machine went down, and nothing has been seen since.
  [[nodiscard]] bool lost_power() const noexcept { return lost_power_; }

  /// Compares the rows that a process saw with those that must and may be there, and goes on from
  /// them. The difference in words; empty when there is none.
  std::string compare(const Journal& journal);
  /// Adds what a process, which has ended, tried.
  void take(const Journal& journal);
  void lose_power() noexcept { lost_power_ = true; }

  // For a process that works on the store.
  /// One more number.
  std::uint32_t add() {
    known_.emplace_back();
    return next_number() - 1;
  }
  void name(std::uint32_t number, const ExperienceId& id) { known_[number].id = id; }
  void begin(std::uint32_t number, const Condition& after, std::uint64_t ticket);
  /// `sequence`: where it is by now; 0: not known.
  void acknowledge(std::uint32_t number, std::uint64_t ticket, bool synced, std::uint64_t sequence);

 private:
  [[nodiscard]] std::string check_last_sequence(const Journal& journal) const;
  [[nodiscard]] std::string check_order(const std::vector<std::uint32_t>& seen) const;
  [[nodiscard]] std::size_t earliest_step(const Known& known) const noexcept;
  [[nodiscard]] std::string settle(std::uint32_t number, const SeenRow* row, std::uint64_t ticket);
  [[nodiscard]] std::string words_of(std::uint32_t number) const;

  Recipe recipe_;
  std::vector<Known> known_;
  std::vector<std::uint32_t> rows_;
  std::uint64_t durable_ticket_ = 0;
  bool lost_power_ = false;
  // The store's last sequence as it was last seen, and what was tried since.
  std::uint64_t last_sequence_ = 0;
  std::uint64_t begun_since_ = 0;
  std::uint64_t done_since_ = 0;
};

/// Whether `row`, or that there is none (null), is what `condition` says.
bool fits(const Condition& condition, const SeenRow* row) noexcept;
/// The same, as far as one can tell while it changes: each value is that of one of them.
bool fits_some(const std::vector<Condition>& conditions, const SeenRow& row) noexcept;
/// As every answer has it.
template <typename Row>
SeenRow seen(std::uint32_t number, const Row& row) {
  return {number, row.sequence, {row.outcome, row.reward, row.uses, 0}};
}

}  // namespace frys::torture
