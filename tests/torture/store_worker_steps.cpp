// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <sys/resource.h>

#include <algorithm>
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
    hands.push_back({SeededRandom(random_.next())});
    gather_removed(hands.back());
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

namespace {

/// What is done, in hundredths; the rest is looking.
struct Shares {
  unsigned store_one, store_many, store_later, store_again, sync, remove_one, remove_some, amend;
};
constexpr Shares usual{40, 11, 5, 6, 2, 6, 2, 8};
constexpr Shares churning{10, 18, 3, 3, 2, 16, 16, 10};

}  // namespace

void StoreWorker::step(Hand& hand) {
  ++journal_.operations;
  const Shares& shares = task_.churn ? churning : usual;
  std::uint64_t dice = hand.below(100);
  const auto is = [&dice](unsigned share) {
    const bool hit = dice < share;
    dice -= share;
    return hit;
  };
  if (is(shares.store_one)) return store_one(hand);
  if (is(shares.store_many)) return store_many(hand);
  if (is(shares.store_later)) return store_later(hand);
  if (is(shares.store_again)) return store_again(hand);
  if (is(shares.sync)) return sync();
  if (is(shares.remove_one)) return remove_one(hand);
  if (is(shares.remove_some)) return remove_some(hand);
  if (is(shares.amend)) return amend(hand);
  if (hand.below(64) == 0) (void)went_well(store_->compact(), "compact");
  look_at(hand);
  note_exchange(hand);
}

void StoreWorker::store_one(Hand& hand) {
  std::optional<Begun> begun = begin_some(hand);
  if (!begun) return;
  const bool synced = hand.below(4) == 0;
  const std::uint64_t ticket = journal_.ticket();
  const auto id = store_->store(std::move(begun->experience), how(synced));
  if (!went_well(id.status(), "store")) return;
  acknowledge(begun->change, synced);
  if (synced) journal_.durable(ticket);
  check_id(begun->change.number, *id);
  hand.own.push_back(begun->change.number);
}

void StoreWorker::store_many(Hand& hand) {
  std::vector<Change> changes;
  std::vector<Experience> experiences;
  const std::uint64_t most = hand.below(task_.churn ? 3 : 20) == 0 ? 300 : 12;
  for (std::uint64_t left = 1 + hand.below(most); left > 0; --left) {
    std::optional<Begun> begun = begin_some(hand);
    if (!begun) break;
    changes.push_back(begun->change);
    experiences.push_back(std::move(begun->experience));
  }
  if (changes.empty()) return;
  const bool synced = hand.below(3) == 0;
  const std::uint64_t ticket = journal_.ticket();
  const auto ids = store_->store_many(experiences, how(synced));
  if (!went_well(ids.status(), "store_many")) return;
  if (ids->size() != changes.size()) fail("store_many answers too few identities");
  for (std::size_t i = 0; i < changes.size(); ++i) {
    acknowledge(changes[i], synced);
    check_id(changes[i].number, (*ids)[i]);
    hand.own.push_back(changes[i].number);
  }
  if (synced) journal_.durable(ticket);
}

void StoreWorker::store_later(Hand& hand) {
  std::optional<Begun> begun = begin_some(hand);
  if (!begun) return;
  const bool synced = hand.below(2) == 0;
  const std::uint64_t ticket = journal_.ticket();
  ++later_;
  store_->store(std::move(begun->experience), how(synced),
                [this, change = begun->change, synced, ticket](const Result<ExperienceId>& id) {
                  if (id) {
                    acknowledge(change, synced);
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
  const std::optional<Condition> now = claim(number);
  if (!now) return;
  if (!now->there) return let_go(number);
  const bool synced = hand.below(2) == 0;
  const std::uint64_t ticket = journal_.ticket();
  const auto id = store_->store(make_experience(model_.recipe(), number), how(synced));
  let_go(number);
  if (!went_well(id.status(), "store again")) return;
  if (synced) journal_.durable(ticket);
  check_id(number, *id);
}

void StoreWorker::sync() {
  const std::uint64_t ticket = journal_.ticket();
  if (went_well(store_->sync(), "sync")) journal_.durable(ticket);
}

/// One that was there, and may be removed by now.
std::uint32_t StoreWorker::some_number(Hand& hand) {
  const bool own = !hand.own.empty() && hand.below(2) == 0;
  const std::vector<std::uint32_t>& from = own ? hand.own : model_.rows();
  return from.empty() ? no_number : from[hand.below(from.size())];
}

void StoreWorker::look_at(Hand& hand) {
  const std::uint32_t number = some_number(hand);
  if (number == no_number) return;
  const std::uint64_t dice = hand.below(4);
  if (dice < 2) return check_record(number, dice == 0);
  if (dice == 2) return scan_some(hand, number);
  const Experience experience = make_experience(model_.recipe(), number);
  find_some(hand, experience);
}

/// `number` is in the page, unless it is removed or judged otherwise meanwhile.
void StoreWorker::scan_some(Hand& hand, std::uint32_t number) {
  const std::uint64_t since = journal_.ticket();
  const Condition then = conditions(number, since).back();
  const Experience outline = make_outline(model_.recipe(), number);
  ScanQuery query;
  query.after_sequence = then.sequence - std::min(then.sequence, 1 + hand.below(20));
  query.limit = 21 + hand.below(40);
  query.with_experience = hand.below(2) == 0;
  if (hand.below(3) == 0) query.agent = outline.agent;
  if (hand.below(3) == 0) query.outcome = then.standing.outcome;
  const Result<ScanPage> page = store_->scan(query);
  if (!went_well(page.status(), "scan")) return;
  check_rows(query, page->rows, since, "scan");
  std::uint64_t last = query.after_sequence;
  for (const ScanRow& row : page->rows) {
    if (row.sequence <= last) fail("a scan is not in the order of sequences");
    last = row.sequence;
  }
  const auto is_as_then = [&](const Condition& condition) {
    return condition.there == then.there && condition.standing.outcome == then.standing.outcome;
  };
  const std::vector<Condition> possible = conditions(number, since);
  if (!then.there || then.sequence == 0 ||
      !std::all_of(possible.begin(), possible.end(), is_as_then)) {
    return;
  }
  if (std::none_of(page->rows.begin(), page->rows.end(),
                   [&](const ScanRow& row) { return row.sequence == then.sequence; })) {
    fail("a scan from sequence " + std::to_string(query.after_sequence) + " lacks experience " +
         std::to_string(number) + " at " + std::to_string(then.sequence));
  }
}

void StoreWorker::find_some(Hand& hand, const Experience& experience) {
  const std::vector<SimilarityQuery> queries = exact_queries(experience);
  if (queries.empty()) return;
  SimilarityQuery query = queries[hand.below(queries.size())];
  query.workflow.clear();
  query.k = 1 + hand.below(30);
  if (hand.below(2) == 0) query.agent = experience.agent;
  if (hand.below(3) == 0) query.outcome = experience.outcome;
  query.with_experience = hand.below(2) == 0;
  const std::uint64_t since = journal_.ticket();
  const Result<SimilarMatches> matches = store_->find_similar(query);
  if (went_well(matches.status(), "find_similar")) {
    check_rows(query, matches->matches, since, "find_similar");
  }
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
    std::optional<Begun> begun = begin_new();
    if (!begun) fail("there is no room for one more attempt");
    const auto id = store_->store(std::move(begun->experience), how(true));
    if (!id && tries < 3 && id.error() == ErrorCode::io_error) continue;
    if (!id) fail("nothing refuses any more, but store answers: " + id.error().to_string());
    acknowledge(begun->change, true);
    refusing_ = false;
  }
}

}  // namespace frys::torture
