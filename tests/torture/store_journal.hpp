// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What a process that works on a store tells its parent, in memory that both see: whatever ends the
// process, the parent reads all of it up to that instruction.

#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

#include "frys/experience/experience.hpp"

namespace frys::torture {

/// How far the process has come; it goes on from the last to closing and opening again.
enum class Phase : std::uint32_t { starting, checked, worked };

/// How it is with an experience.
struct Condition {
  bool there = false;
  Standing standing;           ///< Without the time.
  std::uint64_t sequence = 0;  ///< 0: not known.
};

/// One change of one experience. Tickets count up over all processes on a folder; 0: not yet.
struct Attempt {
  // Written before `begun`.
  std::uint32_t number;
  Condition after;
  std::atomic<std::uint64_t> begun;
  std::atomic<std::uint64_t> acknowledged;
  std::atomic<std::uint64_t> sequence;  ///< Of what is there, when it is acknowledged; 0: unknown.
  std::atomic<bool> synced;             ///< Acknowledged so.
};

/// What a scan says of an experience.
struct SeenRow {
  std::uint32_t number;
  std::uint64_t sequence;
  Standing standing;
};

/// Threads: safe, but for `clear`.
struct Journal {
  static constexpr std::size_t most_attempts = 1 << 16;
  static constexpr std::size_t most_rows = 1 << 16;

  std::atomic<Phase> phase;
  std::atomic<std::uint32_t> closes;   ///< Begun.
  std::atomic<std::uint64_t> tickets;  ///< Given out; kept by `clear`.
  /// What was acknowledged before this ticket must outlive the machine.
  std::atomic<std::uint64_t> durable_ticket;
  std::array<Attempt, most_attempts> attempts;  ///< In the order in which they were begun.
  std::atomic<std::uint64_t> checked_ticket;    ///< When the rows had been read.
  std::atomic<std::uint32_t> row_count;         ///< Of `rows`, valid when it has been `checked`.
  std::array<SeenRow, most_rows> rows;          ///< In the order of their sequence.
  std::atomic<std::uint64_t> last_sequence;     ///< Of the store, when it has been `checked`.
  std::atomic<std::uint64_t> operations;
  std::atomic<std::uint64_t> records_checked;
  std::atomic<std::uint64_t> refusals;  ///< Errors that were asked for.
  std::atomic<std::uint64_t> searches;  ///< Without a filter, for a record's own vector.
  std::atomic<std::uint64_t> misses;    ///< Of those, that did not find the record.
  std::atomic<std::uint64_t> removals;  ///< Acknowledged; experiences.
  std::atomic<std::uint64_t> amendments;
  std::atomic<std::uint64_t> exchanges;  ///< Of the tables; those that were noticed.
  std::atomic<std::int64_t> opening_us;
  std::atomic<bool> failed;
  std::array<char, 2000> message;  ///< Why it failed, or what it found.

  /// One for all processes, zero all over.
  static Journal& shared();
  void clear() noexcept;

  std::uint64_t ticket() noexcept { return tickets.fetch_add(1) + 1; }
  void durable(std::uint64_t ticket) noexcept;
  void say(const std::string& text) noexcept;
  /// Ends the process: it has found a difference.
  [[noreturn]] void fail(const std::string& text) noexcept;
};

}  // namespace frys::torture
