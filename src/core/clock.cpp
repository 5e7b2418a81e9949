// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/core/clock.hpp"

#include <chrono>

#include "core/first_made.hpp"

namespace frys {
namespace {

template <typename ChronoClock>
std::int64_t nanoseconds() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(ChronoClock::now().time_since_epoch())
      .count();
}

class SystemClock final : public Clock {
 public:
  [[nodiscard]] std::int64_t now_ns() const noexcept override {
    return nanoseconds<std::chrono::steady_clock>();
  }
  [[nodiscard]] std::int64_t wall_ns() const noexcept override {
    return nanoseconds<std::chrono::system_clock>();
  }
};

}  // namespace

Clock::~Clock() = default;

const Clock& system_clock() noexcept {
  static constinit detail::Immortal<SystemClock> clock;
  return clock.object;
}

void ManualClock::advance_to(std::int64_t now_ns) noexcept {
  std::int64_t seen = now_ns_.load();
  while (seen < now_ns && !now_ns_.compare_exchange_weak(seen, now_ns)) {
  }
}

}  // namespace frys
