// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Who is changed, and what removes and amends.

#include <algorithm>
#include <chrono>

#include "torture/store_worker.hpp"

namespace frys::torture {
namespace {

// For those that heal the store.
constexpr std::size_t attempts_kept = 64;
// How many of those that are gone a thread gathers to add them again.
constexpr std::size_t most_gathered = 300;

}  // namespace

/// Nobody else changes `number` until it is let go. Nothing: somebody does, or it is not known how
/// a change ended.
std::optional<Condition> StoreWorker::claim(std::uint32_t number) {
  const std::lock_guard lock(numbers_mutex_);
  const Known& known = model_.known()[number];
  if (!known.settled() || !claimed_.insert(number).second) return std::nullopt;
  return known.now();
}

void StoreWorker::let_go(std::uint32_t number) {
  const std::lock_guard lock(numbers_mutex_);
  claimed_.erase(number);
}

Condition StoreWorker::as_stored(std::uint32_t number) const {
  const Experience outline = make_outline(model_.recipe(), number);
  return {true, {outline.outcome, outline.reward, 0, 0}, 0};
}

/// Under numbers_mutex_.
std::optional<StoreWorker::Change> StoreWorker::note(std::uint32_t number, const Condition& after) {
  Attempt& attempt = journal_.attempts[next_attempt_];
  attempt.number = number;
  attempt.after = after;
  const std::uint64_t ticket = journal_.ticket();
  model_.begin(number, after, ticket);
  attempt.begun = ticket;
  return Change{number, next_attempt_++};
}

/// Who begins has claimed it. Nothing: there is no room to note it.
std::optional<StoreWorker::Change> StoreWorker::begin(std::uint32_t number,
                                                      const Condition& after) {
  const std::lock_guard lock(numbers_mutex_);
  if (next_attempt_ + attempts_kept >= Journal::most_attempts) return std::nullopt;
  return note(number, after);
}

/// Lets it go, too: one that was refused stays claimed.
void StoreWorker::acknowledge(const Change& change, bool synced) {
  Attempt& attempt = journal_.attempts[change.attempt];
  std::uint64_t sequence = 0;
  if (attempt.after.there) {
    const Result<ScanRow> row = store_->look_up(id_of(change.number));
    if (row) sequence = row->sequence;
    if (!row && row.error() != ErrorCode::closed) {
      fail("experience " + std::to_string(change.number) + " was acknowledged, but look_up says " +
           row.error().to_string());
    }
  }
  const std::lock_guard lock(numbers_mutex_);
  const std::uint64_t ticket = journal_.ticket();
  model_.acknowledge(change.number, ticket, synced, sequence);
  attempt.sequence = sequence;
  attempt.synced = synced;
  attempt.acknowledged = ticket;
  claimed_.erase(change.number);
}

/// The next that was never stored; none when there is no room to note it.
std::optional<StoreWorker::Begun> StoreWorker::begin_new() {
  Begun begun;
  {
    const std::lock_guard lock(numbers_mutex_);
    if (next_attempt_ == Journal::most_attempts) return std::nullopt;
    const std::uint32_t number = model_.add();
    claimed_.insert(number);
    begun.change = *note(number, as_stored(number));
  }
  begun.experience = make_experience(model_.recipe(), begun.change.number);
  const Result<ExperienceId> id = content_id(begun.experience);
  if (!id) fail("content_id: " + id.error().to_string());
  const std::lock_guard lock(numbers_mutex_);
  model_.name(begun.change.number, *id);
  return begun;
}

/// One that was removed, or a new one.
std::optional<StoreWorker::Begun> StoreWorker::begin_some(Hand& hand) {
  if (!hand.removed.empty() && hand.below(10) < (task_.churn ? 9 : 3)) {
    const std::uint32_t number = hand.removed.back();
    hand.removed.pop_back();
    const std::optional<Condition> now = claim(number);
    std::optional<Change> change;
    if (now && !now->there) change = begin(number, as_stored(number));
    if (change) return Begun{*change, make_experience(model_.recipe(), number)};
    if (now) let_go(number);
  }
  {
    const std::lock_guard lock(numbers_mutex_);
    if (next_attempt_ + attempts_kept >= Journal::most_attempts) return std::nullopt;
  }
  return begin_new();
}

void StoreWorker::check_id(std::uint32_t number, const ExperienceId& id) {
  if (id == id_of(number)) return;
  fail("experience " + std::to_string(number) + " was stored as " + id.to_string() + ", not " +
       id_of(number).to_string());
}

void StoreWorker::gather_removed(Hand& hand) {
  const std::lock_guard lock(numbers_mutex_);
  const std::uint32_t next = model_.next_number();
  if (next == 0) return;
  const auto from = static_cast<std::uint32_t>(hand.below(next));
  for (std::uint32_t i = 0; i < next && hand.removed.size() < most_gathered; ++i) {
    const std::uint32_t number = (from + i) % next;
    if (!model_.known()[number].now().there) hand.removed.push_back(number);
  }
}

/// What was removed takes memory until the tables are made without it.
void StoreWorker::note_exchange(Hand& hand) {
  const std::uint64_t removed = store_->stats().removed;
  if (removed < hand.removed_seen) ++journal_.exchanges;
  hand.removed_seen = removed;
}

void StoreWorker::remove_one(Hand& hand) {
  const std::uint32_t number = some_number(hand);
  if (number == no_number) return;
  const std::optional<Condition> now = claim(number);
  if (!now) return;
  if (!now->there) {
    const Status status = store_->remove(id_of(number));
    let_go(number);
    if (status == ErrorCode::not_found || !went_well(status, "remove")) return;
    fail("remove takes experience " + std::to_string(number) + ", which is not there");
  }
  const std::optional<Change> change = begin(number, Condition());
  if (!change) return let_go(number);
  const bool synced = hand.below(3) == 0;
  const std::uint64_t ticket = journal_.ticket();
  if (!went_well(store_->remove(id_of(number), how(synced)), "remove")) return;
  acknowledge(*change, synced);
  if (synced) journal_.durable(ticket);
  ++journal_.removals;
  hand.removed.push_back(number);
  check_record(number, false);
}

/// Those of an agent, a workflow or an outcome that started in some span of time.
void StoreWorker::remove_some(Hand& hand) {
  const std::uint32_t first = some_number(hand);
  if (first == no_number) return;
  const Experience one = make_outline(model_.recipe(), first);
  ScanQuery which;
  if (hand.below(2) == 0) which.workflow = one.workflow;
  if (hand.below(task_.churn ? 8 : 2) == 0) which.agent = one.agent;
  if (hand.below(4) == 0) which.outcome = one.outcome;
  which.started_from_ns = which.started_before_ns = one.started_at_ns;
  std::vector<Change> changes;
  std::vector<std::uint32_t> claimed;
  const std::uint64_t most = 1 + hand.below(task_.churn ? 1000 : 40);
  const auto end = static_cast<std::uint32_t>(std::min<std::uint64_t>(next_number(), first + most));
  for (std::uint32_t number = first; number < end; ++number, ++which.started_before_ns) {
    const Experience outline = make_outline(model_.recipe(), number);
    if ((!which.workflow.empty() && which.workflow != outline.workflow) ||
        (!which.agent.empty() && which.agent != outline.agent)) {
      continue;
    }
    const std::optional<Condition> now = claim(number);
    if (!now) break;
    claimed.push_back(number);
    if (!now->there || (which.outcome && *which.outcome != now->standing.outcome)) continue;
    const std::optional<Change> change = begin(number, Condition());
    if (!change) break;
    claimed.pop_back();
    changes.push_back(*change);
  }
  const bool synced = hand.below(3) == 0;
  const std::uint64_t ticket = journal_.ticket();
  const Result<std::uint64_t> removed = store_->remove_matching(which, how(synced));
  for (const std::uint32_t number : claimed) let_go(number);
  if (!went_well(removed.status(), "remove_matching")) return;
  if (*removed != changes.size()) {
    fail("remove_matching has removed " + std::to_string(*removed) + ", not " +
         std::to_string(changes.size()) + " from experience " + std::to_string(first) + " on");
  }
  for (const Change& change : changes) {
    acknowledge(change, synced);
    hand.removed.push_back(change.number);
  }
  journal_.removals += changes.size();
  if (synced && !changes.empty()) journal_.durable(ticket);
  if (!changes.empty()) check_record(changes.back().number, false);
  note_exchange(hand);
}

void StoreWorker::amend(Hand& hand) {
  const std::uint32_t number = some_number(hand);
  if (number == no_number) return;
  const std::optional<Condition> now = claim(number);
  if (!now) return;
  if (!now->there) return let_go(number);
  Amendment amendment;
  // Each shows.
  amendment.uses = 1 + hand.below(3);
  if (hand.below(2) == 0) amendment.outcome = static_cast<Outcome>(hand.below(3));
  if (hand.below(2) == 0) amendment.reward = -static_cast<double>(hand.below(1000)) / 8;
  Condition after = *now;
  after.standing.outcome = amendment.outcome.value_or(after.standing.outcome);
  after.standing.reward = amendment.reward.value_or(after.standing.reward);
  after.standing.uses += amendment.uses;
  const std::optional<Change> change = begin(number, after);
  if (!change) return let_go(number);
  const bool synced = hand.below(3) == 0;
  const std::uint64_t ticket = journal_.ticket();
  if (!went_well(store_->amend(id_of(number), amendment, how(synced)), "amend")) return;
  acknowledge(*change, synced);
  if (synced) journal_.durable(ticket);
  ++journal_.amendments;
  check_look_up(number);
}

}  // namespace frys::torture
