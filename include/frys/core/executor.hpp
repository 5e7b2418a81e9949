// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Where work runs. The library starts no thread of its own: tensor operations, index merges,
// RocksDB's background work and the steps of a workflow all run on one `Executor`, which the
// scheduler's pool implements. `InlineExecutor` runs everything in the caller.
//
//   executor.bulk(rows, 64, [&](std::size_t begin, std::size_t end) { scale(begin, end); });

#pragma once

#include <cstddef>
#include <cstdint>

#include "frys/core/clock.hpp"
#include "frys/core/function.hpp"
#include "frys/core/result.hpp"

namespace frys {

using Task = UniqueFunction<void()>;

/// Background work (merges, flushes, purging) never delays foreground work that is ready, and has
/// threads of its own, so that foreground work may wait for it.
enum class TaskClass : std::uint8_t { foreground, background };

/// Names one pending timer; 0 is never a timer.
using TimerId = std::uint64_t;

/// Runs tasks. Threads: every member is safe, also from inside a task.
class FRYS_API Executor {
 public:
  virtual ~Executor();

  /// Runs `task` once, soon, on some thread (or at once, in the caller, when inline).
  /// A task must not throw. Errors: closed (the task is destroyed without running).
  virtual Status submit(Task task, TaskClass task_class = TaskClass::foreground) = 0;

  /// Runs `task` as foreground work once `delay_ns` has passed on `clock()`.
  /// Errors: closed; unavailable (this executor has no timers).
  virtual Result<TimerId> submit_after(std::int64_t delay_ns, Task task) = 0;

  /// True when the timer had not fired and now never will.
  virtual bool cancel_timer(TimerId timer) noexcept = 0;

  /// Calls `body(begin, end)` on disjoint ranges that together cover [0, count), each of at most
  /// `grain` indices, and returns when all have returned. The caller works too, so it never
  /// deadlocks, also inside a task and after close; threads of `helpers` help. `body` must not
  /// throw.
  virtual void bulk(std::size_t count, std::size_t grain,
                    FunctionRef<void(std::size_t begin, std::size_t end)> body,
                    TaskClass helpers = TaskClass::foreground) noexcept = 0;

  /// How many foreground tasks can run at the same time; at least 1.
  [[nodiscard]] virtual std::size_t concurrency() const noexcept = 0;

  /// The clock that timers go by.
  [[nodiscard]] virtual const Clock& clock() const noexcept = 0;
};

/// Runs every task at once in the calling thread. Has no timers.
class FRYS_API InlineExecutor final : public Executor {
 public:
  Status submit(Task task, TaskClass task_class) override;
  Result<TimerId> submit_after(std::int64_t delay_ns, Task task) override;
  bool cancel_timer(TimerId timer) noexcept override;
  void bulk(std::size_t count, std::size_t grain, FunctionRef<void(std::size_t, std::size_t)> body,
            TaskClass helpers = TaskClass::foreground) noexcept override;
  [[nodiscard]] std::size_t concurrency() const noexcept override { return 1; }
  [[nodiscard]] const Clock& clock() const noexcept override { return system_clock(); }
};

/// The process's `InlineExecutor`.
FRYS_API Executor& inline_executor() noexcept;

}  // namespace frys
