// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/pool_timers.hpp"

#include "frys/core/clock.hpp"

namespace frys::detail {

namespace {

/// `system_clock()` and Asio's steady clock both read CLOCK_MONOTONIC.
net::steady_timer::time_point at(std::int64_t ns) {
  return net::steady_timer::time_point(std::chrono::nanoseconds(ns));
}

}  // namespace

TimerId PoolTimers::add(std::int64_t due_ns, Task task) {
  const std::lock_guard lock(mutex_);
  if (closed_) return 0;
  const TimerId id = last_id_ + 1;
  due_.emplace(id, due_ns);
  try {
    tasks_.emplace(Key(due_ns, id), std::move(task));
  } catch (...) {
    due_.erase(id);
    throw;
  }
  last_id_ = id;
  if (due_ns < next_due_ns_.load()) rearm();
  return id;
}

bool PoolTimers::cancel(TimerId timer) noexcept {
  Task task;  // Destroyed outside the lock.
  const std::lock_guard lock(mutex_);
  const auto due = due_.find(timer);
  if (due == due_.end()) return false;
  const auto found = tasks_.find(Key(due->second, timer));
  task = std::move(found->second);
  tasks_.erase(found);
  due_.erase(due);
  // The alarm may now ring for nothing; that is cheaper than arming it anew each time.
  if (tasks_.empty()) next_due_ns_.store(never);
  return true;
}

/// Every change of the alarm is under the lock, as Asio's timer is not thread-safe by itself.
/// An earlier wait ends as aborted and does nothing.
void PoolTimers::rearm() {
  const std::int64_t due = tasks_.empty() ? never : tasks_.begin()->first.first;
  next_due_ns_.store(due);
  if (due == never || due >= armed_for_ns_) return;
  armed_for_ns_ = due;
  alarm_.expires_at(at(due));
  alarm_.async_wait([this](const std::error_code& error) {
    if (error) return;
    {
      const std::lock_guard lock(mutex_);
      armed_for_ns_ = never;
    }
    run_due();
  });
}

bool PoolTimers::is_due() const noexcept {
  const std::int64_t due = next_due_ns_.load(std::memory_order_relaxed);
  return due != never && due <= system_clock().now_ns();
}

void PoolTimers::run_due() noexcept {
  for (;;) {
    Task task;
    {
      const std::lock_guard lock(mutex_);
      if (tasks_.empty() || tasks_.begin()->first.first > system_clock().now_ns()) {
        rearm();
        return;
      }
      task = std::move(tasks_.begin()->second);
      due_.erase(tasks_.begin()->first.second);
      tasks_.erase(tasks_.begin());
    }
    fired_.fetch_add(1, std::memory_order_relaxed);
    run_(std::move(task));
  }
}

std::vector<Task> PoolTimers::clear() noexcept {
  std::vector<Task> tasks;
  const std::lock_guard lock(mutex_);
  for (auto& [key, task] : tasks_) tasks.push_back(std::move(task));
  tasks_.clear();
  due_.clear();
  closed_ = true;
  next_due_ns_.store(never);
  armed_for_ns_ = never;
  alarm_.cancel();
  return tasks;
}

}  // namespace frys::detail
