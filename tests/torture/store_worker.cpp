// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Opening, closing and comparing; what is done in between is in store_worker_steps.cpp.

#include "torture/store_worker.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace frys::torture {
namespace {

constexpr double least_own_similarity = 0.98;

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

StoreWorker::StoreWorker(const Task& task, const StoreModel& model, Journal& journal)
    : task_(task),
      model_(model),
      journal_(journal),
      random_(task.seed),
      next_number_(model.next_number()),
      ids_(Journal::most_attempts) {
  if (!task.inline_executor) executor_.emplace(1, 1 + task.seed % 2);
  if (executor_) environment_.executor = &*executor_;
  environment_.faults = &faults_;
}

void StoreWorker::arm(StepKill::From from) {
  if (task_.kill.nth == 0 || task_.kill.from != from) return;
  disk_.kill_at(task_.kill.nth, task_.kill.end, task_.seed);
}

void StoreWorker::run() {
  disk_.watch();
  disk_.be_good();
  arm(StepKill::From::start);
  const std::int64_t start_us = now_us();
  open();
  journal_.opening_us = now_us() - start_us;
  check();
  journal_.phase = Phase::checked;
  arm(StepKill::From::checked);
  if (refusing_) heal();
  for (std::size_t i = 0; i < task_.bursts; ++i) {
    burst();
    if (!task_.reopens || random_.next_below(3) != 0) continue;
    const std::uint64_t most_more = later_;
    const std::uint64_t size = store_->size();
    close();
    open();
    if (store_->size() < size || store_->size() > size + most_more) {
      fail("closed with " + std::to_string(size) + " experiences and at most " +
           std::to_string(most_more) + " on their way, opened with " +
           std::to_string(store_->size()));
    }
    if (refusing_) heal();
  }
  journal_.phase = Phase::worked;
  if (!task_.end_closed) ::kill(::getpid(), SIGKILL);
  close();
}

void StoreWorker::open() {
  Hand hand{SeededRandom(random_.next()), {}};
  if (task_.faults && hand.below(3) == 0) arm_faults(hand);
  Result<ExperienceStore> opened = ExperienceStore::open(task_.options, environment_);
  if (!opened && refusing_) {
    (void)went_well(opened.status(), "open");
    clear_faults();
    opened = ExperienceStore::open(task_.options, environment_);
  }
  if (!opened && model_.lost_power() && opened.error() == ErrorCode::corruption) {
    ExperienceStoreOptions options = task_.options;
    options.salvage = true;
    opened = ExperienceStore::open(options, environment_);
  }
  if (!opened) fail("open: " + opened.error().to_string());
  store_.emplace(*std::move(opened));
  clear_faults();
}

void StoreWorker::close() {
  ++journal_.closes;
  arm(StepKill::From::closing);
  const std::uint64_t ticket = journal_.ticket();
  const Status status = store_->close();
  if (!status.ok()) fail("close: " + status.to_string());
  wait_for_later();
  journal_.durable(ticket);
  store_.reset();
}

void StoreWorker::wait_for_later() {
  for (int tries = 0; later_ != 0; ++tries) {
    if (tries == 200'000) fail("a `done` was not called within 20 s");
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
}

void StoreWorker::check() {
  Hand hand{SeededRandom(random_.next()), {}};
  const std::vector<std::uint32_t> rows = read_rows(hand);
  check_stats(rows.size());
  if (rows.size() > Journal::most_rows) fail("more rows than were ever stored");
  std::copy(rows.begin(), rows.end(), journal_.rows.begin());
  journal_.row_count = static_cast<std::uint32_t>(rows.size());
  journal_.checked_ticket = journal_.ticket();
  const std::size_t known = model_.rows().size();
  const std::size_t some = model_.lost_power() ? 200 : 30;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i >= known || task_.check_all || hand.below(rows.size()) < some)
      check_record(rows[i], true);
  }
  // Those that must not be there are not there by their identity, either.
  std::vector<std::uint32_t> sorted = rows;
  std::sort(sorted.begin(), sorted.end());
  for (std::uint32_t number = 0; number < model_.next_number(); ++number) {
    if (std::binary_search(sorted.begin(), sorted.end(), number)) continue;
    if (!task_.check_all && model_.known()[number].state != Known::State::tried) continue;
    const Status status = store_->get(id_of(number)).status();
    if (status == ErrorCode::not_found) continue;
    fail("experience " + std::to_string(number) +
         " is in no scan, but reading it answers: " + status.to_string());
  }
}

void StoreWorker::check_stats(std::size_t rows) {
  const ExperienceStoreStats stats = store_->stats();
  if (stats.experiences == rows && store_->size() == rows && stats.last_sequence == rows &&
      stats.indexed <= rows && stats.dimension == model_.recipe().dimension) {
    return;
  }
  fail("a scan finds " + std::to_string(rows) + " rows, stats are " +
       std::to_string(stats.experiences) + " experiences, last sequence " +
       std::to_string(stats.last_sequence) + ", indexed " + std::to_string(stats.indexed) +
       ", dimension " + std::to_string(stats.dimension));
}

/// By pages, while nobody stores.
std::vector<std::uint32_t> StoreWorker::read_rows(Hand& hand) {
  std::vector<std::uint32_t> numbers;
  ScanQuery query;
  query.limit = 1 + hand.below(5000);
  do {
    const Result<ScanPage> page = store_->scan(query);
    if (!page) fail("scan: " + page.error().to_string());
    for (const ScanRow& row : page->rows) {
      if (row.sequence != numbers.size() + 1) {
        fail("sequence " + std::to_string(row.sequence) + " follows " +
             std::to_string(numbers.size()));
      }
      check_row(row);
      numbers.push_back(number_of(row.started_at_ns));
    }
    query.after_sequence = page->next;
  } while (query.after_sequence != 0);
  return numbers;
}

void StoreWorker::check_row(const ScanRow& row) {
  const std::uint32_t number = number_of(row.started_at_ns);
  const std::string where = "sequence " + std::to_string(row.sequence) + ": ";
  if (number >= model_.next_number() + Journal::most_attempts) {
    fail(where + "an experience that nobody stored");
  }
  if (row.id != id_of(number)) {
    fail(where + "experience " + std::to_string(number) + " has the identity " +
         row.id.to_string() + ", not " + id_of(number).to_string());
  }
}

ExperienceId StoreWorker::id_of(std::uint32_t number) const {
  if (number < model_.next_number()) return model_.known()[number].id;
  return ids_[number - model_.next_number()];
}

/// It is there, and whole; `whole`: and can be found.
void StoreWorker::check_record(std::uint32_t number, bool whole) {
  const Experience expected = make_experience(model_.recipe(), number);
  const ExperienceId id = id_of(number);
  const Result<Experience> found = store_->get(id);
  if (!found && refusing_ && found.error() == ErrorCode::io_error) return;
  if (!found) fail("experience " + std::to_string(number) + ": " + found.error().to_string());
  if (!(*found == expected)) fail("experience " + std::to_string(number) + " is another one");
  if (whole && can_be_found(expected)) check_search(expected, id);
  ++journal_.records_checked;
}

void StoreWorker::check_search(const Experience& experience, const ExperienceId& id) {
  SimilarityQuery query = exact_query(experience);
  const auto is_it = [&](const Match& match) { return match.id == id; };
  const Result<std::vector<Match>> exact = store_->find_similar(query);
  if (!went_well(exact.status(), "find_similar")) return;
  check_matches(*exact);
  const auto own = std::find_if(exact->begin(), exact->end(), is_it);
  if (own == exact->end() || own->similarity < least_own_similarity) {
    fail("experience " + std::to_string(number_of(experience.started_at_ns)) +
         " is not found by what it was stored with: " +
         (own == exact->end() ? std::to_string(exact->size()) + " others are"
                              : "its similarity is " + std::to_string(own->similarity)));
  }
  // Without the filter the search is approximate; how often it misses is looked at over many.
  if (journal_.records_checked % 4 != 0) return;
  query.workflow.clear();
  query.effort = 200;
  const Result<std::vector<Match>> matches = store_->find_similar(query);
  if (!went_well(matches.status(), "find_similar")) return;
  check_matches(*matches);
  ++journal_.searches;
  if (std::none_of(matches->begin(), matches->end(), is_it)) ++journal_.misses;
}

/// All that an answer says of a record is true.
void StoreWorker::check_match(const Match& match) {
  const std::uint32_t number = number_of(match.started_at_ns);
  if (number >= model_.next_number() + Journal::most_attempts || match.id != id_of(number)) {
    fail("find_similar names " + match.id.to_string() + ", which nobody stored");
  }
  const Experience expected = make_outline(model_.recipe(), number);
  if (match.outcome != expected.outcome || match.reward != expected.reward || match.sequence == 0 ||
      match.sequence > store_->stats().last_sequence) {
    fail("find_similar says of experience " + std::to_string(number) + " what is not so");
  }
  if (match.experience && !(*match.experience == make_experience(model_.recipe(), number))) {
    fail("find_similar gives another experience for " + std::to_string(number));
  }
}

void StoreWorker::check_matches(const std::vector<Match>& matches) {
  for (const Match& match : matches) check_match(match);
  if (matches.empty() || journal_.records_checked % 4 != 0) return;
  const ExperienceId id = matches.back().id;
  const Status there = store_->get(id).status();
  if (there.ok() || (refusing_ && there == ErrorCode::io_error)) return;
  fail("find_similar names " + id.to_string() + ", but reading it answers " + there.to_string());
}

}  // namespace frys::torture
