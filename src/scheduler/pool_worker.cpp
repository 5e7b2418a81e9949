// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The loops that the pool's threads run. thread_pool_impl.hpp says how they sleep and wake.

#include "scheduler/thread_pool_impl.hpp"
// Asio's door comes first.
#include <sched.h>

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

namespace frys {

namespace {

/// Rounds of looking for work before parking, about 20 µs: less than a sleep and a wake-up cost,
/// so that work which follows on work finds its thread awake.
constexpr int search_rounds = 64;
/// Every so many rounds the core is offered to whoever else is ready: where threads share it, that
/// is the one we have just finished a task for.
constexpr int rounds_a_yield = 4;
/// Own tasks run between two looks at the injection queue and the timers, so that neither starves.
constexpr std::uint32_t fairness_ticks = 61;
constexpr std::size_t batch_limit = 32;
constexpr std::size_t spare_limit = 256;

void pause_briefly(int times) noexcept {
  for (int i = 0; i < times; ++i) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#else
    std::atomic_signal_fence(std::memory_order_seq_cst);
#endif
  }
}

}  // namespace

using detail::PoolWorker;
using detail::TaskNode;

void ThreadPool::Impl::run_task(Task& task) noexcept {
  try {
    task();
  } catch (const std::exception& error) {
    environment_.write_log(LogLevel::error, "scheduler",
                           std::string("a task threw, which it must not: ") + error.what());
  } catch (...) {
    environment_.write_log(LogLevel::error, "scheduler", "a task threw, which it must not");
  }
}

bool ThreadPool::Impl::has_work() const noexcept {
  if (inject_count_.load() > 0) return true;
  return std::any_of(workers_.begin(), workers_.end(),
                     [](const auto& worker) { return !worker->deque.empty(); });
}

/// Takes the oldest from outside; a batch brings more of them onto our own deque, in their order.
TaskNode* ThreadPool::Impl::take_injected(PoolWorker& self, bool batch) noexcept {
  if (inject_count_.load() == 0) return nullptr;
  std::array<TaskNode*, batch_limit> taken;
  std::size_t count = 0;
  {
    const std::lock_guard lock(inject_mutex_);
    const std::size_t there = inject_count_.load(std::memory_order_relaxed);
    std::size_t want = batch ? std::min(batch_limit, (there + 1) / workers_.size()) : 1;
    want = std::max<std::size_t>(want, 1);
    while (count < want && inject_head_ != nullptr) {
      taken[count++] = inject_head_;
      inject_head_ = inject_head_->next;
    }
    if (inject_head_ == nullptr) inject_tail_ = nullptr;
    inject_count_.store(there - count);
    while (self.spare_count > batch_limit) {  // Back to where outsiders take their nodes from.
      TaskNode* node = self.spare;
      self.spare = node->next;
      --self.spare_count;
      node->next = spare_;
      spare_ = node;
    }
  }
  // Our deque is empty when we ask for a batch, so none of these pushes has to grow it.
  for (std::size_t i = count; i > 1; --i) self.deque.push(taken[i - 1]);
  return count == 0 ? nullptr : taken[0];
}

/// A task that is alone in its deque is most likely about to be taken by its owner, who put it
/// there a moment ago: it is left until a second look finds it still there. Otherwise a chain of
/// tasks would change its thread at every link.
TaskNode* ThreadPool::Impl::steal(PoolWorker& self) noexcept {
  const std::size_t count = workers_.size();
  const std::size_t start = self.random.next_below(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = (start + i) % count;
    PoolWorker& victim = *workers_[at];
    if (&victim == &self) continue;
    const std::int64_t only = victim.deque.only_item();
    if (only >= 0 && std::exchange(self.watched[at], only) != only) continue;
    if (TaskNode* node = victim.deque.steal()) {
      detail::count_one(self.steals);
      return node;
    }
  }
  return nullptr;
}

TaskNode* ThreadPool::Impl::next_task(PoolWorker& self) noexcept {
  if (++self.tick % fairness_ticks == 0) {
    if (timers_.is_due()) timers_.run_due();
    if (TaskNode* node = take_injected(self, false)) return node;
  }
  return self.deque.pop();
}

TaskNode* ThreadPool::Impl::search(PoolWorker& self) noexcept {
  if (!self.searching) {
    self.searching = true;
    searching_.fetch_add(1);
  }
  for (int round = 0; round < search_rounds && !closing_.load(); ++round) {
    TaskNode* node = take_injected(self, true);
    if (node == nullptr) node = steal(self);
    if (node != nullptr) {
      stop_searching(self);
      return node;
    }
    if (round % rounds_a_yield != rounds_a_yield - 1) {
      pause_briefly(std::min(1 << std::min(round, 5), 24));
    } else {
      sched_yield();
    }
  }
  return nullptr;
}

/// We found something: somebody else should look for the rest, and for the timers.
void ThreadPool::Impl::stop_searching(PoolWorker& self) noexcept {
  self.searching = false;
  if (searching_.fetch_sub(1) == 1 && idle_count_.load() > 0 && has_work()) wake_one(true);
  if (timers_.pending() && driver_.load() == no_driver) ensure_driver();
}

void ThreadPool::Impl::execute(PoolWorker& self, TaskNode* node) noexcept {
  run_task(node->task);
  node->task = nullptr;
  detail::count_one(self.executed);
  if (self.spare_count >= spare_limit) {
    delete node;
    return;
  }
  node->next = self.spare;
  self.spare = node;
  ++self.spare_count;
}

void ThreadPool::Impl::run_worker(PoolWorker& self) noexcept {
  while (!closing_.load(std::memory_order_relaxed)) {
    TaskNode* node = self.searching ? nullptr : next_task(self);
    if (node == nullptr) node = search(self);
    if (node != nullptr) {
      execute(self, node);
    } else if (!closing_.load()) {
      park(self);
    }
  }
}

/// Takes a worker off the idle list; false when a waker did so already (then `woken` is, or is
/// about to be, set).
bool ThreadPool::Impl::unlist(PoolWorker& self) noexcept {
  const std::lock_guard lock(idle_mutex_);
  if (idle_driver_ == &self) {
    idle_driver_ = nullptr;
  } else {
    const auto found = std::find(idle_.begin(), idle_.end(), &self);
    if (found == idle_.end()) return false;
    idle_.erase(found);
  }
  idle_count_.fetch_sub(1);
  searching_.fetch_add(1);
  return true;
}

/// Wakes the worker that parked last, the driver only when there is no other. It counts as
/// searching from now on, so that nobody wakes a second one for the same task.
bool ThreadPool::Impl::wake_one(bool for_work) noexcept {
  PoolWorker* worker = nullptr;
  bool driver = false;
  {
    const std::lock_guard lock(idle_mutex_);
    if (!idle_.empty()) {
      worker = idle_.back();
      idle_.pop_back();
    } else if (for_work && idle_driver_ != nullptr) {
      worker = idle_driver_;
      idle_driver_ = nullptr;
      driver = true;
    } else {
      return false;
    }
    idle_count_.fetch_sub(1);
    searching_.fetch_add(1);
  }
  if (driver) {
    worker->woken.store(true);
    timers_.interrupt();
  } else {
    const std::lock_guard lock(worker->mutex);
    worker->woken.store(true);
    worker->wake.notify_one();
  }
  return true;
}

/// Enters searching, leaves searching.
void ThreadPool::Impl::park(PoolWorker& self) noexcept {
  bool driver = false;
  {
    const std::lock_guard lock(idle_mutex_);
    if (driver_.load() == no_driver) {
      driver_.store(self.index);
      idle_driver_ = &self;
      driver = true;
    } else {
      idle_.push_back(&self);  // Has room for every worker.
    }
    idle_count_.fetch_add(1);
    searching_.fetch_sub(1);
  }
  detail::count_one(self.parks);
  if ((!has_work() && !closing_.load()) || !unlist(self)) {
    if (driver) {
      drive_parked(self);
    } else {
      std::unique_lock lock(self.mutex);
      self.wake.wait(lock, [&] { return self.woken.load(); });
    }
  }
  self.woken.store(false);
  if (driver) driver_.store(no_driver);
}

void ThreadPool::Impl::drive_parked(PoolWorker& self) noexcept {
  for (;;) {
    timers_.prepare();
    if (self.woken.load()) return;
    if ((has_work() || closing_.load()) && unlist(self)) return;
    timers_.drive_once();
  }
}

/// Somebody should sit in Asio while timers wait: a parked worker, which becomes the driver when
/// it parks again, or else an idle background thread.
void ThreadPool::Impl::ensure_driver() noexcept {
  if (idle_count_.load() > 0 && wake_one(false)) return;
  const std::lock_guard lock(background_mutex_);
  if (background_waiting_ > 0) background_wake_.notify_one();
}

/// Hands a due task to the workers. When all of them are busy, an idle background thread, which
/// drives then, runs it itself: a deadline is kept even while every worker is stuck in a step.
void ThreadPool::Impl::deliver_timer(Task task) noexcept {
  const bool all_busy = idle_count_.load() == 0 && searching_.load() == 0;
  if (all_busy && this_worker() == nullptr) {
    run_task(task);
    timers_executed_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  if (const Status injected = inject(std::move(task)); !injected.ok() && !closing_.load()) {
    environment_.write_log(LogLevel::error, "scheduler",
                           "a timer was lost: " + injected.to_string());
  }
}

void ThreadPool::Impl::drive_background(std::unique_lock<std::mutex>& lock) noexcept {
  {
    const std::lock_guard idle_lock(idle_mutex_);
    if (driver_.load() != no_driver) return;
    driver_.store(background_driver);
  }
  background_interrupt_.store(false);
  lock.unlock();
  for (;;) {
    timers_.prepare();
    if (background_interrupt_.load() || closing_.load() || !timers_.pending()) break;
    timers_.drive_once();
  }
  driver_.store(no_driver);
  if (timers_.pending()) ensure_driver();
  lock.lock();
}

void ThreadPool::Impl::run_background() noexcept {
  std::unique_lock lock(background_mutex_);
  while (!closing_.load()) {
    if (!background_tasks_.empty()) {
      Task task = std::move(background_tasks_.front());
      background_tasks_.pop_front();
      lock.unlock();
      run_task(task);
      task = nullptr;
      background_executed_.fetch_add(1, std::memory_order_relaxed);
      lock.lock();
    } else if (timers_.pending() && driver_.load() == no_driver) {
      drive_background(lock);
    } else {
      ++background_waiting_;
      background_wake_.wait(lock);
      --background_waiting_;
    }
  }
}

}  // namespace frys
