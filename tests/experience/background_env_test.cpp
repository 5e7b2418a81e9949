// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/background_env.hpp"

#include <gtest/gtest.h>
#include <rocksdb/file_system.h>

#include <thread>

#include "experience/background_runner.hpp"
#include "frys/core/simulation.hpp"
#include "support/test_executor.hpp"

namespace frys::detail {
namespace {

using rocksdb::Env;

void count_up(void* counter) { static_cast<std::atomic<int>*>(counter)->fetch_add(1); }
void count_back(void* counter) { static_cast<std::atomic<int>*>(counter)->fetch_sub(100); }

Environment on(Executor& executor) {
  Environment environment;
  environment.executor = &executor;
  return environment;
}

TEST(BackgroundRunnerTest, NeverRunsATaskInTheCaller) {
  BackgroundRunner runner(inline_executor());
  bool ran = false;
  EXPECT_FALSE(runner.submit([&] { ran = true; }));
  EXPECT_FALSE(ran);
  EXPECT_TRUE(runner.is_inline());
}

TEST(BackgroundRunnerTest, HandsOnToThreads) {
  testing::TestExecutor executor;
  BackgroundRunner runner(executor);
  std::atomic<bool> ran{false};
  EXPECT_TRUE(runner.submit([&] { ran = true; }));
  executor.close();
  EXPECT_TRUE(ran.load());
  EXPECT_FALSE(runner.is_inline());
  EXPECT_FALSE(runner.submit([] {}));
}

TEST(BackgroundRunnerTest, TasksOutliveIt) {
  SimulatedExecutor simulation;
  bool ran = false;
  {
    EXPECT_TRUE(BackgroundRunner(simulation).submit([&] { ran = true; }));
  }
  simulation.run();
  EXPECT_TRUE(ran);
}

TEST(BackgroundEnvTest, JobsRunOnTheExecutor) {
  testing::TestExecutor executor;
  std::atomic<int> counter{0};
  {
    BackgroundEnv env(on(executor));
    for (int i = 0; i < 100; ++i) {
      env.Schedule(&count_up, &counter, i % 2 == 0 ? Env::LOW : Env::HIGH, nullptr, nullptr);
    }
    env.WaitForJoin();
    EXPECT_EQ(counter.load(), 100);
  }
  EXPECT_EQ(executor.submitted(), 100U);
}

TEST(BackgroundEnvTest, InlineJobsWaitForHelp) {
  BackgroundEnv env(on(inline_executor()));
  std::atomic<int> counter{0};
  env.Schedule(&count_up, &counter, Env::HIGH, nullptr, nullptr);
  EXPECT_EQ(counter.load(), 0);
  EXPECT_EQ(env.GetThreadPoolQueueLen(Env::HIGH), 1U);
  env.help(1);
  EXPECT_EQ(counter.load(), 1);
}

TEST(BackgroundEnvTest, AWriterHelpsWhenTheExecutorDoesNot) {
  SimulatedExecutor asleep;
  BackgroundEnv env(on(asleep));
  std::atomic<int> counter{0};
  env.Schedule(&count_up, &counter, Env::LOW, nullptr, nullptr);
  env.Schedule(&count_up, &counter, Env::HIGH, nullptr, nullptr);
  env.help(std::size_t{1} << 20);
  EXPECT_EQ(counter.load(), 0);
  env.help(std::size_t{1} << 20);
  EXPECT_EQ(counter.load(), 1);  // The full buffer; the merge can wait longer.
  env.help(std::size_t{64} << 20);
  EXPECT_EQ(counter.load(), 2);
  asleep.run();
  EXPECT_EQ(counter.load(), 2);
}

TEST(BackgroundEnvTest, AWriterInNeedRunsAJobOrWaitsForOne) {
  SimulatedExecutor asleep;
  BackgroundEnv env(on(asleep));
  EXPECT_FALSE(env.make_way());
  std::atomic<int> counter{0};
  env.Schedule(&count_up, &counter, Env::LOW, nullptr, nullptr);
  EXPECT_TRUE(env.make_way());
  EXPECT_EQ(counter.load(), 1);
  EXPECT_FALSE(env.make_way());

  struct Slow {
    std::atomic<bool> begun{false};
    std::atomic<bool> may_end{false};
  } slow;
  const auto run = [](void* job) {
    static_cast<Slow*>(job)->begun = true;
    while (!static_cast<Slow*>(job)->may_end) std::this_thread::yield();
  };
  env.Schedule(run, &slow, Env::HIGH, nullptr, nullptr);
  std::thread other([&] { asleep.run(); });
  while (!slow.begun) std::this_thread::yield();
  std::thread ender([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    slow.may_end = true;
  });
  // Whether there was one to wait for depends on when it ended, but it has.
  static_cast<void>(env.make_way());
  EXPECT_TRUE(slow.may_end.load());
  ender.join();
  other.join();
  EXPECT_FALSE(env.make_way());
}

TEST(BackgroundEnvTest, AJobThatThrowsHasEnded) {
  SimulatedExecutor asleep;
  BackgroundEnv env(on(asleep));
  env.Schedule([](void*) { throw std::bad_alloc(); }, nullptr, Env::LOW, nullptr, nullptr);
  EXPECT_THROW((void)env.make_way(), std::bad_alloc);
  env.settle();  // Would wait for it.
}

TEST(BackgroundEnvTest, JobsCanBeTakenBackByTag) {
  SimulatedExecutor asleep;
  BackgroundEnv env(on(asleep));
  std::atomic<int> counter{0};
  int mine = 0;
  int other = 0;
  env.Schedule(&count_up, &counter, Env::LOW, &mine, &count_back);
  env.Schedule(&count_up, &counter, Env::HIGH, &mine, &count_back);
  env.Schedule(&count_up, &counter, Env::LOW, &other, &count_back);
  EXPECT_EQ(env.UnSchedule(&mine, Env::LOW), 1);
  EXPECT_EQ(counter.load(), -100);
  asleep.run();
  EXPECT_EQ(counter.load(), -98);
}

TEST(BackgroundEnvTest, SettlingRunsWhatCannotBeTakenBack) {
  SimulatedExecutor asleep;
  BackgroundEnv env(on(asleep));
  std::atomic<int> counter{0};
  int tag = 0;
  env.Schedule(&count_up, &counter, Env::HIGH, nullptr, nullptr);
  env.Schedule(&count_up, &counter, Env::LOW, &tag, &count_back);
  env.settle();
  EXPECT_EQ(counter.load(), 1);
  EXPECT_EQ(env.UnSchedule(&tag, Env::LOW), 1);
}

TEST(BackgroundEnvTest, TasksThatComeTooLateDoNothing) {
  SimulatedExecutor asleep;
  std::atomic<int> counter{0};
  {
    BackgroundEnv env(on(asleep));
    env.Schedule(&count_up, &counter, Env::LOW, &counter, &count_back);
    env.UnSchedule(&counter, Env::LOW);
  }
  asleep.run();
  EXPECT_EQ(counter.load(), -100);
}

TEST(BackgroundEnvTest, WritesNoOptionsFiles) {
  BackgroundEnv env(on(inline_executor()));
  std::unique_ptr<rocksdb::FSWritableFile> file;
  EXPECT_TRUE(env.GetFileSystem()
                  ->NewWritableFile("/tmp/x/OPTIONS-000006.dbtmp", {}, &file, nullptr)
                  .IsNotSupported());
}

}  // namespace
}  // namespace frys::detail
