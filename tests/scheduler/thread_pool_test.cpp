// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/scheduler/thread_pool.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace frys {
namespace {

std::unique_ptr<ThreadPool> make_pool(std::size_t workers, std::size_t background = 1) {
  auto pool = ThreadPool::create({.workers = workers, .background_workers = background});
  EXPECT_TRUE(pool.has_value());
  return std::move(*pool);
}

std::string thread_name() {
  char name[32] = {};
  pthread_getname_np(pthread_self(), name, sizeof name);
  return name;
}

/// A task that keeps one worker busy from here to the end of the object's life.
class BusyWorker {
 public:
  explicit BusyWorker(ThreadPool& pool) {
    EXPECT_TRUE(pool.submit([promises = promises_] {
                      promises->started.set_value();
                      promises->release.get_future().get();
                    })
                    .ok());
    promises_->started.get_future().get();
  }
  ~BusyWorker() { promises_->release.set_value(); }

 private:
  struct Promises {
    std::promise<void> started;
    std::promise<void> release;
  };
  std::shared_ptr<Promises> promises_ = std::make_shared<Promises>();  // The task's too.
};

TEST(ThreadPool, RunsEveryTaskOnce) {
  auto pool = make_pool(3);
  constexpr int tasks = 20'000;
  std::vector<std::atomic<int>> runs(tasks);
  std::latch all(tasks);
  for (int i = 0; i < tasks; ++i) {
    ASSERT_TRUE(pool->submit([&, i] {
                      ++runs[i];
                      all.count_down();
                    })
                    .ok());
  }
  all.wait();
  for (const auto& count : runs) EXPECT_EQ(count, 1);
  ASSERT_TRUE(pool->close().ok());
  EXPECT_EQ(pool->stats().executed, tasks);
  EXPECT_EQ(pool->stats().submitted, tasks);
  EXPECT_EQ(pool->stats().threads, 0U);
}

TEST(ThreadPool, NamesAndCountsItsThreads) {
  auto pool = make_pool(2, 1);
  EXPECT_EQ(pool->stats().threads, 3U);
  EXPECT_EQ(pool->concurrency(), 2U);
  std::promise<std::string> foreground;
  std::promise<std::string> background;
  ASSERT_TRUE(pool->submit([&] { foreground.set_value(thread_name()); }).ok());
  ASSERT_TRUE(
      pool->submit([&] { background.set_value(thread_name()); }, TaskClass::background).ok());
  EXPECT_EQ(foreground.get_future().get().substr(0, 6), "frys-w");
  EXPECT_EQ(background.get_future().get(), "frys-b0");
}

TEST(ThreadPool, LeavesSignalsToTheHost) {
  auto pool = make_pool(1);
  std::promise<bool> blocked;
  ASSERT_TRUE(pool->submit([&] {
                    sigset_t mask;
                    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
                    blocked.set_value(sigismember(&mask, SIGUSR1) == 1 &&
                                      sigismember(&mask, SIGINT) == 1);
                  })
                  .ok());
  EXPECT_TRUE(blocked.get_future().get());
  sigset_t mine;
  pthread_sigmask(SIG_SETMASK, nullptr, &mine);
  EXPECT_EQ(sigismember(&mine, SIGUSR1), 0);
}

TEST(ThreadPool, RefusesBadOptions) {
  EXPECT_EQ(ThreadPool::create({.workers = 2000}).status(), ErrorCode::invalid_argument);
  EXPECT_EQ(ThreadPool::create({.background_workers = 0}).status(), ErrorCode::invalid_argument);
  EXPECT_EQ(ThreadPool::create({.name = ""}).status(), ErrorCode::invalid_argument);
  EXPECT_EQ(ThreadPool::create({.name = "much too long"}).status(), ErrorCode::invalid_argument);
}

TEST(ThreadPool, RefusesBadCalls) {
  auto pool = make_pool(1);
  EXPECT_EQ(pool->submit(Task()), ErrorCode::invalid_argument);
  EXPECT_EQ(pool->submit_after(1, Task()).status(), ErrorCode::invalid_argument);
  EXPECT_EQ(pool->submit_after(-1, [] {}).status(), ErrorCode::invalid_argument);
  EXPECT_FALSE(pool->cancel_timer(0));
  EXPECT_FALSE(pool->cancel_timer(77));
}

TEST(ThreadPool, SurvivesATaskThatThrows) {
  auto pool = make_pool(1);
  ASSERT_TRUE(pool->submit([] { throw std::runtime_error("boom"); }).ok());
  std::promise<void> after;
  ASSERT_TRUE(pool->submit([&] { after.set_value(); }).ok());
  after.get_future().get();
}

TEST(ThreadPool, TasksSubmittedByATaskAreStolen) {
  std::latch both(2);  // Outlives the pool: the one who wakes last still looks at it.
  auto pool = make_pool(2);
  ASSERT_TRUE(pool->submit([&] {
                    // Only another worker can take this while we wait for it.
                    EXPECT_TRUE(pool->submit([&] { both.count_down(); }).ok());
                    both.arrive_and_wait();
                  })
                  .ok());
  both.wait();
  EXPECT_GE(pool->stats().steals, 1U);
}

TEST(ThreadPool, BackgroundRunsBesideABlockedForeground) {
  auto pool = make_pool(1, 1);
  std::promise<void> from_background;
  std::promise<void> done;
  ASSERT_TRUE(
      pool->submit([&] {
            EXPECT_TRUE(
                pool->submit([&] { from_background.set_value(); }, TaskClass::background).ok());
            from_background.get_future().get();
            done.set_value();
          })
          .ok());
  done.get_future().get();
}

TEST(ThreadPool, IdleWorkersLeaveBackgroundWorkAlone) {
  auto pool = make_pool(4, 1);
  std::mutex mutex;
  std::set<std::string> names;
  std::latch all(64);
  for (int i = 0; i < 64; ++i) {
    ASSERT_TRUE(pool->submit(
                        [&] {
                          {
                            const std::lock_guard lock(mutex);
                            names.insert(thread_name());
                          }
                          all.count_down();
                        },
                        TaskClass::background)
                    .ok());
  }
  all.wait();
  EXPECT_EQ(names, std::set<std::string>{"frys-b0"});
}

TEST(ThreadPool, TimersFireInOrderAndNotEarly) {
  std::mutex mutex;  // These outlive the pool, whose last task still unlocks.
  std::vector<int> order;
  std::latch all(3);
  auto pool = make_pool(1);
  const std::int64_t start = pool->clock().now_ns();
  std::atomic<std::int64_t> first{0};
  const auto at = [&](int ms) {
    ASSERT_TRUE(pool->submit_after(std::int64_t{ms} * 1'000'000,
                                   [&, ms] {
                                     const std::lock_guard lock(mutex);
                                     if (order.empty()) first = pool->clock().now_ns();
                                     order.push_back(ms);
                                     all.count_down();
                                   })
                    .has_value());
  };
  at(30);
  at(10);
  at(20);
  all.wait();
  EXPECT_EQ(order, (std::vector<int>{10, 20, 30}));
  EXPECT_GE(first - start, 10'000'000);
  EXPECT_EQ(pool->stats().timers_fired, 3U);
}

TEST(ThreadPool, ACancelledTimerNeverFires) {
  auto pool = make_pool(2);
  auto held = std::make_shared<int>(1);
  auto timer = pool->submit_after(3'600'000'000'000, [held] { ADD_FAILURE(); });
  ASSERT_TRUE(timer.has_value());
  EXPECT_EQ(held.use_count(), 2);
  EXPECT_TRUE(pool->cancel_timer(*timer));
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_FALSE(pool->cancel_timer(*timer));
  EXPECT_TRUE(pool->submit_after(INT64_MAX, [] { ADD_FAILURE(); }).has_value());
}

TEST(ThreadPool, ATimerFiresWhileEveryWorkerIsBusy) {
  auto pool = make_pool(1, 1);
  std::promise<void> fired;
  std::promise<void> done;
  ASSERT_TRUE(pool->submit([&] {
                    EXPECT_TRUE(pool->submit_after(1'000'000, [&] { fired.set_value(); }));
                    fired.get_future().get();  // Holds the only worker until then.
                    done.set_value();
                  })
                  .ok());
  done.get_future().get();
}

TEST(ThreadPool, BackgroundWorkInterruptsATimerWatch) {
  auto pool = make_pool(1, 1);
  const BusyWorker busy(*pool);
  ASSERT_TRUE(pool->submit_after(3'600'000'000'000, [] {}).has_value());
  for (int i = 0; i < 100; ++i) {
    std::promise<void> ran;
    ASSERT_TRUE(pool->submit([&] { ran.set_value(); }, TaskClass::background).ok());
    ran.get_future().get();
  }
}

TEST(ThreadPool, TwoBackgroundTasksAtOnceWakeTheTimerWatchToo) {
  std::deque<std::latch> pairs;
  auto pool = make_pool(1, 2);
  const BusyWorker busy(*pool);
  ASSERT_TRUE(pool->submit_after(3'600'000'000'000, [] {}).has_value());
  for (int i = 0; i < 200; ++i) {  // One thread waits, the other one watches the timer.
    std::latch& both = pairs.emplace_back(2);
    for (int j = 0; j < 2; ++j) {
      ASSERT_TRUE(pool->submit([&both] { both.arrive_and_wait(); }, TaskClass::background).ok());
    }
    both.wait();
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

TEST(ThreadPool, BulkCoversEveryIndexOnce) {
  auto pool = make_pool(3);
  for (const std::size_t count : {0, 1, 2, 63, 64, 65, 10'000}) {
    for (const std::size_t grain : {0, 1, 7, 64, 100'000}) {
      std::vector<std::atomic<int>> hits(count);
      pool->bulk(count, grain, [&](std::size_t begin, std::size_t end) {
        ASSERT_LT(begin, end);
        ASSERT_LE(end - begin, std::max<std::size_t>(grain, 1));
        for (std::size_t i = begin; i < end; ++i) ++hits[i];
      });
      for (const auto& hit : hits) ASSERT_EQ(hit, 1) << count << " / " << grain;
    }
  }
}

TEST(ThreadPool, BulkTakesNoMoreThreadsThanThereAreWorkers) {
  auto pool = make_pool(2);
  std::mutex mutex;
  std::set<std::thread::id> threads;
  pool->bulk(64, 1, [&](std::size_t, std::size_t) {
    std::this_thread::sleep_for(std::chrono::microseconds(300));
    const std::lock_guard lock(mutex);
    threads.insert(std::this_thread::get_id());
  });
  EXPECT_LE(threads.size(), 2U);
}

TEST(ThreadPool, BulkIsHelpedByTheClassThatItNames) {
  auto pool = *ThreadPool::create({.workers = 1, .background_workers = 3});
  std::mutex mutex;
  std::condition_variable changed;
  std::set<std::thread::id> threads;
  const auto meet = [&](std::size_t, std::size_t) {
    std::unique_lock lock(mutex);
    threads.insert(std::this_thread::get_id());
    changed.notify_all();
    changed.wait_for(lock, std::chrono::seconds(10), [&] { return threads.size() == 3; });
  };
  pool->bulk(3, 1, meet, TaskClass::background);
  EXPECT_EQ(threads.size(), 3U);
}

TEST(ThreadPool, BulkNestsAndNeedsNoFreeWorker) {
  auto pool = make_pool(2);
  std::atomic<std::size_t> sum{0};
  std::promise<void> done;
  ASSERT_TRUE(pool->submit([&] {
                    pool->bulk(16, 1, [&](std::size_t, std::size_t) {
                      pool->bulk(16, 1, [&](std::size_t, std::size_t) {
                        pool->bulk(4, 1, [&](std::size_t, std::size_t) { ++sum; });
                      });
                    });
                    done.set_value();
                  })
                  .ok());
  done.get_future().get();
  EXPECT_EQ(sum, 16U * 16U * 4U);
}

TEST(ThreadPool, BulkWorksWhileEveryWorkerIsStuck) {
  auto pool = make_pool(2);
  std::promise<void> release;
  auto gate = release.get_future().share();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(pool->submit([gate] { gate.wait(); }).ok());
  std::size_t sum = 0;  // Only the caller can be at work.
  pool->bulk(1000, 10, [&](std::size_t begin, std::size_t end) { sum += end - begin; });
  EXPECT_EQ(sum, 1000U);
  release.set_value();
}

TEST(ThreadPool, CloseDestroysWhatWaitsAndRefusesMore) {
  auto pool = make_pool(1, 1);
  auto held = std::make_shared<int>(0);
  std::promise<void> started;
  std::promise<void> release;
  ASSERT_TRUE(pool->submit([&] {
                    started.set_value();
                    release.get_future().get();
                    for (int i = 0; i < 500; ++i) {  // Into the deque of a pool that is closing.
                      static_cast<void>(pool->submit([held] { ++*held; }));
                    }
                  })
                  .ok());
  started.get_future().get();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(pool->submit([held] { ++*held; }).ok());
  ASSERT_TRUE(pool->submit_after(3'600'000'000'000, [held] { ++*held; }).has_value());
  std::thread closer([&] { EXPECT_TRUE(pool->close().ok()); });
  while (pool->submit([] {}, TaskClass::background).ok()) std::this_thread::yield();
  release.set_value();
  closer.join();
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(*held, 0);
  EXPECT_EQ(pool->submit([] {}), ErrorCode::closed);
  EXPECT_EQ(pool->submit([] {}, TaskClass::background), ErrorCode::closed);
  EXPECT_EQ(pool->submit_after(1, [] {}).status(), ErrorCode::closed);
  std::size_t sum = 0;
  pool->bulk(100, 7, [&](std::size_t begin, std::size_t end) { sum += end - begin; });
  EXPECT_EQ(sum, 100U);
  EXPECT_TRUE(pool->close().ok());
}

TEST(ThreadPool, CannotBeClosedFromInside) {
  auto pool = make_pool(1);
  std::promise<Status> inside;
  EXPECT_FALSE(pool->on_worker_thread());
  ASSERT_TRUE(pool->submit([&] {
                    EXPECT_TRUE(pool->on_worker_thread());
                    inside.set_value(pool->close());
                  })
                  .ok());
  EXPECT_EQ(inside.get_future().get(), ErrorCode::failed_precondition);
}

TEST(ThreadPool, SleepingWorkersAlwaysWake) {
  auto pool = make_pool(4);
  for (int round = 0; round < 300; ++round) {
    std::promise<void> done;
    ASSERT_TRUE(pool->submit([&] { done.set_value(); }).ok());
    done.get_future().get();
    if (round % 3 == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  EXPECT_GE(pool->stats().parks, 1U);
}

TEST(ThreadPoolStress, EverythingAtOnce) {
  auto pool = make_pool(4, 2);
  std::atomic<int> done{0};
  std::atomic<std::size_t> bulk_sum{0};
  constexpr int rounds = 200;
  std::vector<std::thread> outside;
  for (int t = 0; t < 3; ++t) {
    outside.emplace_back([&] {
      for (int i = 0; i < rounds; ++i) {
        EXPECT_TRUE(pool->submit([&] {
                          for (int j = 0; j < 8; ++j) {
                            EXPECT_TRUE(pool->submit([&] { ++done; }).ok());
                          }
                        })
                        .ok());
        EXPECT_TRUE(pool->submit([&] { ++done; }, TaskClass::background).ok());
        EXPECT_TRUE(pool->submit_after(i * 1000, [&] { ++done; }).has_value());
        auto timer = pool->submit_after(50'000, [&] { ++done; });
        EXPECT_TRUE(timer.has_value());
        if (pool->cancel_timer(*timer)) ++done;
        pool->bulk(64, 4, [&](std::size_t begin, std::size_t end) { bulk_sum += end - begin; });
      }
    });
  }
  for (std::thread& thread : outside) thread.join();
  while (done < 3 * rounds * 11) std::this_thread::yield();
  EXPECT_EQ(done, 3 * rounds * 11);
  EXPECT_EQ(bulk_sum, 3U * rounds * 64U);
}

TEST(ThreadPoolStress, OpensAndClosesUnderLoad) {
  for (int round = 0; round < 40; ++round) {
    auto pool = make_pool(1 + std::size_t(round % 4));
    auto held = std::make_shared<int>(0);
    std::thread submitter([&] {
      for (int i = 0; i < 400; ++i) {
        if (!pool->submit([held, &pool] { static_cast<void>(pool->submit([held] {})); }).ok())
          break;
        static_cast<void>(pool->submit_after(i * 100, [held] {}));
      }
    });
    if (round % 2 == 0) std::this_thread::yield();
    EXPECT_TRUE(pool->close().ok());
    submitter.join();
    EXPECT_EQ(held.use_count(), 1);
  }
}

}  // namespace
}  // namespace frys
