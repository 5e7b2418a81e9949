// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Time, injected, so that every policy also runs in a deterministic simulation.
//
//   frys::ManualClock clock;
//   clock.advance(1'000'000);          // one millisecond later
//   assert(clock.now_ns() == 1'000'000);

#pragma once

#include <atomic>
#include <cstdint>

#include "frys/core/export.hpp"

namespace frys {

/// A source of time. Threads: safe.
class FRYS_API Clock {
 public:
  virtual ~Clock();
  /// Nanoseconds since an arbitrary start; never goes back.
  [[nodiscard]] virtual std::int64_t now_ns() const noexcept = 0;
  /// Nanoseconds since 1970-01-01T00:00:00Z; may be set back by the host.
  [[nodiscard]] virtual std::int64_t wall_ns() const noexcept = 0;
};

/// The machine's clocks (`CLOCK_MONOTONIC`, `CLOCK_REALTIME`); lives as long as the process.
FRYS_API const Clock& system_clock() noexcept;

/// A clock that stands still until it is moved. Threads: safe.
class FRYS_API ManualClock final : public Clock {
 public:
  explicit ManualClock(std::int64_t start_ns = 0) noexcept : now_ns_(start_ns) {}
  [[nodiscard]] std::int64_t now_ns() const noexcept override { return now_ns_.load(); }
  [[nodiscard]] std::int64_t wall_ns() const noexcept override { return now_ns_.load(); }
  void advance(std::int64_t delta_ns) noexcept { now_ns_.fetch_add(delta_ns); }
  /// Moves to `now_ns` unless the clock is past it already.
  void advance_to(std::int64_t now_ns) noexcept;

 private:
  std::atomic<std::int64_t> now_ns_;
};

}  // namespace frys
