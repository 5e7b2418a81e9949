// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/decay.hpp"

#include <algorithm>

#include "memory/pool_core.hpp"

namespace frys::detail {
namespace {

// What is left of pages that have seen so many beats (Perlin 2002, 6t⁵ - 15t⁴ + 10t³, turned
// round).
constexpr double left_after(std::uint32_t seen) {
  const double t = static_cast<double>(seen) / DecayCurve::looks;
  return 1 - t * t * t * (t * (t * 6 - 15) + 10);
}

// Rounded down, so that the last page goes as well.
constexpr std::size_t survivors(std::size_t pages, std::uint32_t seen) {
  return static_cast<std::size_t>(static_cast<double>(pages) * left_after(seen + 1) /
                                  left_after(seen));
}

}  // namespace

std::size_t DecayCurve::pass(std::size_t idle) noexcept {
  // What was needed meanwhile is of the youngest: the others have been idle for longer than it.
  std::size_t known = 0;
  for (std::size_t i = kept_.size(); i > 0; --i) {
    kept_[i - 1] = std::min(kept_[i - 1], idle - known);
    known += kept_[i - 1];
  }
  for (std::size_t i = kept_.size() - 1; i > 0; --i) {
    kept_[i] = survivors(kept_[i - 1], static_cast<std::uint32_t>(i));
  }
  kept_[0] = survivors(idle - known, 0);
  std::size_t kept = 0;
  for (const std::size_t pages : kept_) kept += pages;
  return idle - kept;
}

class Decay::Visit {
 public:
  explicit Visit(Decay& decay) noexcept : decay_(decay) {
    const std::lock_guard lock(decay_.mutex_);
    entered_ = !decay_.closed_;
    if (entered_) ++decay_.inside_;
  }
  ~Visit() {
    if (!entered_) return;
    const std::lock_guard lock(decay_.mutex_);
    if (--decay_.inside_ == 0 && decay_.closed_) decay_.left_.notify_all();
  }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;
  explicit operator bool() const noexcept { return entered_; }

 private:
  Decay& decay_;
  bool entered_;
};

Decay::Decay(PoolCore& pool, Executor& executor, std::int64_t decay_ns) noexcept
    : pool_(pool),
      executor_(executor),
      beat_ns_(std::max<std::int64_t>(decay_ns / DecayCurve::beats, 1)) {}

void Decay::start() noexcept {
  const Visit visit(*this);
  State expected = State::resting;
  if (!visit || !state_.compare_exchange_strong(expected, State::beating)) return;
  pool_.begin_decay();
  arm();
}

void Decay::arm() noexcept {
  try {
    const Result<TimerId> timer =
        executor_.submit_after(beat_ns_, [self = shared_from_this()] { self->fire(); });
    if (timer) {
      const std::lock_guard lock(mutex_);
      timer_ = *timer;
    } else {
      state_.store(State::off);
    }
  } catch (...) {
    state_.store(State::resting);  // Without heap memory for the task: the next free tries again.
  }
}

// Timers fire as foreground work, and this is none.
void Decay::fire() noexcept {
  const Visit visit(*this);
  if (!visit) return;
  try {
    const Status status =
        executor_.submit([self = shared_from_this()] { self->beat(); }, TaskClass::background);
    if (!status.ok()) state_.store(State::off);
  } catch (...) {
    state_.store(State::resting);
  }
}

void Decay::beat() noexcept {
  const Visit visit(*this);
  if (!visit) return;
  pool_.decay(curve_);
  if (pool_.holds_idle()) return arm();
  // In this order: what is freed from here on wakes us, what was freed before is seen.
  state_.store(State::resting);
  if (pool_.holds_idle()) start();
}

void Decay::end_in_child() noexcept {
  state_.store(State::off);
  inside_ = 0;
  timer_ = 0;
}

void Decay::close() noexcept {
  TimerId timer = 0;
  {
    std::unique_lock lock(mutex_);
    closed_ = true;
    left_.wait(lock, [this] { return inside_ == 0; });
    timer = timer_;
    state_.store(State::off);
  }
  if (timer != 0) executor_.cancel_timer(timer);
}

}  // namespace frys::detail
