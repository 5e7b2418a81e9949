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

StoreWorker::StoreWorker(const Task& task, StoreModel& model, Journal& journal)
    : task_(task), model_(model), journal_(journal), random_(task.seed) {
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
  Hand hand{SeededRandom(random_.next())};
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
  Hand hand{SeededRandom(random_.next())};
  const bool lost_power = model_.lost_power();
  const std::set<std::uint32_t> before(model_.rows().begin(), model_.rows().end());
  const std::vector<SeenRow> rows = read_rows(hand);
  check_stats(rows.size());
  if (rows.size() > Journal::most_rows) fail("more rows than were ever stored");
  std::copy(rows.begin(), rows.end(), journal_.rows.begin());
  journal_.row_count = static_cast<std::uint32_t>(rows.size());
  journal_.last_sequence = store_->stats().last_sequence;
  journal_.checked_ticket = journal_.ticket();
  const std::string difference = model_.compare(journal_);
  if (!difference.empty()) fail(difference);
  const std::size_t some = lost_power ? 200 : 30;
  for (const SeenRow& row : rows) {
    if (!before.contains(row.number) || task_.check_all || hand.below(rows.size()) < some) {
      check_record(row.number, true);
    }
  }
  check_absent();
}

/// Those that must not be there are not there by their identity, either.
void StoreWorker::check_absent() {
  const std::uint32_t next = model_.next_number();
  for (std::uint32_t number = 0; number < next; ++number) {
    if (model_.known()[number].now().there) continue;
    if (!task_.check_all && next - number > 500 && random_.next_below(16) != 0) continue;
    check_record(number, false);
  }
}

void StoreWorker::check_stats(std::size_t rows) {
  const ExperienceStoreStats stats = store_->stats();
  if (stats.experiences == rows && store_->size() == rows && stats.last_sequence >= rows &&
      stats.indexed <= rows && stats.removed == 0 && stats.dimension == model_.recipe().dimension) {
    return;
  }
  fail("a scan finds " + std::to_string(rows) + " rows, stats are " +
       std::to_string(stats.experiences) + " experiences, last sequence " +
       std::to_string(stats.last_sequence) + ", indexed " + std::to_string(stats.indexed) +
       ", removed " + std::to_string(stats.removed) + ", dimension " +
       std::to_string(stats.dimension));
}

/// By pages, while nobody stores.
std::vector<SeenRow> StoreWorker::read_rows(Hand& hand) {
  std::vector<SeenRow> rows;
  ScanQuery query;
  query.limit = 1 + hand.below(5000);
  std::uint64_t last = 0;
  do {
    const Result<ScanPage> page = store_->scan(query);
    if (!page) fail("scan: " + page.error().to_string());
    for (const ScanRow& row : page->rows) {
      const std::uint32_t number = number_of(row.started_at_ns);
      const std::string where = "sequence " + std::to_string(row.sequence);
      if (row.sequence <= last) fail(where + " follows " + std::to_string(last));
      if (number >= model_.next_number() || row.id != id_of(number)) {
        fail(where + ": an experience that nobody stored, " + row.id.to_string());
      }
      last = row.sequence;
      rows.push_back(seen(number, row));
    }
    query.after_sequence = page->next;
  } while (query.after_sequence != 0);
  return rows;
}

ExperienceId StoreWorker::id_of(std::uint32_t number) {
  const std::lock_guard lock(numbers_mutex_);
  return model_.known()[number].id;
}

std::uint32_t StoreWorker::next_number() {
  const std::lock_guard lock(numbers_mutex_);
  return model_.next_number();
}

/// How it may have been at some moment from the ticket `since` until now.
std::vector<Condition> StoreWorker::conditions(std::uint32_t number, std::uint64_t since) {
  const std::uint64_t now = journal_.ticket();
  const std::lock_guard lock(numbers_mutex_);
  return model_.known()[number].between(since, now);
}

namespace {

bool may_be_there(const std::vector<Condition>& conditions) {
  return std::any_of(conditions.begin(), conditions.end(), [](auto& c) { return c.there; });
}
bool may_be_gone(const std::vector<Condition>& conditions) {
  return std::any_of(conditions.begin(), conditions.end(), [](auto& c) { return !c.there; });
}

}  // namespace

/// It is there or not, as it must; and whole. `whole`: and can be found.
void StoreWorker::check_record(std::uint32_t number, bool whole) {
  const Experience expected = make_experience(model_.recipe(), number);
  const std::string which = "experience " + std::to_string(number);
  const std::uint64_t since = journal_.ticket();
  const Result<Experience> found = store_->get(id_of(number));
  const std::vector<Condition> possible = conditions(number, since);
  if (!found && refusing_ && found.error() == ErrorCode::io_error) return;
  if (found && !may_be_there(possible)) fail(which + " is not there, but can be read");
  if (found && !(*found == expected)) fail(which + " is another one");
  if (!found && (found.error() != ErrorCode::not_found || !may_be_gone(possible))) {
    fail(which + ": " + found.error().to_string());
  }
  check_look_up(number);
  if (whole) {
    for (const SimilarityQuery& query : exact_queries(expected)) check_search(number, query);
  }
  ++journal_.records_checked;
}

void StoreWorker::check_look_up(std::uint32_t number) {
  const std::uint64_t since = journal_.ticket();
  const Result<ScanRow> row = store_->look_up(id_of(number));
  if (row) {
    if (check_row(*row, since, "look_up") == number) return;
    fail("look_up of experience " + std::to_string(number) + " gives another one");
  }
  if (row.error() == ErrorCode::not_found && may_be_gone(conditions(number, since))) return;
  fail("look_up of experience " + std::to_string(number) + ": " + row.error().to_string());
}

void StoreWorker::check_search(std::uint32_t number, SimilarityQuery query) {
  const ExperienceId id = id_of(number);
  const auto is_it = [&](const Match& match) { return match.id == id; };
  const std::uint64_t since = journal_.ticket();
  const Result<SimilarMatches> exact = store_->find_similar(query);
  if (!went_well(exact.status(), "find_similar")) return;
  check_rows(query, exact->matches, since, "find_similar");
  check_space(query, exact->matches);
  const auto own = std::find_if(exact->begin(), exact->end(), is_it);
  if (own == exact->end() ? !may_be_gone(conditions(number, since))
                          : own->similarity < least_own_similarity) {
    fail("experience " + std::to_string(number) + " is not found by what it was stored with: " +
         (own == exact->end() ? std::to_string(exact->size()) + " others are"
                              : "its similarity is " + std::to_string(own->similarity)));
  }
  // Without the filter the search is approximate; how often it misses is looked at over many.
  if (journal_.records_checked % 4 != 0) return;
  query.workflow.clear();
  query.effort = 200;
  const Result<SimilarMatches> matches = store_->find_similar(query);
  if (!went_well(matches.status(), "find_similar")) return;
  check_rows(query, matches->matches, since, "find_similar");
  if (may_be_gone(conditions(number, since))) return;
  ++journal_.searches;
  if (std::none_of(matches->begin(), matches->end(), is_it)) ++journal_.misses;
}

/// A space has those that have a vector there.
void StoreWorker::check_space(const SimilarityQuery& query, const std::vector<Match>& matches) {
  if (query.space.empty()) return;
  for (const Match& match : matches) {
    const std::uint32_t number = number_of(match.started_at_ns);
    if (is_in_space_of(query, make_experience(model_.recipe(), number))) continue;
    fail("find_similar in space " + query.space + " names experience " + std::to_string(number) +
         ", which has no vector there");
  }
}

/// All that an answer says of an experience is true, or was a moment ago.
template <typename Row>
std::uint32_t StoreWorker::check_row(const Row& row, std::uint64_t since, const char* what) {
  const std::uint32_t number = number_of(row.started_at_ns);
  if (number >= next_number() || row.id != id_of(number)) {
    fail(std::string(what) + " names " + row.id.to_string() + ", which nobody stored");
  }
  const std::string which = "experience " + std::to_string(number);
  const std::vector<Condition> possible = conditions(number, since);
  if (!may_be_there(possible)) fail(std::string(what) + " names " + which + ", which is removed");
  if (row.sequence == 0 || row.sequence > store_->stats().last_sequence ||
      !fits_some(possible, seen(number, row))) {
    fail(std::string(what) + " says of " + which + " what is not so: sequence " +
         std::to_string(row.sequence) + ", " + std::to_string(row.uses) + " uses, reward " +
         std::to_string(row.reward) + ", " + std::string(to_string(row.outcome)));
  }
  if (row.experience && !(*row.experience == make_experience(model_.recipe(), number))) {
    fail(std::string(what) + " gives another experience for " + which);
  }
  return number;
}

template <typename Query, typename Row>
void StoreWorker::check_rows(const Query& query, const std::vector<Row>& rows, std::uint64_t since,
                             const char* what) {
  for (const Row& row : rows) {
    const std::uint32_t number = check_row(row, since, what);
    const Experience expected = make_outline(model_.recipe(), number);
    const std::vector<Condition> possible = conditions(number, since);
    const auto has_outcome = [&](const Condition& condition) {
      return condition.there && condition.standing.outcome == *query.outcome;
    };
    if ((!query.workflow.empty() && query.workflow != expected.workflow) ||
        (!query.agent.empty() && query.agent != expected.agent) ||
        (query.outcome && std::none_of(possible.begin(), possible.end(), has_outcome))) {
      fail(std::string(what) + " names experience " + std::to_string(number) +
           ", which the filter does not let through");
    }
  }
  if (rows.empty() || journal_.records_checked % 4 != 0) return;
  check_readable(rows.back().id, number_of(rows.back().started_at_ns), since);
}

void StoreWorker::check_readable(const ExperienceId& id, std::uint32_t number,
                                 std::uint64_t since) {
  const Status there = store_->get(id).status();
  if (there.ok() || (refusing_ && there == ErrorCode::io_error)) return;
  if (there == ErrorCode::not_found && may_be_gone(conditions(number, since))) return;
  fail("an answer names " + id.to_string() + ", but reading it answers " + there.to_string());
}

template void StoreWorker::check_rows(const ScanQuery&, const std::vector<ScanRow>&, std::uint64_t,
                                      const char*);
template void StoreWorker::check_rows(const SimilarityQuery&, const std::vector<Match>&,
                                      std::uint64_t, const char*);

}  // namespace frys::torture
