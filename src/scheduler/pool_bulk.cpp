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
///
/// Chunks are guided: large at first, so that the counter is touched rarely and each thread walks
/// memory in order, a grain at the end, so that all are done at about the same time. Source:
/// Polychronopoulos and Kuck, "Guided self-scheduling", IEEE Trans. Computers C-36, 1987.
class BulkJob {
 public:
  BulkJob(std::size_t count, std::size_t grain, std::size_t threads,
          FunctionRef<void(std::size_t, std::size_t)> body)
      : count_(count), grain_(grain), shares_(4 * threads), body_(body) {}

  /// Runs chunks, grain by grain, until none is left.
  void work() noexcept {
    std::size_t ran = 0;
    std::size_t begin = next_.load(std::memory_order_relaxed);
    while (begin < count_) {
      const std::size_t left = count_ - begin;
      const std::size_t grains = std::max<std::size_t>(left / grain_ / shares_, 1);
      const std::size_t chunk = std::min(left, grains * grain_);
      if (!next_.compare_exchange_weak(begin, begin + chunk, std::memory_order_relaxed)) continue;
      for (std::size_t done = 0; done < chunk;) {
        const std::size_t range = std::min(grain_, chunk - done);
        body_(begin + done, begin + done + range);
        done += range;
      }
      ran += chunk;
      begin = next_.load(std::memory_order_relaxed);
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
  const std::size_t shares_;
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
                      FunctionRef<void(std::size_t, std::size_t)> body,
                      TaskClass helpers_class) noexcept {
  if (count == 0) return;
  grain = std::clamp<std::size_t>(grain, 1, count);
  const std::size_t ranges = count / grain + (count % grain != 0 ? 1 : 0);
  // The caller is one of as many threads as there are cores, also when it comes from outside: one
  // more would take turns with the others, and all wait for the last range.
  const std::size_t threads =
      helpers_class == TaskClass::background ? impl_->background_count_ : impl_->workers_.size();
  const std::size_t helpers = std::min(threads - 1, ranges - 1);
  BulkJob* job = nullptr;
  if (helpers > 0 && !impl_->closing_.load() && grain <= SIZE_MAX / 4096) {
    job = new (std::nothrow) BulkJob(count, grain, helpers + 1, body);
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
    if (!submit(BulkHelper(job), helpers_class).ok()) break;
  }
  job->work();
  job->wait();
  job->release();
}

}  // namespace frys
