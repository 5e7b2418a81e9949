// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The library's threads: work-stealing workers, background threads and timers behind `Executor`.
// One pool serves a whole kernel. Not for work that sleeps or blocks on a socket: let that finish
// later instead, or submit it as background.
//
//   auto pool = frys::ThreadPool::create({.workers = 4});
//   (*pool)->submit([] { work(); });
//   (*pool)->close();

#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "frys/core/environment.hpp"
#include "frys/core/executor.hpp"
#include "frys/core/result.hpp"

namespace frys {

struct ThreadPoolOptions {
  std::size_t workers = 0;             ///< Foreground threads, ≤ 1024; 0: `machine().cores`.
  std::size_t background_workers = 2;  ///< Threads of the background class, 1 … 64.
  std::string name = "frys";           ///< Threads are named "<name>-w0", "<name>-b0"; ≤ 10 bytes.
};

/// Counted since creation; a snapshot, each number exact, the set of them not.
struct ThreadPoolStats {
  std::uint64_t submitted = 0;  ///< Foreground tasks accepted.
  std::uint64_t executed = 0;   ///< Foreground tasks run.
  std::uint64_t steals = 0;     ///< Tasks taken from another worker's deque.
  std::uint64_t parks = 0;      ///< Times a worker went to sleep.
  std::uint64_t timers_fired = 0;
  std::uint64_t background_executed = 0;
  std::size_t threads = 0;  ///< Running now, background included.
};

/// Threads: safe, every member, also from inside its tasks, except `close` and the destructor,
/// which must not be called from one of its own threads.
class FRYS_API ThreadPool final : public Executor {
 public:
  /// Starts the threads. Errors: invalid_argument (an option out of range); unavailable (the
  /// system refused a thread; those started are joined). `environment.executor` is not used.
  static Result<std::unique_ptr<ThreadPool>> create(const ThreadPoolOptions& options = {},
                                                    const Environment& environment = {});
  ~ThreadPool() override;  ///< Closes.

  /// From a worker onto its own deque (newest first, thieves take the oldest), else onto a shared
  /// queue (oldest first). Cost: a task of up to 48 bytes of captures costs one allocation at
  /// most, recycled per thread; a sleeping worker is woken.
  Status submit(Task task, TaskClass task_class = TaskClass::foreground) override;
  /// Where the task runs: on a worker, or, while every worker is busy, on an idle background
  /// thread, so that deadlines are kept; keep it short.
  /// Errors also: invalid_argument (a negative delay). Cost: O(log timers), two allocations.
  Result<TimerId> submit_after(std::int64_t delay_ns, Task task) override;
  bool cancel_timer(TimerId timer) noexcept override;
  /// Allocates nothing per index; helpers take ranges from a shared counter.
  void bulk(std::size_t count, std::size_t grain, FunctionRef<void(std::size_t, std::size_t)> body,
            TaskClass helpers = TaskClass::foreground) noexcept override;
  [[nodiscard]] std::size_t concurrency() const noexcept override;
  [[nodiscard]] const Clock& clock() const noexcept override;

  /// Waits for the tasks that are running, joins every thread, and destroys what was still queued
  /// or timed without running it. Submitting from then on gives `closed`; `bulk` runs in the
  /// caller. Again: nothing. Errors: failed_precondition (called on one of its own threads).
  Status close() noexcept;

  [[nodiscard]] bool on_worker_thread() const noexcept;  ///< Is the caller one of its threads?
  [[nodiscard]] ThreadPoolStats stats() const noexcept;

 private:
  struct Impl;
  explicit ThreadPool(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace frys
