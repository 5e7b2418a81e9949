// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Counts the calls that are inside, and closes behind them.

#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace frys::detail {

/// Threads: safe. Cost of `enter` and `leave`: one atomic operation each.
class OperationGate {
 public:
  /// False once the gate is closed.
  [[nodiscard]] bool enter() noexcept {
    if ((state_.fetch_add(one) & closed_bit) == 0) return true;
    leave();
    return false;
  }
  void leave() noexcept {
    if (state_.fetch_sub(one) == (one | closed_bit)) {
      const std::lock_guard lock(mutex_);
      left_.notify_all();
    }
  }
  /// Lets nobody in any more, and returns when nobody is inside.
  void close() noexcept {
    state_.fetch_or(closed_bit);
    std::unique_lock lock(mutex_);
    left_.wait(lock, [this] { return state_.load() == closed_bit; });
  }
  [[nodiscard]] bool closed() const noexcept { return (state_.load() & closed_bit) != 0; }

 private:
  static constexpr std::uint64_t closed_bit = 1;
  static constexpr std::uint64_t one = 2;
  std::atomic<std::uint64_t> state_{0};
  std::mutex mutex_;
  std::condition_variable left_;
};

}  // namespace frys::detail
