// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A lock for a few dozen instructions: one atomic exchange to take, one store to give back.
//
// Whoever finds it taken looks again, first at once, then after yielding, then after sleeping, so
// that a holder that lost its processor gets it back, whatever the priorities are. There is no
// queue and no fairness: nothing slow may be done while it is held.

#pragma once

#include <atomic>

namespace frys::detail {

/// Meets the requirements of Lockable (use std::lock_guard). Threads: safe. Not recursive.
class ShortLock {
 public:
  void lock() noexcept {
    if (taken_.exchange(true, std::memory_order_acquire)) [[unlikely]]
      wait();
  }
  [[nodiscard]] bool try_lock() noexcept {
    return !taken_.load(std::memory_order_relaxed) &&
           !taken_.exchange(true, std::memory_order_acquire);
  }
  void unlock() noexcept { taken_.store(false, std::memory_order_release); }

 private:
  void wait() noexcept;
  std::atomic<bool> taken_{false};
};

/// One turn of waiting for another thread: looks again, yields or sleeps, as turns go by.
class Backoff {
 public:
  void pause() noexcept;

 private:
  unsigned turns_ = 0;
};

}  // namespace frys::detail
