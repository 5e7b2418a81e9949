// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The inside of ThreadPool.
//
// A foreground task sits in the deque of the worker that submitted it, or in the injection queue
// when it came from outside. A worker takes from its own deque, then from the queue, then steals.
//
// Sleeping. Every worker is working, searching (counted in `searching_`) or parked (listed under
// `idle_mutex_`, counted in `idle_count_`). Two rules lose no wake-up:
//   1. Who adds a task reads `searching_` and then `idle_count_` after the task is visible, and
//      wakes one parked worker when none searches.
//   2. Who parks lists itself, stops counting as searching, and then looks for work once more.
// All of these are sequentially consistent, so either the submitter sees the parked worker, or the
// worker sees the task. A worker that finds a task as the last searcher wakes another one if there
// is more to find. At most one thread at a time is the driver, inside Asio's `run_one`: the first
// to park, or an idle background thread when no worker is parked and a timer waits. As it is the
// only one, interrupting the context wakes that thread and no other.

#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "scheduler/pool_timers.hpp"
#include "scheduler/work_deque.hpp"
// Asio's door comes first.
#include "frys/core/random.hpp"
#include "frys/scheduler/thread_pool.hpp"

namespace frys {

namespace detail {

struct TaskNode {
  Task task;
  TaskNode* next = nullptr;
};

/// Written by its thread alone unless said otherwise.
struct alignas(64) PoolWorker {
  PoolWorker(std::size_t number, std::uint64_t seed) : index(int(number)), random(seed) {}
  const int index;
  WorkDeque<TaskNode> deque;  // Thieves too.
  TaskNode* spare = nullptr;
  std::size_t spare_count = 0;
  std::uint32_t tick = 0;
  bool searching = false;
  SeededRandom random;
  std::vector<std::int64_t> watched;  // By victim: the only item it had when we last looked.

  std::mutex mutex;  // Guards waiting for `woken`.
  std::condition_variable wake;
  std::atomic<bool> woken{false};  // Set by who takes it off the idle list.

  std::atomic<std::uint64_t> submitted{0};
  std::atomic<std::uint64_t> executed{0};
  std::atomic<std::uint64_t> steals{0};
  std::atomic<std::uint64_t> parks{0};
  std::thread thread;
};

/// Adds to a counter that only this thread writes.
inline void count_one(std::atomic<std::uint64_t>& counter, std::uint64_t amount = 1) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

}  // namespace detail

struct ThreadPool::Impl {
  static constexpr int no_driver = -1;
  static constexpr int background_driver = -2;

  Impl(const ThreadPoolOptions& options, std::size_t worker_count, const Environment& environment);
  ~Impl();

  // thread_pool.cpp
  Status start();
  Status close() noexcept;
  Status submit_background(Task task);
  Status submit_foreground(Task task);
  Status inject(Task task);
  void destroy_queued() noexcept;
  [[nodiscard]] bool is_own_thread() const noexcept;
  [[nodiscard]] detail::PoolWorker* this_worker() const noexcept;

  // pool_worker.cpp
  void run_worker(detail::PoolWorker& self) noexcept;
  void run_background() noexcept;
  void run_task(Task& task) noexcept;
  void deliver_timer(Task task) noexcept;
  void ensure_driver() noexcept;
  void wake_for_work() noexcept {
    if (searching_.load() == 0 && idle_count_.load() > 0) wake_one(true);
  }

  detail::TaskNode* next_task(detail::PoolWorker& self) noexcept;
  detail::TaskNode* search(detail::PoolWorker& self) noexcept;
  detail::TaskNode* take_injected(detail::PoolWorker& self, bool batch) noexcept;
  detail::TaskNode* steal(detail::PoolWorker& self) noexcept;
  void stop_searching(detail::PoolWorker& self) noexcept;
  void execute(detail::PoolWorker& self, detail::TaskNode* node) noexcept;
  void park(detail::PoolWorker& self) noexcept;
  void drive_parked(detail::PoolWorker& self) noexcept;
  bool unlist(detail::PoolWorker& self) noexcept;
  bool wake_one(bool for_work) noexcept;
  void drive_background(std::unique_lock<std::mutex>& lock) noexcept;
  [[nodiscard]] bool has_work() const noexcept;

  std::string name_;
  std::size_t background_count_;
  Environment environment_;
  std::atomic<bool> closing_{false};
  std::vector<std::unique_ptr<detail::PoolWorker>> workers_;

  std::mutex inject_mutex_;  // Guards the next four.
  detail::TaskNode* inject_head_ = nullptr;
  detail::TaskNode* inject_tail_ = nullptr;
  detail::TaskNode* spare_ = nullptr;
  std::uint64_t injected_ = 0;
  std::atomic<std::size_t> inject_count_{0};

  std::atomic<int> searching_{0};
  std::atomic<int> idle_count_{0};
  std::mutex idle_mutex_;  // Guards the list and changes of `driver_`.
  std::vector<detail::PoolWorker*> idle_;
  detail::PoolWorker* idle_driver_ = nullptr;  // A parked worker that drives; not in `idle_`.
  std::atomic<int> driver_{no_driver};         // A worker's index, or one of the constants.

  std::mutex background_mutex_;  // Guards the next three.
  std::condition_variable background_wake_;
  std::deque<Task> background_tasks_;
  std::size_t background_waiting_ = 0;
  std::atomic<bool> background_interrupt_{false};
  std::atomic<std::uint64_t> background_executed_{0};
  std::vector<std::thread> background_threads_;

  std::atomic<std::uint64_t> timers_executed_{0};  // By background threads.
  std::atomic<std::size_t> threads_{0};
  std::mutex close_mutex_;
  detail::PoolTimers timers_;
};

}  // namespace frys
