// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A single-threaded executor in simulated time: tasks run in a fixed order, and when none is ready
// the clock jumps to the next timer. The same policies that run on threads run here, repeatably.
//
//   frys::SimulatedExecutor simulation;
//   simulation.submit_after(5'000'000'000, [&] { done = true; });
//   simulation.run();                          // returns at once; clock() says five seconds

#pragma once

#include <memory>

#include "frys/core/executor.hpp"

namespace frys {

/// An executor whose time passes only in `run()`. Threads: not safe, one thread only.
class FRYS_API SimulatedExecutor final : public Executor {
 public:
  explicit SimulatedExecutor(std::int64_t start_ns = 0);
  ~SimulatedExecutor() override;

  /// Queued behind the tasks already waiting; background tasks run when no foreground task waits.
  Status submit(Task task, TaskClass task_class = TaskClass::foreground) override;
  /// Timers fire in order of due time, then of submission.
  Result<TimerId> submit_after(std::int64_t delay_ns, Task task) override;
  bool cancel_timer(TimerId timer) noexcept override;
  void bulk(std::size_t count, std::size_t grain, FunctionRef<void(std::size_t, std::size_t)> body,
            TaskClass helpers = TaskClass::foreground) noexcept override;
  [[nodiscard]] std::size_t concurrency() const noexcept override { return 1; }
  [[nodiscard]] const Clock& clock() const noexcept override;

  /// Runs one ready task, or moves the clock to the next timer and runs that one.
  /// Returns false when nothing is left.
  bool run_one();
  /// `run_one()` until nothing is left. Returns how many tasks ran.
  std::size_t run();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace frys
