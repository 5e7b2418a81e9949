// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The environment RocksDB is opened in: its files are the operating system's, its background jobs
// are ours. RocksDB starts no thread: a job is queued here, and a task on the executor's background
// class takes it up. RocksDB schedules under its own mutex, which a job needs too, so a job never
// runs inside `Schedule`: with an inline executor it waits for `help`.
//
// Why nothing waits forever, whatever the executor does: a writer never sleeps inside RocksDB
// (ExperienceLake::write). Where RocksDB would have it wait for a job, the writer takes up the job
// itself if nobody has (`make_way`): the executor's threads may all be waiting for that writer.

#pragma once

#include <rocksdb/env.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>

#include "experience/background_runner.hpp"
#include "experience/lake_files.hpp"
#include "frys/core/environment.hpp"

namespace frys::detail {

/// Threads: safe.
class BackgroundEnv final : public rocksdb::EnvWrapper {
 public:
  explicit BackgroundEnv(const Environment& environment);
  ~BackgroundEnv() override;

  /// To be called after `bytes` were written, holding no lock of RocksDB. Runs waiting jobs when
  /// the executor does not take them up: at once if it is inline, else a full buffer that waits
  /// after 2 MiB more, a merge after 64 MiB. Cost: one relaxed load when nothing waits.
  void help(std::size_t bytes);
  /// To be called when RocksDB takes no write before its jobs get on, holding no lock of it. Runs a
  /// waiting job, else waits for one that runs to end. False: there was neither.
  bool make_way();
  /// Runs the waiting jobs that RocksDB cannot take back, then waits for those that run.
  /// To be called before the database is closed.
  void settle();
  /// Whether `LockFile` was refused: somebody holds the folder.
  [[nodiscard]] bool lock_refused() const noexcept { return lock_refused_.load(); }
  /// What stands between RocksDB and the deletion of tables.
  [[nodiscard]] LakeFiles& files() noexcept { return *files_; }

  /// Where RocksDB does not ask the file system.
  rocksdb::Status DeleteFile(const std::string& name) override {
    return files_->DeleteFile(name, rocksdb::IOOptions(), nullptr);
  }
  void Schedule(void (*function)(void*), void* argument, Priority priority, void* tag,
                void (*unschedule)(void*)) override;
  int UnSchedule(void* tag, Priority priority) override;
  void StartThread(void (*function)(void*), void* argument) override;
  void WaitForJoin() override;
  unsigned int GetThreadPoolQueueLen(Priority priority) const override;
  void SetBackgroundThreads(int, Priority) override {}
  int GetBackgroundThreads(Priority priority) override { return priority == BOTTOM ? 0 : 1; }
  void IncBackgroundThreadsIfNeeded(int, Priority) override {}
  int ReserveThreads(int, Priority) override { return 0; }
  int ReleaseThreads(int, Priority) override { return 0; }
  void LowerThreadPoolIOPriority(Priority) override {}
  void LowerThreadPoolCPUPriority(Priority) override {}
  rocksdb::Status LowerThreadPoolCPUPriority(Priority, rocksdb::CpuPriority) override {
    return rocksdb::Status::OK();
  }
  rocksdb::Status LockFile(const std::string& name, rocksdb::FileLock** lock) override;

 private:
  struct Job {
    void (*function)(void*);
    void* argument;
    Priority priority;
    void* tag;
    void (*unschedule)(void*);
  };
  /// Outlives the environment in tasks that come too late.
  struct Queue {
    mutable std::mutex mutex;
    std::condition_variable changed;  // A job came, or ended.
    std::deque<Job> high;  // Buffers written out: before merges, for writers wait for them.
    std::deque<Job> low;
    std::size_t running = 0;
    std::atomic<std::size_t> waiting{0};

    bool run_one(bool high_only = false);
    void run(std::unique_lock<std::mutex>& lock, const Job& job);
    void push(const Job& job);
  };

  std::shared_ptr<Queue> queue_;
  BackgroundRunner runner_;
  std::shared_ptr<LakeFiles> files_;
  std::atomic<std::size_t> written_while_waiting_{0};
  std::atomic<bool> lock_refused_{false};
};

}  // namespace frys::detail
