// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <sys/resource.h>

#include <cerrno>
#include <memory>
#include <thread>

#include "torture/store_worker.hpp"

namespace frys::torture {
namespace {

constexpr std::uint64_t most_refusals = 200;
constexpr const char* fault_points[] = {"experience.open", "experience.write", "experience.sync",
                                        "experience.read"};

/// As on a disk without room, whoever writes.
void limit_file_size(rlim_t bytes) {
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes;
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

constexpr StoreOptions how(bool synced) {
  return {synced ? Durability::synced : Durability::buffered};
}

}  // namespace

bool StoreWorker::went_well(const Status& status, const char* what) {
  if (status.ok()) return true;
  if (refusing_ && status == ErrorCode::io_error) {
    ++journal_.refusals;
    return false;
  }
  fail(std::string(what) + ": " + status.to_string());
}

void StoreWorker::burst() {
  std::vector<Hand> hands;
  for (std::size_t i = 0; i < task_.threads; ++i) {
    hands.push_back({SeededRandom(random_.next()), {}});
  }
  if (task_.faults) arm_faults(hands[0]);
  const auto work = [this](Hand& hand) {
    for (std::size_t i = 0; i < task_.operations; ++i) step(hand);
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < hands.size(); ++i) threads.emplace_back(work, std::ref(hands[i]));
  work(hands[0]);
  for (std::thread& thread : threads) thread.join();
  if (task_.faults) {
    clear_faults();
    heal();
  }
  for (const Hand& hand : hands) {
    for (const std::uint32_t number : hand.own) {
      const bool late = hand.own.back() - number < 8;
      if (task_.faults || late) check_record(number, late);
    }
  }
}

void StoreWorker::step(Hand& hand) {
  ++journal_.operations;
  const std::uint64_t dice = hand.below(100);
  if (dice < 45) return store_one(hand);
  if (dice < 57) return store_many(hand);
  if (dice < 62) return store_later(hand);
  if (dice < 69) return store_again(hand);
  if (dice < 71) return sync();
  look_at(hand);
}

/// The next that was never stored; none when there is no room to note it.
std::optional<StoreWorker::Begun> StoreWorker::begin() {
  std::uint32_t number = 0;
  {
    const std::lock_guard lock(numbers_mutex_);
    const std::uint32_t at = next_number_ - model_.next_number();
    if (at == Journal::most_attempts) return std::nullopt;
    journal_.attempts[at].begun = journal_.ticket();
    number = next_number_++;
  }
  Begun begun{number, make_experience(model_.recipe(), number)};
  const Result<ExperienceId> id = content_id(begun.experience);
  if (!id) fail("content_id: " + id.error().to_string());
  ids_[number - model_.next_number()] = *id;
  return begun;
}

void StoreWorker::acknowledge(std::uint32_t number, bool synced) {
  Attempt& attempt = journal_.attempts[number - model_.next_number()];
  attempt.synced = synced;
  attempt.acknowledged = journal_.ticket();
}

void StoreWorker::check_id(std::uint32_t number, const ExperienceId& id) {
  if (id == id_of(number)) return;
  fail("experience " + std::to_string(number) + " was stored as " + id.to_string() + ", not " +
       id_of(number).to_string());
}

void StoreWorker::store_one(Hand& hand) {
  std::optional<Begun> begun = begin();
  if (!begun) return;
  const bool synced = hand.below(4) == 0;
  const std::uint64_t ticket = journal_.ticket();
  const auto id = store_->store(std::move(begun->experience), how(synced));
  if (!went_well(id.status(), "store")) return;
  acknowledge(begun->number, synced);
  if (synced) journal_.durable(ticket);
  check_id(begun->number, *id);
  hand.own.push_back(begun->number);
}

void StoreWorker::store_many(Hand& hand) {
  std::vector<std::uint32_t> numbers;
  std::vector<Experience> experiences;
  for (std::uint64_t left = 1 + hand.below(hand.below(20) == 0 ? 300 : 12); left > 0; --left) {
    std::optional<Begun> begun = begin();
    if (!begun) break;
    numbers.push_back(begun->number);
    experiences.push_back(std::move(begun->experience));
  }
  if (numbers.empty()) return;
  const bool synced = hand.below(3) == 0;
  const std::uint64_t ticket = journal_.ticket();
  const auto ids = store_->store_many(experiences, how(synced));
  if (!went_well(ids.status(), "store_many")) return;
  if (ids->size() != numbers.size()) fail("store_many answers too few identities");
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    acknowledge(numbers[i], synced);
    check_id(numbers[i], (*ids)[i]);
  }
  if (synced) journal_.durable(ticket);
  hand.own.insert(hand.own.end(), numbers.begin(), numbers.end());
}

void StoreWorker::store_later(Hand& hand) {
  std::optional<Begun> begun = begin();
  if (!begun) return;
  const bool synced = hand.below(2) == 0;
  const std::uint64_t ticket = journal_.ticket();
  ++later_;
  store_->store(std::move(begun->experience), how(synced),
                [this, n = begun->number, synced, ticket](const Result<ExperienceId>& id) {
                  if (id) {
                    acknowledge(n, synced);
                    if (synced) journal_.durable(ticket);
                  } else if (id.error() != ErrorCode::closed) {
                    (void)went_well(id.status(), "store later");
                  }
                  --later_;
                });
}

/// What is there already gets its identity again, and no second row.
void StoreWorker::store_again(Hand& hand) {
  const std::uint32_t number = some_number(hand);
  if (number == no_number) return;
  const bool synced = hand.below(2) == 0;
  const std::uint64_t ticket = journal_.ticket();
  const auto id = store_->store(make_experience(model_.recipe(), number), how(synced));
  if (!went_well(id.status(), "store again")) return;
  if (synced) journal_.durable(ticket);
  check_id(number, *id);
}

void StoreWorker::sync() {
  const std::uint64_t ticket = journal_.ticket();
  if (went_well(store_->sync(), "sync")) journal_.durable(ticket);
}

/// One that must be there now.
std::uint32_t StoreWorker::some_number(Hand& hand) const {
  const bool own = !hand.own.empty() && hand.below(2) == 0;
  const std::vector<std::uint32_t>& from = own ? hand.own : model_.rows();
  // Where the machine went down, not all of the model's are there.
  if (from.empty() || (!own && model_.lost_power())) return no_number;
  return from[hand.below(from.size())];
}

void StoreWorker::look_at(Hand& hand) {
  const std::uint32_t number = some_number(hand);
  if (number == no_number) return;
  const std::uint64_t dice = hand.below(4);
  if (dice < 2) return check_record(number, dice == 0);
  if (dice == 2) {
    ScanQuery query;
    query.after_sequence = hand.below(store_->size() + 1);
    query.limit = 1 + hand.below(40);
    query.with_experience = hand.below(2) == 0;
    const Result<ScanPage> page = store_->scan(query);
    if (!went_well(page.status(), "scan")) return;
    for (const ScanRow& row : page->rows) {
      check_row(row);
      if (row.experience &&
          !(*row.experience == make_experience(model_.recipe(), number_of(row.started_at_ns)))) {
        fail("a scan gives another experience for sequence " + std::to_string(row.sequence));
      }
    }
    return;
  }
  const Experience experience = make_experience(model_.recipe(), number);
  if (!can_be_found(experience)) return;
  SimilarityQuery query = exact_query(experience);
  query.workflow.clear();
  query.k = 1 + hand.below(30);
  if (hand.below(2) == 0) query.agent = experience.agent;
  if (hand.below(3) == 0) query.outcome = experience.outcome;
  query.with_experience = hand.below(2) == 0;
  const Result<std::vector<Match>> matches = store_->find_similar(query);
  if (went_well(matches.status(), "find_similar")) check_matches(*matches);
}

/// Some of what can be refused will be, beginning now or soon.
void StoreWorker::arm_faults(Hand& hand) {
  refusing_ = true;
  const std::uint64_t nth = 1 + hand.below(20);
  const std::uint64_t times = 1 + hand.below(hand.below(3) == 0 ? most_refusals : 4);
  switch (hand.below(6)) {
    case 0:
      for (const char* point : fault_points) {
        if (hand.below(2) == 0) continue;
        faults_.fail(point, nth, Status(ErrorCode::io_error, "refused by the torture"), times);
      }
      return;
    case 1:
      return disk_.refuse(nth, times, change_sync, EIO);
    case 2:
      return disk_.refuse(nth, times, change_bytes | change_sync | change_names, EIO);
    case 3:
      return limit_file_size(hand.below(std::uint64_t{1} << 20));
    default:
      return disk_.refuse(nth, times, change_bytes, ENOSPC);
  }
}

/// The world is good again.
void StoreWorker::clear_faults() {
  disk_.refuse(1, 0, 0, 0);
  limit_file_size(RLIM_INFINITY);
  for (const char* point : fault_points) {
    for (std::uint64_t i = 0; i < 20 + most_refusals; ++i) (void)faults_.check(point);
  }
}

/// Then the store takes writes, if not at once then soon.
void StoreWorker::heal() {
  wait_for_later();
  for (int tries = 0; refusing_; ++tries) {
    std::optional<Begun> begun = begin();
    if (!begun) fail("there is no room for one more attempt");
    const auto id = store_->store(std::move(begun->experience), how(true));
    if (!id && tries < 3 && id.error() == ErrorCode::io_error) continue;
    if (!id) fail("nothing refuses any more, but store answers: " + id.error().to_string());
    acknowledge(begun->number, true);
    refusing_ = false;
  }
}

}  // namespace frys::torture
