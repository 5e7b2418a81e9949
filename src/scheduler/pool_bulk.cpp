// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// ThreadPool::bulk: ranges are taken from one shared counter by the caller and by helper tasks.

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <new>
#include <utility>

#include "scheduler/thread_pool_impl.hpp"

namespace frys {

namespace {

/// Shared by the caller and its helpers. A helper that comes late, after the caller returned,
/// finds the counter exhausted and never touches `body`.
class BulkJob {
 public:
  BulkJob(std::size_t count, std::size_t grain, FunctionRef<void(std::size_t, std::size_t)> body)
      : count_(count), grain_(grain), body_(body) {}

  /// Runs ranges until none is left. The count cannot wrap: it passes `count_` by at most one
  /// grain a thread, and `bulk` bounds the grain.
  void work() noexcept {
    std::size_t ran = 0;
    for (;;) {
      const std::size_t begin = next_.fetch_add(grain_, std::memory_order_relaxed);
      if (begin >= count_) break;
      const std::size_t end = std::min(begin + grain_, count_);
      body_(begin, end);
      ran += end - begin;
    }
    if (ran == 0 || done_.fetch_add(ran, std::memory_order_acq_rel) + ran < count_) return;
    const std::lock_guard lock(mutex_);
    finished_.notify_one();
  }

  /// Until every index has returned; what is still out is running on another thread right now.
  void wait() noexcept {
    for (int i = 0; i < 400; ++i) {
      if (done()) return;
#if defined(__x86_64__) || defined(__i386__)
      __builtin_ia32_pause();
#endif
    }
    std::unique_lock lock(mutex_);
    finished_.wait(lock, [this] { return done(); });
  }

  void share() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

 private:
  [[nodiscard]] bool done() const noexcept {
    return done_.load(std::memory_order_acquire) == count_;
  }

  alignas(64) std::atomic<std::size_t> next_{0};
  alignas(64) std::atomic<std::size_t> done_{0};
  std::atomic<int> references_{1};
  const std::size_t count_;
  const std::size_t grain_;
  const FunctionRef<void(std::size_t, std::size_t)> body_;
  std::mutex mutex_;
  std::condition_variable finished_;
};

class BulkHelper {
 public:
  explicit BulkHelper(BulkJob* job) noexcept : job_(job) { job->share(); }
  BulkHelper(BulkHelper&& other) noexcept : job_(std::exchange(other.job_, nullptr)) {}
  ~BulkHelper() {
    if (job_ != nullptr) job_->release();
  }
  void operator()() noexcept { job_->work(); }

 private:
  BulkJob* job_;
};

}  // namespace

void ThreadPool::bulk(std::size_t count, std::size_t grain,
                      FunctionRef<void(std::size_t, std::size_t)> body) noexcept {
  if (count == 0) return;
  grain = std::clamp<std::size_t>(grain, 1, count);
  const std::size_t ranges = count / grain + (count % grain != 0 ? 1 : 0);
  const std::size_t others = impl_->workers_.size() - (impl_->this_worker() != nullptr ? 1 : 0);
  const std::size_t helpers = std::min(others, ranges - 1);
  BulkJob* job = nullptr;
  if (helpers > 0 && !impl_->closing_.load() && count <= SIZE_MAX / 2048) {
    job = new (std::nothrow) BulkJob(count, grain, body);
  }
  if (job == nullptr) {  // One range, one thread, or no memory for helpers.
    for (std::size_t begin = 0; begin < count;) {
      const std::size_t end = count - begin > grain ? begin + grain : count;
      body(begin, end);
      begin = end;
    }
    return;
  }
  for (std::size_t i = 0; i < helpers; ++i) {
    if (!submit(BulkHelper(job), TaskClass::foreground).ok()) break;
  }
  job->work();
  job->wait();
  job->release();
}

}  // namespace frys
