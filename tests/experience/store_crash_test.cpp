// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A process that stores is killed at any moment; what it was told is safe must be there.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>

#include "experience/store_fixture.hpp"

namespace frys {
namespace {

using testing::random_vector;

constexpr std::size_t dimension = 32;
constexpr int writers = 3;

ExperienceStoreOptions crash_options(const std::string& path) {
  ExperienceStoreOptions options;
  options.path = path;
  options.dimension = dimension;
  options.write_buffer_bytes = std::size_t{1} << 20;  // Full often: kills hit tables, too.
  return options;
}

Experience crash_experience(std::uint32_t number) {
  Experience e = testing::numbered_experience(static_cast<int>(number));
  e.embedding = random_vector(dimension, number);
  e.payload.assign(4000 + number % 9000, static_cast<std::byte>(number));
  return e;
}

/// What the child says once `store` has returned.
struct Acknowledged {
  std::uint32_t number;
  ExperienceId id;
};

// Run by CrashSlow in a process of its own, never by itself.
TEST(CrashChild, DISABLED_StoresUntilItIsKilled) {
  const char* path = std::getenv("FRYS_CRASH_PATH");
  ASSERT_NE(path, nullptr);
  const int pipe_fd = std::atoi(std::getenv("FRYS_CRASH_FD"));
  const auto base = static_cast<std::uint32_t>(std::atoi(std::getenv("FRYS_CRASH_BASE")));
  testing::TestExecutor executor;
  Environment environment;
  environment.executor = &executor;
  Result<ExperienceStore> store = ExperienceStore::open(crash_options(path), environment);
  ASSERT_TRUE(store) << store.error().to_string();
  std::atomic<std::uint32_t> next{base};
  std::vector<std::thread> threads;
  for (int t = 0; t < writers; ++t) {
    threads.emplace_back([&] {
      for (;;) {
        const std::uint32_t number = next.fetch_add(1);
        const auto id = store->store(crash_experience(number), {.durability = Durability::synced});
        if (!id) ::_exit(3);
        const Acknowledged said{number, *id};
        if (::write(pipe_fd, &said, sizeof(said)) != sizeof(said)) ::_exit(4);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

struct Child {
  pid_t pid = -1;
  int pipe_fd = -1;
};

Child start_child(const std::string& path, std::uint32_t base) {
  int fds[2];
  if (::pipe(fds) != 0) return {};
  const std::string fd = std::to_string(fds[1]);
  const std::string number = std::to_string(base);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::close(fds[0]);
    ::setenv("FRYS_CRASH_PATH", path.c_str(), 1);
    ::setenv("FRYS_CRASH_FD", fd.c_str(), 1);
    ::setenv("FRYS_CRASH_BASE", number.c_str(), 1);
    ::execl("/proc/self/exe", "crash_child", "--gtest_filter=CrashChild.*",
            "--gtest_also_run_disabled_tests", "--gtest_brief=1", nullptr);
    ::_exit(5);
  }
  ::close(fds[1]);
  return {pid, fds[0]};
}

/// Lets the child store for a while, kills it, and returns what it was told.
std::vector<Acknowledged> run_and_kill(const std::string& path, std::uint32_t base,
                                       std::size_t acknowledgements, std::size_t extra_us) {
  const Child child = start_child(path, base);
  std::vector<Acknowledged> told;
  Acknowledged one;
  const auto read_one = [&] {
    std::size_t have = 0;
    while (have < sizeof(one)) {
      const ssize_t n =
          ::read(child.pipe_fd, reinterpret_cast<char*>(&one) + have, sizeof(one) - have);
      if (n <= 0) return false;
      have += static_cast<std::size_t>(n);
    }
    told.push_back(one);
    return true;
  };
  while (told.size() < acknowledgements && read_one()) {
  }
  std::this_thread::sleep_for(std::chrono::microseconds(extra_us));
  ::kill(child.pid, SIGKILL);
  while (read_one()) {
  }
  int status = 0;
  ::waitpid(child.pid, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself, status " << status;
  ::close(child.pipe_fd);
  return told;
}

void check_everything(const std::string& path, const std::vector<Acknowledged>& told,
                      std::size_t from) {
  testing::TestExecutor executor;
  Environment environment;
  environment.executor = &executor;
  Result<ExperienceStore> store = ExperienceStore::open(crash_options(path), environment);
  ASSERT_TRUE(store) << store.error().to_string();
  ASSERT_GE(store->size(), told.size());
  for (std::size_t i = from; i < told.size(); ++i) {
    const Experience expected = crash_experience(told[i].number);
    const Result<Experience> found = store->get(told[i].id);
    ASSERT_TRUE(found) << "experience " << i << ": " << found.error().to_string();
    ASSERT_EQ(*found, expected);
    SimilarityQuery query{.vector = expected.embedding, .k = 1};
    query.outcome_weight = 0;
    query.recency_weight = 0;
    query.effort = 200;
    const auto matches = store->find_similar(query);
    ASSERT_TRUE(matches) << matches.error().to_string();
    ASSERT_EQ(matches->size(), 1U);
    ASSERT_EQ(matches->matches.at(0).id, told[i].id) << "experience " << i;
  }
}

void kill_and_check(int rounds) {
  testing::TemporaryFolder folder;
  const std::string path = folder / "store";
  std::mt19937 random(20'260'101);
  std::vector<Acknowledged> told;
  for (int round = 0; round < rounds; ++round) {
    const std::size_t before = told.size();
    const auto now = run_and_kill(path, static_cast<std::uint32_t>(round) * 100'000U,
                                  1 + random() % 60, random() % 3000);
    ASSERT_FALSE(now.empty());
    told.insert(told.end(), now.begin(), now.end());
    // The last round's always, all of them now and then.
    check_everything(path, told, round % 10 == 9 ? 0 : before);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(CrashTest, KilledTwiceNothingAcknowledgedIsLost) { kill_and_check(2); }

TEST(CrashSlow, KilledFiftyTimesNothingAcknowledgedIsLost) { kill_and_check(50); }

TEST(CrashTest, AnotherProcessIsToldWhoHoldsTheStore) {
  testing::TemporaryFolder folder;
  const Child child = start_child(folder / "store", 0);
  Acknowledged one;
  ASSERT_EQ(::read(child.pipe_fd, &one, sizeof(one)), static_cast<ssize_t>(sizeof(one)));
  Environment environment;
  const Status status =
      ExperienceStore::open(crash_options(folder / "store"), environment).status();
  EXPECT_EQ(status, ErrorCode::already_open) << status.to_string();
  EXPECT_NE(status.message().find("process " + std::to_string(child.pid)), std::string_view::npos)
      << status.to_string();
  ::kill(child.pid, SIGKILL);
  ::waitpid(child.pid, nullptr, 0);
  ::close(child.pipe_fd);
}

}  // namespace
}  // namespace frys
