// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "torture/store_model.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <new>

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
    attempt.synced = false;
  }
  phase = Phase::starting;
  closes = 0;
  durable_ticket = 0;
  row_count = 0;
  operations = records_checked = refusals = searches = misses = 0;
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

std::string StoreModel::words_of(std::uint32_t number) const {
  return "experience " + std::to_string(number) + " (" + known_[number].id.to_string() + ")";
}

bool StoreModel::must_be_there(const Known& known) const noexcept {
  if (!known.acknowledged) return false;
  return !lost_power_ || known.synced || known.done < durable_ticket_;
}

// Those that were there stay, in their order; only where the machine went down some may be gone.
std::string StoreModel::check_old_rows(const std::vector<std::uint32_t>& seen) const {
  std::vector<std::uint32_t> place(known_.size(), 0);
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    place[rows_[i]] = static_cast<std::uint32_t>(i + 1);
  }
  std::uint32_t last = 0;
  bool any_new = false;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const std::uint32_t number = seen[i];
    if (place[number] == 0) {
      any_new = true;
      continue;
    }
    const bool moved = place[number] != i + 1 && !lost_power_;
    if (any_new || place[number] <= last || moved) {
      return words_of(number) + " has moved from sequence " + std::to_string(place[number]) +
             " to " + std::to_string(i + 1);
    }
    last = place[number];
  }
  return {};
}

std::string StoreModel::check_new_rows(const std::vector<std::uint32_t>& seen) const {
  std::uint64_t latest_begin = 0;
  for (const std::uint32_t number : seen) {
    const Known& known = known_[number];
    if (known.state == Known::State::absent) return words_of(number) + " came back from nowhere";
    if (known.state != Known::State::tried) continue;
    if (known.acknowledged && known.done < latest_begin) {
      return words_of(number) + " comes after one that was begun when it was done";
    }
    latest_begin = std::max(latest_begin, known.begun);
  }
  return {};
}

std::string StoreModel::compare(const Journal& journal) {
  const std::uint32_t count = journal.row_count.load();
  std::vector<std::uint32_t> seen(journal.rows.begin(), journal.rows.begin() + count);
  std::vector<bool> is_there(known_.size(), false);
  for (const std::uint32_t number : seen) {
    if (number >= known_.size()) return "an experience that nobody stored";
    if (is_there[number]) return words_of(number) + " is there twice";
    is_there[number] = true;
  }
  for (std::uint32_t number = 0; number < known_.size(); ++number) {
    if (is_there[number] || !must_be_there(known_[number])) continue;
    return words_of(number) + " was acknowledged and is lost";
  }
  std::string difference = check_old_rows(seen);
  if (difference.empty()) difference = check_new_rows(seen);
  if (!difference.empty()) return difference;
  for (std::uint32_t number = 0; number < known_.size(); ++number) {
    Known& known = known_[number];
    known.state = is_there[number] ? Known::State::there : Known::State::absent;
    // Seen is as good as acknowledged.
    if (is_there[number] && !known.acknowledged) known.done = journal.checked_ticket;
    known.acknowledged = is_there[number];
  }
  rows_ = std::move(seen);
  lost_power_ = false;
  return {};
}

void StoreModel::take(const Journal& journal) {
  durable_ticket_ = std::max(durable_ticket_, journal.durable_ticket.load());
  for (const Attempt& attempt : journal.attempts) {
    if (attempt.begun == 0) break;
    Known known;
    known.id = content_id(make_experience(recipe_, next_number())).value_or(ExperienceId());
    known.state = Known::State::tried;
    known.begun = attempt.begun;
    known.done = attempt.acknowledged;
    known.synced = attempt.synced;
    known.acknowledged = known.done != 0;
    known_.push_back(known);
  }
}

}  // namespace frys::torture
