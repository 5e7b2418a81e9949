// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Gives memory that nobody needed for a while back to the system, as background work.
//
// A decay time has eight beats. At each, a pool is asked how many of its free pages nobody needed
// since the last one, and part of them go, so that what is needed at each beat stays, a peak goes
// softly, and what was idle for the whole time is gone (the curve is the one jemalloc's decay
// follows, Perlin's smootherstep). Blocks that threads keep for themselves and slabs that are empty
// go when nobody touched them for the whole time.
//
// There is a timer only while there is something to give back: it is set when memory is freed past
// the threads' own caches, and no more once nothing is left. A pool at rest wakes nobody.
//
// Threads: every member of `Decay` is safe; `DecayCurve` is one thread's.

#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "frys/core/executor.hpp"

namespace frys::detail {

class PoolCore;

/// Which free pages go at a beat. They are counted by how many beats they have seen: of those that
/// were idle from the first one on, all have gone after `looks`.
class DecayCurve {
 public:
  static constexpr std::uint32_t beats = 8;
  /// Idle from just after a beat, a page sees one less.
  static constexpr std::uint32_t looks = beats - 1;

  /// Since the last beat `idle` pages were never needed. Returns how many of them are to go.
  std::size_t pass(std::size_t idle) noexcept;

 private:
  std::array<std::size_t, looks - 1> kept_{};  ///< Those that saw 1, 2, … beats before.
};

/// The timer of one pool.
class Decay : public std::enable_shared_from_this<Decay> {
 public:
  /// `decay_ns` ≥ 1. The pool must live until `close` has returned.
  Decay(PoolCore& pool, Executor& executor, std::int64_t decay_ns) noexcept;

  [[nodiscard]] bool at_rest() const noexcept {
    return state_.load(std::memory_order_relaxed) == State::resting;
  }
  /// Something was freed. Cost: one load, unless the pool was at rest.
  void wake() noexcept {
    if (at_rest()) [[unlikely]]
      start();
  }
  /// Ends the timer and waits for a beat that is under way. Nothing is touched after.
  void close() noexcept;

  void hold_for_fork() noexcept { mutex_.lock(); }
  void let_go_after_fork() noexcept { mutex_.unlock(); }
  /// The executor's threads are not in this process: only a trim gives back from now on.
  void end_in_child() noexcept;

 private:
  enum class State : std::uint8_t {
    resting,
    beating,
    off,  ///< The executor has no timers, or all is closed.
  };
  /// Keeps `close` waiting, or finds that it came first.
  class Visit;

  void start() noexcept;
  void arm() noexcept;
  void fire() noexcept;
  void beat() noexcept;

  PoolCore& pool_;
  Executor& executor_;
  const std::int64_t beat_ns_;
  std::atomic<State> state_{State::resting};
  DecayCurve curve_;  ///< The beat's alone; there is never more than one.

  std::mutex mutex_;  ///< Guards the rest. Nothing is called under it.
  std::condition_variable left_;
  std::size_t inside_ = 0;
  bool closed_ = false;
  TimerId timer_ = 0;
};

}  // namespace frys::detail
