// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A plain executor with threads, for tests of rooms that may not know the scheduler's pool.

#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "frys/core/executor.hpp"

namespace frys::testing {

/// `foreground` + `background` threads over two queues. Has no timers. Threads: safe.
class TestExecutor final : public Executor {
 public:
  explicit TestExecutor(std::size_t foreground = 2, std::size_t background = 2) {
    for (std::size_t i = 0; i < foreground; ++i) threads_.emplace_back([this] { serve(0); });
    for (std::size_t i = 0; i < background; ++i) threads_.emplace_back([this] { serve(1); });
    foreground_ = foreground;
  }
  ~TestExecutor() override { close(); }

  /// Refuses new tasks, runs those that wait, joins. Closing twice is fine.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    ready_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  Status submit(Task task, TaskClass task_class = TaskClass::foreground) override {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return Status(ErrorCode::closed, "test executor: closed");
      queues_[task_class == TaskClass::background ? 1 : 0].push_back(std::move(task));
    }
    submitted_.fetch_add(1);
    ready_.notify_all();
    return {};
  }
  Result<TimerId> submit_after(std::int64_t, Task) override {
    return Status(ErrorCode::unavailable, "test executor: no timers");
  }
  bool cancel_timer(TimerId) noexcept override { return false; }
  void bulk(std::size_t count, std::size_t grain, FunctionRef<void(std::size_t, std::size_t)> body,
            TaskClass) noexcept override {
    for (std::size_t begin = 0; begin < count; begin += grain) {
      body(begin, begin + grain < count ? begin + grain : count);
    }
  }
  [[nodiscard]] std::size_t concurrency() const noexcept override { return foreground_; }
  [[nodiscard]] const Clock& clock() const noexcept override { return system_clock(); }

  /// Tasks handed in so far.
  [[nodiscard]] std::size_t submitted() const noexcept { return submitted_.load(); }

 private:
  void serve(int queue) {
    std::unique_lock lock(mutex_);
    for (;;) {
      ready_.wait(lock, [&] { return closed_ || !queues_[queue].empty(); });
      if (queues_[queue].empty()) return;
      {
        Task task = std::move(queues_[queue].front());
        queues_[queue].pop_front();
        lock.unlock();
        task();
      }
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Task> queues_[2];
  std::vector<std::thread> threads_;
  std::size_t foreground_ = 0;
  std::atomic<std::size_t> submitted_{0};
  bool closed_ = false;
};

}  // namespace frys::testing
