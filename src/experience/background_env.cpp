// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/background_env.hpp"

#include <algorithm>

namespace frys::detail {

namespace {

// Several buffers may wait (lake_options.cpp), the smallest of 1 MiB.
constexpr std::size_t flush_patience_bytes = std::size_t{2} << 20;
constexpr std::size_t merge_patience_bytes = std::size_t{64} << 20;

}  // namespace

BackgroundEnv::BackgroundEnv(const Environment& environment)
    : EnvWrapper(rocksdb::Env::Default()),
      queue_(std::make_shared<Queue>()),
      runner_(*environment.executor),
      files_(std::make_shared<LakeFiles>(rocksdb::Env::Default()->GetFileSystem())) {
  // Without this, files would go through a compatibility layer of EnvWrapper.
  file_system_ = files_;
  system_clock_ = rocksdb::Env::Default()->GetSystemClock();
}

BackgroundEnv::~BackgroundEnv() = default;

void BackgroundEnv::Queue::push(const Job& job) {
  const std::lock_guard lock(mutex);
  (job.priority == HIGH ? high : low).push_back(job);
  waiting.fetch_add(1, std::memory_order_relaxed);
  changed.notify_all();
}

/// Runs `job`, which is in no queue any more. `lock` is held, but for meanwhile.
void BackgroundEnv::Queue::run(std::unique_lock<std::mutex>& lock, const Job& job) {
  waiting.fetch_sub(1, std::memory_order_relaxed);
  ++running;
  lock.unlock();
  struct Ended {  // Also when the job throws: `settle` waits for it.
    Queue& queue;
    std::unique_lock<std::mutex>& lock;
    ~Ended() {
      lock.lock();
      --queue.running;
      queue.changed.notify_all();
    }
  } ended{*this, lock};
  job.function(job.argument);
}

bool BackgroundEnv::Queue::run_one(bool high_only) {
  std::unique_lock lock(mutex);
  std::deque<Job>& jobs = high.empty() && !high_only ? low : high;
  if (jobs.empty()) return false;
  const Job job = jobs.front();
  jobs.pop_front();
  run(lock, job);
  return true;
}

void BackgroundEnv::Schedule(void (*function)(void*), void* argument, Priority priority, void* tag,
                             void (*unschedule)(void*)) {
  queue_->push({function, argument, priority, tag, unschedule});
  try {
    runner_.submit([queue = queue_] { queue->run_one(); });
  } catch (const std::bad_alloc&) {
    // The job stays queued; `help` or `settle` will find it.
  }
}

void BackgroundEnv::help(std::size_t bytes) {
  if (queue_->waiting.load(std::memory_order_relaxed) == 0) {
    written_while_waiting_.store(0, std::memory_order_relaxed);
    return;
  }
  const std::size_t written =
      written_while_waiting_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  const bool everything = runner_.is_inline() || written >= merge_patience_bytes;
  if (!everything && written < flush_patience_bytes) return;
  while (queue_->run_one(!everything)) {
  }
  if (everything) written_while_waiting_.store(0, std::memory_order_relaxed);
}

bool BackgroundEnv::make_way() {
  if (queue_->run_one()) return true;
  std::unique_lock lock(queue_->mutex);
  const std::size_t running = queue_->running;
  const auto has_work = [this] { return queue_->waiting.load(std::memory_order_relaxed) > 0; };
  if (running == 0) return has_work();
  queue_->changed.wait(lock, [&] { return queue_->running < running || has_work(); });
  return true;
}

void BackgroundEnv::settle() {
  std::unique_lock lock(queue_->mutex);
  const auto cannot_be_taken_back = [](const Job& job) { return job.unschedule == nullptr; };
  for (std::deque<Job>* jobs : {&queue_->high, &queue_->low}) {
    for (;;) {
      const auto found = std::find_if(jobs->begin(), jobs->end(), cannot_be_taken_back);
      if (found == jobs->end()) break;
      const Job job = *found;
      jobs->erase(found);
      queue_->run(lock, job);
    }
  }
  queue_->changed.wait(lock, [this] { return queue_->running == 0; });
}

int BackgroundEnv::UnSchedule(void* tag, Priority priority) {
  std::deque<Job> taken;
  {
    const std::lock_guard lock(queue_->mutex);
    std::deque<Job>& jobs = priority == HIGH ? queue_->high : queue_->low;
    for (auto job = jobs.begin(); job != jobs.end();) {
      if (job->tag == tag && job->priority == priority) {
        taken.push_back(*job);
        job = jobs.erase(job);
      } else {
        ++job;
      }
    }
    queue_->waiting.fetch_sub(taken.size(), std::memory_order_relaxed);
  }
  for (const Job& job : taken) {
    if (job.unschedule != nullptr) job.unschedule(job.argument);
  }
  return static_cast<int>(taken.size());
}

void BackgroundEnv::StartThread(void (*function)(void*), void* argument) {
  Schedule(function, argument, LOW, nullptr, nullptr);
}

void BackgroundEnv::WaitForJoin() {
  while (queue_->run_one()) {
  }
  std::unique_lock lock(queue_->mutex);
  queue_->changed.wait(lock, [this] { return queue_->running == 0; });
}

unsigned int BackgroundEnv::GetThreadPoolQueueLen(Priority priority) const {
  const std::lock_guard lock(queue_->mutex);
  return static_cast<unsigned int>(priority == HIGH ? queue_->high.size() : queue_->low.size());
}

rocksdb::Status BackgroundEnv::LockFile(const std::string& name, rocksdb::FileLock** lock) {
  rocksdb::Status status = EnvWrapper::LockFile(name, lock);
  // A lock file that can't even be opened is no lock held by another.
  if (!status.ok() && status.ToString().find("while open a file") == std::string::npos) {
    lock_refused_.store(true);
  }
  return status;
}

}  // namespace frys::detail
