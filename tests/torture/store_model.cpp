// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "torture/store_model.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <span>

namespace frys::torture {

Journal& Journal::shared() {
  static Journal* const journal = [] {
    void* memory =
        ::mmap(nullptr, sizeof(Journal), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
      std::fputs("no memory to share\n", stderr);
      std::exit(1);
    }
    return new (memory) Journal();
  }();
  return *journal;
}

void Journal::clear() noexcept {
  for (Attempt& attempt : attempts) {
    if (attempt.begun == 0) break;  // They are taken in turn.
    attempt.begun = 0;
    attempt.acknowledged = 0;
    attempt.sequence = 0;
    attempt.synced = false;
  }
  phase = Phase::starting;
  closes = 0;
  durable_ticket = 0;
  row_count = 0;
  last_sequence = 0;
  operations = records_checked = refusals = searches = misses = 0;
  removals = amendments = exchanges = 0;
  opening_us = 0;
  failed = false;
  message[0] = '\0';
}

void Journal::durable(std::uint64_t ticket) noexcept {
  std::uint64_t now = durable_ticket.load();
  while (now < ticket && !durable_ticket.compare_exchange_weak(now, ticket)) {
  }
}

void Journal::say(const std::string& text) noexcept {
  std::snprintf(message.data(), message.size(), "%s", text.c_str());
}

void Journal::fail(const std::string& text) noexcept {
  if (failed.exchange(true)) {
    for (;;) ::pause();  // Another thread has found one, and is ending the process.
  }
  say(text);
  ::_exit(1);
}

std::optional<std::size_t> Known::step_of(const SeenRow* row, std::size_t first) const {
  std::optional<std::size_t> found;
  for (std::size_t i = steps.size(); i-- > first;) {
    const Condition& after = steps[i].after;
    if (!fits(after, row)) continue;
    if (row == nullptr || after.sequence == row->sequence) return i;
    if (!found) found = i;
  }
  return found;
}

std::optional<std::uint64_t> Known::moment_of(const SeenRow* row, std::uint64_t from) const {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (i + 1 < steps.size() && steps[i + 1].done < from) continue;
    if (fits(steps[i].after, row)) return std::max(from, steps[i].begun);
  }
  return std::nullopt;
}

std::vector<Condition> Known::between(std::uint64_t first, std::uint64_t last) const {
  std::vector<Condition> conditions;
  for (std::size_t i = steps.size(); i-- > 0;) {
    if (steps[i].begun <= last) conditions.push_back(steps[i].after);
    if (steps[i].done != 0 && steps[i].done < first) break;  // What was before had ended.
  }
  return conditions;
}

bool fits(const Condition& condition, const SeenRow* row) noexcept {
  if (row == nullptr || !condition.there) return (row != nullptr) == condition.there;
  return condition.standing == row->standing &&
         (condition.sequence == 0 || condition.sequence == row->sequence);
}

bool fits_some(const std::vector<Condition>& conditions, const SeenRow& row) noexcept {
  const auto some = [&](auto&& holds) {
    return std::any_of(conditions.begin(), conditions.end(),
                       [&](const Condition& c) { return c.there && holds(c); });
  };
  const Standing& standing = row.standing;
  return some([&](const Condition& c) { return c.sequence == 0 || c.sequence == row.sequence; }) &&
         some([&](const Condition& c) { return c.standing.outcome == standing.outcome; }) &&
         some([&](const Condition& c) { return c.standing.reward == standing.reward; }) &&
         some([&](const Condition& c) { return c.standing.uses == standing.uses; });
}

std::string StoreModel::words_of(std::uint32_t number) const {
  return "experience " + std::to_string(number) + " (" + known_[number].id.to_string() + ")";
}

/// The first step after which it may have been left.
std::size_t StoreModel::earliest_step(const Known& known) const noexcept {
  std::size_t i = known.steps.size() - 1;
  for (; i > 0; --i) {
    const Step& step = known.steps[i];
    if (step.done != 0 && (!lost_power_ || step.synced || step.done < durable_ticket_)) break;
  }
  return i;
}

/// Goes on from the last step that `row` agrees with.
std::string StoreModel::settle(std::uint32_t number, const SeenRow* row, std::uint64_t ticket) {
  std::vector<Step>& steps = known_[number].steps;
  const std::size_t earliest = earliest_step(known_[number]);
  const std::optional<std::size_t> at = known_[number].step_of(row, earliest);
  if (!at) {
    const Condition& must = steps[earliest].after;
    if (row == nullptr) return words_of(number) + " was acknowledged and is lost";
    if (!must.there) return words_of(number) + " is there, but was removed or never stored";
    return words_of(number) + " is at sequence " + std::to_string(row->sequence) + " with " +
           std::to_string(row->standing.uses) + " uses, not at " + std::to_string(must.sequence) +
           " with " + std::to_string(must.standing.uses) + ", or stands otherwise";
  }
  steps.resize(*at + 1);
  // Seen is as good as acknowledged.
  if (steps.back().done == 0) steps.back().done = ticket;
  if (row == nullptr) return {};
  for (std::size_t i = steps.size(); i-- > 0 && steps[i].after.there;) {
    steps[i].after.sequence = row->sequence;
  }
  return {};
}

/// What was added when another had been is after it.
std::string StoreModel::check_order(const std::vector<std::uint32_t>& seen) const {
  std::uint64_t latest_begin = 0;
  for (const std::uint32_t number : seen) {
    const std::vector<Step>& steps = known_[number].steps;
    std::size_t added = steps.size() - 1;
    while (steps[added - 1].after.there) --added;
    if (steps[added].done < latest_begin) {
      return words_of(number) + " comes after one that was begun when it was done";
    }
    latest_begin = std::max(latest_begin, steps[added].begun);
  }
  return {};
}

/// Each change takes one, and nothing else does.
std::string StoreModel::check_last_sequence(const Journal& journal) const {
  const std::uint64_t last = journal.last_sequence;
  const std::uint64_t least = lost_power_ ? 0 : last_sequence_ + done_since_;
  if (last >= least && last <= last_sequence_ + begun_since_) return {};
  return "the last sequence is " + std::to_string(last) + ", after " +
         std::to_string(last_sequence_) + " and then " + std::to_string(done_since_) + " to " +
         std::to_string(begun_since_) + " changes";
}

std::string StoreModel::compare(const Journal& journal) {
  std::vector<const SeenRow*> place(known_.size(), nullptr);
  std::vector<std::uint32_t> seen;
  for (const SeenRow& row : std::span(journal.rows).first(journal.row_count.load())) {
    if (row.number >= known_.size()) return "an experience that nobody stored";
    if (place[row.number] != nullptr) return words_of(row.number) + " is there twice";
    place[row.number] = &row;
    seen.push_back(row.number);
  }
  for (std::uint32_t number = 0; number < known_.size(); ++number) {
    std::string difference = settle(number, place[number], journal.checked_ticket);
    if (!difference.empty()) return difference;
  }
  std::string difference = check_order(seen);
  if (difference.empty()) difference = check_last_sequence(journal);
  if (!difference.empty()) return difference;
  rows_ = std::move(seen);
  last_sequence_ = journal.last_sequence;
  begun_since_ = done_since_ = 0;
  lost_power_ = false;
  return {};
}

void StoreModel::begin(std::uint32_t number, const Condition& after, std::uint64_t ticket) {
  std::vector<Step>& steps = known_[number].steps;
  Step step{after, ticket, 0, false};
  // As long as it is there it is where it was.
  step.after.sequence = after.there && steps.back().after.there ? steps.back().after.sequence : 0;
  steps.push_back(step);
  ++begun_since_;
}

void StoreModel::acknowledge(std::uint32_t number, std::uint64_t ticket, bool synced,
                             std::uint64_t sequence) {
  Step& step = known_[number].steps.back();
  step.done = ticket;
  step.synced = synced;
  if (sequence != 0) step.after.sequence = sequence;
  ++done_since_;
}

void StoreModel::take(const Journal& journal) {
  durable_ticket_ = std::max(durable_ticket_, journal.durable_ticket.load());
  for (const Attempt& attempt : journal.attempts) {
    if (attempt.begun == 0) break;
    if (attempt.number == next_number()) {
      const Experience experience = make_experience(recipe_, attempt.number);
      name(add(), content_id(experience).value_or(ExperienceId()));
    }
    begin(attempt.number, attempt.after, attempt.begun);
    if (attempt.acknowledged != 0) {
      acknowledge(attempt.number, attempt.acknowledged, attempt.synced, attempt.sequence);
    }
  }
}

}  // namespace frys::torture
