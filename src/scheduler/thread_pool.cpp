// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/scheduler/thread_pool.hpp"

#include "scheduler/thread_pool_impl.hpp"
// Asio's door comes first.
#include <pthread.h>
#include <signal.h>

#include <new>
#include <system_error>

#include "frys/core/machine.hpp"

namespace frys {

using detail::PoolWorker;
using detail::TaskNode;

namespace {

/// Which pool the calling thread belongs to, and as which worker (null: a background thread).
thread_local const void* this_pool = nullptr;
thread_local PoolWorker* this_pool_worker = nullptr;

Status closed_error() {
  return Status(ErrorCode::closed, "the thread pool is closed; submit before closing it");
}

Status check(const ThreadPoolOptions& options) {
  if (options.workers > 1024) {
    return Status(ErrorCode::invalid_argument, "ThreadPoolOptions::workers is " +
                                                   std::to_string(options.workers) +
                                                   "; give at most 1024, or 0 for one a core");
  }
  if (options.background_workers < 1 || options.background_workers > 64) {
    return Status(ErrorCode::invalid_argument, "ThreadPoolOptions::background_workers is " +
                                                   std::to_string(options.background_workers) +
                                                   "; give 1 to 64");
  }
  if (options.name.empty() || options.name.size() > 10) {
    return Status(ErrorCode::invalid_argument, "ThreadPoolOptions::name is '" + options.name +
                                                   "'; give 1 to 10 bytes, as the system cuts "
                                                   "thread names at 15");
  }
  return {};
}

/// Threads inherit the mask of the one that starts them: with every signal blocked, the host's
/// handlers run on the host's threads only.
class BlockSignals {
 public:
  BlockSignals() noexcept {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

ThreadPool::Impl::Impl(const ThreadPoolOptions& options, std::size_t worker_count,
                       const Environment& environment)
    : name_(options.name),
      background_count_(options.background_workers),
      environment_(environment),
      timers_([this](Task task) { deliver_timer(std::move(task)); }) {
  for (std::size_t i = 0; i < worker_count; ++i) {
    workers_.push_back(std::make_unique<PoolWorker>(i, mix64(environment.seed + i)));
    workers_.back()->watched.assign(worker_count, -1);
  }
  idle_.reserve(worker_count);
}

ThreadPool::Impl::~Impl() {
  const auto free_list = [](TaskNode* node) {
    while (node != nullptr) delete std::exchange(node, node->next);
  };
  for (const auto& worker : workers_) free_list(worker->spare);
  free_list(spare_);
}

Status ThreadPool::Impl::start() {
  const BlockSignals blocked;
  const auto begin = [this](const std::string& name, PoolWorker* worker) {
    return std::thread([this, name, worker] {
      this_pool = this;
      this_pool_worker = worker;
      pthread_setname_np(pthread_self(), name.c_str());
      if (worker != nullptr) {
        run_worker(*worker);
      } else {
        run_background();
      }
      threads_.fetch_sub(1);
    });
  };
  try {
    for (const auto& worker : workers_) {
      worker->thread = begin(name_ + "-w" + std::to_string(worker->index), worker.get());
      threads_.fetch_add(1);
    }
    background_threads_.reserve(background_count_);
    for (std::size_t i = 0; i < background_count_; ++i) {
      background_threads_.push_back(begin(name_ + "-b" + std::to_string(i), nullptr));
      threads_.fetch_add(1);
    }
  } catch (const std::system_error& error) {
    return Status(ErrorCode::unavailable, "the system refused a thread for the pool '" + name_ +
                                              "': " + error.what() +
                                              "; ask for fewer workers or raise the limit");
  }
  return {};
}

bool ThreadPool::Impl::is_own_thread() const noexcept { return this_pool == this; }

PoolWorker* ThreadPool::Impl::this_worker() const noexcept {
  return this_pool == this ? this_pool_worker : nullptr;
}

Status ThreadPool::Impl::close() noexcept {
  if (is_own_thread()) {
    return Status(ErrorCode::failed_precondition,
                  "a thread pool can't be closed by one of its own threads; close it from outside");
  }
  const std::lock_guard close_lock(close_mutex_);
  if (closing_.exchange(true)) return {};
  for (const auto& worker : workers_) {
    const std::lock_guard lock(worker->mutex);
    worker->woken.store(true);
    worker->wake.notify_one();
  }
  {
    const std::lock_guard lock(background_mutex_);
    background_wake_.notify_all();
  }
  timers_.interrupt();
  for (const auto& worker : workers_) {
    if (worker->thread.joinable()) worker->thread.join();
  }
  for (std::thread& thread : background_threads_) thread.join();
  destroy_queued();
  return {};
}

/// No thread of ours runs any more, and nothing is accepted. What a task's captures do when they
/// die is their own affair, so no lock is held meanwhile.
void ThreadPool::Impl::destroy_queued() noexcept {
  timers_.clear();
  TaskNode* injected = nullptr;
  {
    const std::lock_guard lock(inject_mutex_);
    injected = std::exchange(inject_head_, nullptr);
    inject_tail_ = nullptr;
    inject_count_.store(0);
  }
  while (injected != nullptr) delete std::exchange(injected, injected->next);
  for (const auto& worker : workers_) {
    while (TaskNode* node = worker->deque.pop()) delete node;
  }
  std::deque<Task> background;
  const std::lock_guard lock(background_mutex_);
  background.swap(background_tasks_);
}

Status ThreadPool::Impl::inject(Task task) {
  {
    const std::lock_guard lock(inject_mutex_);
    if (closing_.load()) return closed_error();
    TaskNode* node = spare_;
    if (node != nullptr) {
      spare_ = node->next;
    } else {
      node = new (std::nothrow) TaskNode;
      if (node == nullptr) return Status::out_of_memory();
    }
    node->task = std::move(task);
    node->next = nullptr;
    (inject_tail_ == nullptr ? inject_head_ : inject_tail_->next) = node;
    inject_tail_ = node;
    ++injected_;
    inject_count_.store(inject_count_.load(std::memory_order_relaxed) + 1);
  }
  wake_for_work();
  return {};
}

Status ThreadPool::Impl::submit_foreground(Task task) {
  PoolWorker* self = this_worker();
  if (self == nullptr) return inject(std::move(task));
  if (closing_.load(std::memory_order_relaxed)) return closed_error();
  TaskNode* node = self->spare;
  try {
    if (node != nullptr) {
      self->spare = node->next;
      --self->spare_count;
    } else {
      node = new TaskNode;
    }
    node->task = std::move(task);
    self->deque.push(node);
  } catch (const std::bad_alloc&) {
    delete node;
    return Status::out_of_memory();
  }
  detail::count_one(self->submitted);
  wake_for_work();
  return {};
}

Status ThreadPool::Impl::submit_background(Task task) {
  try {
    const std::lock_guard lock(background_mutex_);
    if (closing_.load()) return closed_error();
    background_tasks_.push_back(std::move(task));
    // A woken thread counts as waiting until it has the lock: two tasks need two of them.
    if (background_tasks_.size() <= background_waiting_) {
      background_wake_.notify_one();
    } else if (driver_.load() == background_driver) {
      background_interrupt_.store(true);
      timers_.interrupt();
    }
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
  return {};
}

ThreadPool::ThreadPool(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}

ThreadPool::~ThreadPool() { static_cast<void>(impl_->close()); }

Result<std::unique_ptr<ThreadPool>> ThreadPool::create(const ThreadPoolOptions& options,
                                                       const Environment& environment) {
  if (Status checked = check(options); !checked.ok()) return checked;
  try {
    const std::size_t workers = options.workers == 0 ? machine().cores : options.workers;
    std::unique_ptr<ThreadPool> pool(
        new ThreadPool(std::make_unique<Impl>(options, workers, environment)));
    if (Status started = pool->impl_->start(); !started.ok()) return started;
    return pool;
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  } catch (const std::system_error& error) {  // Asio: no epoll or timer descriptor to be had.
    return Status(ErrorCode::unavailable,
                  std::string("the system refused what the thread pool waits on: ") + error.what());
  }
}

Status ThreadPool::submit(Task task, TaskClass task_class) {
  if (!task) return Status(ErrorCode::invalid_argument, "an empty task was submitted");
  return task_class == TaskClass::background ? impl_->submit_background(std::move(task))
                                             : impl_->submit_foreground(std::move(task));
}

Result<TimerId> ThreadPool::submit_after(std::int64_t delay_ns, Task task) {
  if (!task) return Status(ErrorCode::invalid_argument, "an empty task was submitted");
  if (delay_ns < 0) {
    return Status(ErrorCode::invalid_argument, "a timer was asked for in " +
                                                   std::to_string(delay_ns) +
                                                   " ns; the delay must not be negative");
  }
  if (impl_->closing_.load()) return closed_error();
  const std::int64_t now = clock().now_ns();
  const std::int64_t latest = detail::PoolTimers::never - 1;
  const std::int64_t due = delay_ns > latest - now ? latest : now + delay_ns;
  try {
    const TimerId id = impl_->timers_.add(due, std::move(task));
    if (id == 0) return closed_error();
    if (impl_->driver_.load() == Impl::no_driver) impl_->ensure_driver();
    return id;
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

bool ThreadPool::cancel_timer(TimerId timer) noexcept { return impl_->timers_.cancel(timer); }

std::size_t ThreadPool::concurrency() const noexcept { return impl_->workers_.size(); }

const Clock& ThreadPool::clock() const noexcept { return system_clock(); }

Status ThreadPool::close() noexcept { return impl_->close(); }

bool ThreadPool::on_worker_thread() const noexcept { return impl_->is_own_thread(); }

ThreadPoolStats ThreadPool::stats() const noexcept {
  ThreadPoolStats stats;
  for (const auto& worker : impl_->workers_) {
    stats.submitted += worker->submitted.load(std::memory_order_relaxed);
    stats.executed += worker->executed.load(std::memory_order_relaxed);
    stats.steals += worker->steals.load(std::memory_order_relaxed);
    stats.parks += worker->parks.load(std::memory_order_relaxed);
  }
  {
    const std::lock_guard lock(impl_->inject_mutex_);
    stats.submitted += impl_->injected_;
  }
  stats.executed += impl_->timers_executed_.load();
  stats.timers_fired = impl_->timers_.fired();
  stats.background_executed = impl_->background_executed_.load();
  stats.threads = impl_->threads_.load();
  return stats;
}

}  // namespace frys
