// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The timers of a pool: a heap of our own, and one Asio timer armed for the earliest of them.

#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <map>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "scheduler/asio_private.hpp"
// Asio's door comes first.
#include "frys/core/executor.hpp"

namespace frys::detail {

/// Threads: safe. Somebody must drive `context()` while `pending()` is true.
class PoolTimers {
 public:
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

  /// `run` is called with each due task, on the thread that drives the context.
  explicit PoolTimers(UniqueFunction<void(Task)> run) : alarm_(context_), run_(std::move(run)) {}

  /// 0 when cleared already. May throw bad_alloc.
  TimerId add(std::int64_t due_ns, Task task);
  bool cancel(TimerId timer) noexcept;
  /// Runs what is due now.
  void run_due() noexcept;
  [[nodiscard]] bool is_due() const noexcept;
  /// Takes every task out, and takes no more.
  std::vector<Task> clear() noexcept;

  /// Handles one event of the context, or none once `interrupt` was called.
  void drive_once() noexcept { context_.run_one(); }
  /// Makes one `drive_once` return; allocates nothing. Who drives calls `prepare` first, then looks
  /// whether it should go on, then `drive_once`: an interrupt after that look is not lost.
  void interrupt() noexcept { context_.stop(); }
  void prepare() noexcept { context_.restart(); }

  [[nodiscard]] bool pending() const noexcept { return next_due_ns_.load() != never; }
  [[nodiscard]] std::uint64_t fired() const noexcept { return fired_.load(); }

 private:
  using Key = std::pair<std::int64_t, TimerId>;  // Due time, then order of submission.
  void rearm();                                  // Under the lock.

  net::io_context context_;
  net::executor_work_guard<net::io_context::executor_type> work_{context_.get_executor()};
  std::mutex mutex_;
  net::steady_timer alarm_;
  std::int64_t armed_for_ns_ = never;
  std::map<Key, Task> tasks_;
  std::unordered_map<TimerId, std::int64_t> due_;
  TimerId last_id_ = 0;
  bool closed_ = false;
  std::atomic<std::int64_t> next_due_ns_{never};
  std::atomic<std::uint64_t> fired_{0};
  UniqueFunction<void(Task)> run_;
};

}  // namespace frys::detail
