// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What a folder must hold, by what its processes were told and the public contract alone.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "frys/experience/experience_store.hpp"
#include "torture/store_journal.hpp"
#include "torture/store_records.hpp"

namespace frys::torture {

/// One number, ever tried.
struct Known {
  enum class State : std::uint8_t { absent, tried, there };
  ExperienceId id;
  State state = State::absent;
  bool acknowledged = false;
  bool synced = false;
  std::uint64_t begun = 0;  ///< Tickets.
  std::uint64_t done = 0;
};

/// Read by the processes, which inherit it; changed by their parent.
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

 private:
  [[nodiscard]] std::string check_old_rows(const std::vector<std::uint32_t>& seen) const;
  [[nodiscard]] std::string check_new_rows(const std::vector<std::uint32_t>& seen) const;
  [[nodiscard]] bool must_be_there(const Known& known) const noexcept;
  [[nodiscard]] std::string words_of(std::uint32_t number) const;

  Recipe recipe_;
  std::vector<Known> known_;
  std::vector<std::uint32_t> rows_;
  std::uint64_t durable_ticket_ = 0;
  bool lost_power_ = false;
};

}  // namespace frys::torture
