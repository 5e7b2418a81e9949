// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What all kinds of rounds on a store have in common.

#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>

#include "torture/store_model.hpp"
#include "torture/store_worker.hpp"

namespace frys::torture {

using SteadyClock = std::chrono::steady_clock;

/// When to stop.
struct StoreLimit {
  SteadyClock::time_point end = SteadyClock::time_point::max();
  std::uint64_t kills_left = std::numeric_limits<std::uint64_t>::max();

  [[nodiscard]] bool reached() const { return kills_left == 0 || SteadyClock::now() >= end; }
};

struct StoreTotals {
  std::uint64_t rounds = 0;
  std::uint64_t kills = 0;
  std::uint64_t step_kills = 0;  ///< Of `kills`, at a chosen step.
  std::uint64_t power_losses = 0;
  std::uint64_t clean_ends = 0;
  std::uint64_t operations = 0;
  std::uint64_t records_checked = 0;
  std::uint64_t refusals = 0;
  std::uint64_t searches = 0;
  std::uint64_t misses = 0;
  std::uint64_t removals = 0;
  std::uint64_t amendments = 0;
  std::uint64_t exchanges = 0;  ///< Of the tables, as far as they were noticed.
  std::uint64_t damages = 0;
  std::uint64_t damages_refused = 0;  ///< Opening answered an error.
  std::uint64_t damages_told = 0;     ///< A read or search did.
  std::uint64_t damages_torn = 0;     ///< The end of the newest log counted as never written.
  std::uint64_t damages_salvaged = 0;
};

/// How a process ended.
struct Ended {
  bool killed = false;  ///< By SIGKILL.
  bool hung = false;    ///< It had to be.
  int code = -1;        ///< Of an exit.
  std::string words;
};

/// Runs `body` in a process of its own, which ends with 0 when it returns.
pid_t start_process(const std::function<void()>& body);
/// Waits until `until` holds, the process has ended, or too long; true when `until` held.
bool wait_until(pid_t pid, const std::function<bool()>& until);
Ended wait_for_end(pid_t pid);

/// What a round is about.
enum class StoreRound : std::uint8_t { kill, damage, fault, threads };
const char* name_of(StoreRound round);

/// One folder and the processes that come and go on it. The folder is gone with the object, unless
/// a difference was found: that ends the program and keeps it.
class StoreLives {
 public:
  StoreLives(std::uint64_t seed, StoreRound round, StoreTotals& totals);
  ~StoreLives();
  StoreLives(const StoreLives&) = delete;
  StoreLives& operator=(const StoreLives&) = delete;

  [[nodiscard]] const std::string& folder() const noexcept { return folder_; }
  [[nodiscard]] std::string store_path() const { return folder_ + "/store"; }
  [[nodiscard]] const StoreModel& model() const noexcept { return model_; }
  [[nodiscard]] const ExperienceStoreOptions& options() const noexcept { return options_; }
  [[nodiscard]] Journal& journal() noexcept { return journal_; }
  SeededRandom& random() noexcept { return random_; }
  std::uint64_t below(std::uint64_t bound) { return random_.next_below(bound); }

  /// One process, from its start to its end; true when it was killed.
  bool live(Task task);
  /// A task for `live` with a random mix and end.
  Task some_task();
  /// The last process: compares everything and closes.
  void check_all();
  /// Ends the program.
  [[noreturn]] void fail(const std::string& text);
  /// What is being done, for `fail`.
  void now(std::string what) { what_ = std::move(what); }

 private:
  void kill_at_some_moment(pid_t pid, const Task& task);
  void judge(const Task& task, const Ended& ended);

  const std::uint64_t seed_;
  const StoreRound round_;
  StoreTotals& totals_;
  SeededRandom random_;
  std::string folder_;
  StoreModel model_;
  ExperienceStoreOptions options_;
  Journal& journal_ = Journal::shared();
  std::string what_;
  std::uint64_t lives_ = 0;
  std::int64_t opening_us_ = 3000;  // As it was the last time.
  bool timed_ = false;              // The parent ends the next process.
  bool churn_ = false;              // Much is removed, and added again.
};

/// Processes that are killed, refused, or have many threads. A difference ends the program.
void run_life_round(std::uint64_t seed, StoreRound round, StoreLimit& limit, StoreTotals& totals);
/// Copies of a store whose files are damaged.
void run_damage_round(std::uint64_t seed, StoreLimit& limit, StoreTotals& totals);

}  // namespace frys::torture
