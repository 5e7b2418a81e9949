// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A process that opens a store, compares it with the model, and works on it until it ends.

#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "frys/core/random.hpp"
#include "support/test_executor.hpp"
#include "torture/store_disk.hpp"
#include "torture/store_model.hpp"

namespace frys::torture {

/// When a process ends itself.
struct StepKill {
  enum class From : std::uint8_t { start, checked, closing };
  From from = From::start;
  std::uint64_t nth = 0;  ///< 0: never.
  StepEnd end = StepEnd::before;
};

/// What a process is to do.
struct Task {
  std::uint64_t seed = 0;
  ExperienceStoreOptions options;
  std::size_t threads = 1;
  std::size_t bursts = 4;
  std::size_t operations = 60;  ///< Of a burst and thread.
  bool inline_executor = false;
  bool reopens = true;      ///< Closes and opens between bursts, now and then.
  bool faults = false;      ///< The world refuses now and then.
  bool check_all = false;   ///< Every record, not the new ones and some.
  bool end_closed = false;  ///< Ends with the store closed; else by SIGKILL.
  StepKill kill;
};

class StoreWorker {
 public:
  StoreWorker(const Task& task, const StoreModel& model, Journal& journal);
  /// Returns when the store is closed and all was well.
  void run();

 private:
  /// One thread's chance, and what it was told itself.
  struct Hand {
    SeededRandom random;
    std::vector<std::uint32_t> own;
    std::uint64_t below(std::uint64_t bound) { return random.next_below(bound); }
  };

  struct Begun {
    std::uint32_t number;
    Experience experience;
  };

  void open();
  void close();
  void arm(StepKill::From from);

  void check();
  void check_stats(std::size_t rows);
  std::vector<std::uint32_t> read_rows(Hand& hand);
  void check_row(const ScanRow& row);
  void check_record(std::uint32_t number, bool whole);
  void check_search(const Experience& experience, const ExperienceId& id);
  void check_match(const Match& match);
  void check_matches(const std::vector<Match>& matches);

  void burst();
  void step(Hand& hand);
  void store_one(Hand& hand);
  void store_many(Hand& hand);
  void store_later(Hand& hand);
  void store_again(Hand& hand);
  void sync();
  void look_at(Hand& hand);
  void arm_faults(Hand& hand);
  void clear_faults();
  void heal();
  void wait_for_later();

  std::optional<Begun> begin();
  void acknowledge(std::uint32_t number, bool synced);
  void check_id(std::uint32_t number, const ExperienceId& id);
  [[nodiscard]] std::uint32_t some_number(Hand& hand) const;
  [[nodiscard]] ExperienceId id_of(std::uint32_t number) const;
  /// Whether `status` is a success; an error that nobody asked for ends the process.
  bool went_well(const Status& status, const char* what);
  [[noreturn]] void fail(const std::string& text) { journal_.fail(text); }

  const Task task_;
  const StoreModel& model_;
  Journal& journal_;
  Disk& disk_ = Disk::shared();
  std::optional<testing::TestExecutor> executor_;
  FaultInjector faults_;
  Environment environment_;
  std::optional<ExperienceStore> store_;
  SeededRandom random_;
  std::mutex numbers_mutex_;
  std::uint32_t next_number_;          // Under numbers_mutex_.
  std::vector<ExperienceId> ids_;      // Of the numbers begun here.
  std::atomic<std::size_t> later_{0};  // Calls whose `done` is due.
  std::atomic<bool> refusing_{false};  // Errors were asked for since the store was last healed.
};

}  // namespace frys::torture
