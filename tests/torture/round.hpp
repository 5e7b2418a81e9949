// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What all kinds of rounds have in common.

#pragma once

#include <chrono>
#include <cstdint>

namespace frys::torture {

using SteadyClock = std::chrono::steady_clock;

/// When to stop.
struct Limit {
  SteadyClock::time_point end;
  std::uint64_t operations_left;

  [[nodiscard]] bool reached() const { return operations_left == 0 || SteadyClock::now() >= end; }
  void use(std::uint64_t operations) {
    operations_left -= operations < operations_left ? operations : operations_left;
  }
};

struct Totals {
  std::uint64_t rounds = 0;
  std::uint64_t operations = 0;
  std::uint64_t allocations = 0;
  std::uint64_t refusals = 0;
};

/// One round on scopes, or one on a pool without scopes. A difference ends the program.
void run_scope_round(std::uint64_t seed, std::uint64_t threads, Limit& limit, Totals& totals);
void run_pool_round(std::uint64_t seed, std::uint64_t threads, Limit& limit, Totals& totals);

}  // namespace frys::torture
