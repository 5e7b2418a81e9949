// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A process that opens a store, compares it with the model, and works on it until it ends.

#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
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
  bool churn = false;       ///< Removes much, and adds it again.
  bool reopens = true;      ///< Closes and opens between bursts, now and then.
  bool faults = false;      ///< The world refuses now and then.
  bool check_all = false;   ///< Every record, not the new ones and some.
  bool end_closed = false;  ///< Ends with the store closed; else by SIGKILL.
  StepKill kill;
};

class StoreWorker {
 public:
  /// `model` becomes what this process knows.
  StoreWorker(const Task& task, StoreModel& model, Journal& journal);
  /// Returns when the store is closed and all was well.
  void run();

 private:
  /// One thread's chance, and what it was told itself.
  struct Hand {
    SeededRandom random;
    std::vector<std::uint32_t> own;
    std::vector<std::uint32_t> removed;  ///< To be added again.
    std::uint64_t removed_seen = 0;      ///< `ExperienceStoreStats::removed`, the last time.
    std::uint64_t below(std::uint64_t bound) { return random.next_below(bound); }
  };

  struct Change {
    std::uint32_t number;
    std::size_t attempt;
  };
  struct Begun {
    Change change;
    Experience experience;
  };

  void open();
  void close();
  void arm(StepKill::From from);

  void check();
  void check_stats(std::size_t rows);
  std::vector<SeenRow> read_rows(Hand& hand);
  void check_absent();
  void check_record(std::uint32_t number, bool whole);
  void check_look_up(std::uint32_t number);
  void check_search(std::uint32_t number, SimilarityQuery query);
  void check_space(const SimilarityQuery& query, const std::vector<Match>& matches);
  /// An answer to what was asked after the ticket `since`; returns its number.
  template <typename Row>
  std::uint32_t check_row(const Row& row, std::uint64_t since, const char* what);
  template <typename Query, typename Row>
  void check_rows(const Query& query, const std::vector<Row>& rows, std::uint64_t since,
                  const char* what);
  void check_readable(const ExperienceId& id, std::uint32_t number, std::uint64_t since);

  void burst();
  void step(Hand& hand);
  void store_one(Hand& hand);
  void store_many(Hand& hand);
  void store_later(Hand& hand);
  void store_again(Hand& hand);
  void remove_one(Hand& hand);
  void remove_some(Hand& hand);
  void amend(Hand& hand);
  void sync();
  void look_at(Hand& hand);
  void scan_some(Hand& hand, std::uint32_t number);
  void find_some(Hand& hand, const Experience& experience);
  void gather_removed(Hand& hand);
  void note_exchange(Hand& hand);
  void arm_faults(Hand& hand);
  void clear_faults();
  void heal();
  void wait_for_later();

  std::optional<Begun> begin_new();
  std::optional<Begun> begin_some(Hand& hand);
  std::optional<Change> begin(std::uint32_t number, const Condition& after);
  std::optional<Change> note(std::uint32_t number, const Condition& after);
  void acknowledge(const Change& change, bool synced);
  std::optional<Condition> claim(std::uint32_t number);
  void let_go(std::uint32_t number);
  [[nodiscard]] Condition as_stored(std::uint32_t number) const;
  [[nodiscard]] std::vector<Condition> conditions(std::uint32_t number, std::uint64_t since);
  void check_id(std::uint32_t number, const ExperienceId& id);
  [[nodiscard]] std::uint32_t some_number(Hand& hand);
  [[nodiscard]] ExperienceId id_of(std::uint32_t number);
  [[nodiscard]] std::uint32_t next_number();
  [[nodiscard]] static constexpr StoreOptions how(bool synced) {
    return {synced ? Durability::synced : Durability::buffered};
  }
  /// Whether `status` is a success; an error that nobody asked for ends the process.
  bool went_well(const Status& status, const char* what);
  [[noreturn]] void fail(const std::string& text) { journal_.fail(text); }

  const Task task_;
  StoreModel& model_;  // While there are threads, under numbers_mutex_.
  Journal& journal_;
  Disk& disk_ = Disk::shared();
  std::optional<testing::TestExecutor> executor_;
  FaultInjector faults_;
  Environment environment_;
  std::optional<ExperienceStore> store_;
  SeededRandom random_;
  std::mutex numbers_mutex_;
  // Under numbers_mutex_: who is changed now, or was and nobody knows how it ended.
  std::set<std::uint32_t> claimed_;
  std::size_t next_attempt_ = 0;       // The same.
  std::atomic<std::size_t> later_{0};  // Calls whose `done` is due.
  std::atomic<bool> refusing_{false};  // Errors were asked for since the store was last healed.
};

}  // namespace frys::torture
