// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What a host may do to its process while the memory manager holds memory: fork it, and start and
// end threads for ever. By public headers alone.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "frys/memory/manager.hpp"
#include "frys/memory/trace.hpp"
#include "support/temporary_folder.hpp"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FRYS_TESTS_TSAN 1
#endif
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define FRYS_TESTS_SANITIZED 1
#endif
#endif

namespace frys {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20;

TensorMemoryManager make_manager() {
  return *TensorMemoryManager::create({.budget_bytes = 256 * mib}, {});
}

/// What became of a child process.
enum class End { zero, other_code, signal, hung };

// Runs `body` in a child, which ends with what it returns, or is killed after `limit`.
template <typename Body>
End in_child(Body&& body, std::chrono::seconds limit = std::chrono::seconds(20)) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body() ? 0 : 1);
  const auto end = std::chrono::steady_clock::now() + limit;
  for (;;) {
    int status = 0;
    if (::waitpid(child, &status, WNOHANG) == child) {
      if (!WIFEXITED(status)) return End::signal;
      return WEXITSTATUS(status) == 0 ? End::zero : End::other_code;
    }
    if (std::chrono::steady_clock::now() > end) {
      ::kill(child, SIGKILL);
      ::waitpid(child, &status, 0);
      return End::hung;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

bool allocates_and_frees(const MemoryScope& scope) {
  for (const std::size_t bytes :
       {std::size_t{64}, std::size_t{5000}, std::size_t{300000}, 3 * mib}) {
    std::vector<Storage> held;
    for (int i = 0; i < 10; ++i) {
      Result<Storage> block = scope.allocate(bytes);
      if (!block) return false;
      std::memset(block->data(), i, bytes);
      held.push_back(*std::move(block));
    }
  }
  return bool(scope.scratch(1000)) && scope.reserve(mib).ok();
}

TEST(MemoryFork, AChildHasTheInheritedMemoryToItself) {
  TensorMemoryManager memory = make_manager();
  const MemoryScope scope = *memory.root().child("agent");
  constexpr std::size_t size_bytes = 200000;
  Storage block = *scope.allocate(size_bytes);
  auto* bytes = static_cast<unsigned char*>(block.data());
  std::memset(bytes, 5, size_bytes);
  const End end = in_child([&] {
    const bool same = bytes[0] == 5 && bytes[size_bytes - 1] == 5;
    std::memset(bytes, 6, size_bytes);
    block.reset();
    return same && allocates_and_frees(scope) && memory.close().ok() &&
           memory.root().stats().live_bytes == 0;
  });
  EXPECT_EQ(end, End::zero);
  EXPECT_EQ(bytes[0], 5);
  EXPECT_TRUE(allocates_and_frees(scope));
  block.reset();
  EXPECT_EQ(scope.stats().live_bytes, scope.stats().scratch_bytes);
}

TEST(MemoryFork, AChildLeavesTheTraceToItsParent) {
  const testing::TemporaryFolder folder;
  const std::string path = folder / "t.frystrace";
  TensorMemoryManager memory = make_manager();
  ASSERT_TRUE(memory.start_trace(path).ok());
  const Storage before = *memory.root().allocate(1000);
  const End end = in_child([&] {
    return allocates_and_frees(memory.root()) &&
           memory.stop_trace() == ErrorCode::failed_precondition && memory.close().ok();
  });
  EXPECT_EQ(end, End::zero);
  const Storage after = *memory.root().allocate(2000);
  ASSERT_TRUE(memory.stop_trace().ok());
  const Result<MemoryTrace> trace = MemoryTrace::read(path);
  ASSERT_TRUE(trace) << trace.error().to_string();
  EXPECT_EQ(trace->blocks, 2U);
}

// Takes every lock of the memory room, again and again.
void churn(const MemoryScope& scope, const std::atomic<bool>& stop) {
  std::vector<Storage> held;
  while (!stop) {
    const MemoryScope step = *scope.child("step");
    for (const std::size_t bytes : {std::size_t{100}, std::size_t{70000}, mib, 2 * mib}) {
      if (Result<Storage> block = step.allocate(bytes)) held.push_back(*std::move(block));
    }
    const Result<Scratch> scratch = step.scratch(1000);
    if (held.size() > 20) held.clear();
  }
}

// What a child's other threads were doing when it was made will never be ended.
TEST(MemoryForkSlow, AChildAllocatesWhateverItsParentsThreadsWereDoing) {
#ifdef FRYS_TESTS_TSAN
  GTEST_SKIP() << "ThreadSanitizer does not go on in the child of a process with threads";
#endif
  constexpr int forks = 300;
  TensorMemoryManager memory = make_manager();
  const MemoryScope scope = *memory.root().child("agent");
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) threads.emplace_back([&] { churn(scope, stop); });
  std::map<End, int> ends;
  for (int i = 0; i < forks && ends[End::hung] < 3; ++i) {
    ++ends[in_child([&] { return allocates_and_frees(scope); }, std::chrono::seconds(5))];
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ends[End::zero], forks)
      << ends[End::hung] << " children hung, " << ends[End::signal] << " ended by a signal, "
      << ends[End::other_code] << " were refused";
  EXPECT_TRUE(allocates_and_frees(scope)) << "the parent goes on";
}

// The same for the locks that are seldom taken.
TEST(MemoryForkSlow, AChildOpensScopesWhateverItsParentsThreadsWereDoing) {
#ifdef FRYS_TESTS_TSAN
  GTEST_SKIP() << "ThreadSanitizer does not go on in the child of a process with threads";
#endif
  constexpr int forks = 300;
  const testing::TemporaryFolder folder;
  TensorMemoryManager memory = make_manager();
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&, name = std::to_string(t)] {
      while (!stop) {
        static_cast<void>(memory.agent_scope(name, "a")->close());
        const auto handler = memory.add_pressure_handler([](const MemoryPressure&) { return 0; });
      }
    });
  }
  threads.emplace_back([&] {
    while (!stop) {
      static_cast<void>(memory.start_trace(folder / "t.frystrace"));
      static_cast<void>(memory.stop_trace());
    }
  });
  std::map<End, int> ends;
  for (int i = 0; i < forks && ends[End::hung] < 3; ++i) {
    ++ends[in_child(
        [&] {
          const Result<MemoryScope> scope = memory.agent_scope("child", "a");
          return scope && allocates_and_frees(*scope) &&
                 memory.add_pressure_handler([](const MemoryPressure&) { return 0; }) &&
                 memory.close().ok();
        },
        std::chrono::seconds(5))];
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ends[End::zero], forks) << ends[End::hung] << " children hung";
}

// Pools and trees are made and ended under locks that a fork takes, too.
TEST(MemoryForkSlow, ManagersComeAndGoWhileOthersFork) {
#ifdef FRYS_TESTS_TSAN
  GTEST_SKIP() << "ThreadSanitizer does not go on in the child of a process with threads";
#endif
  const auto forks_beside_managers = [] {
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&] {
        while (!stop) {
          TensorMemoryManager memory = make_manager();
          const MemoryScope out = *memory.root().child("out", {.shareable = true});
          static_cast<void>(out.allocate(100));
          static_cast<void>(memory.agent_scope("w", "a")->allocate(100));
          static_cast<void>(memory.close());
        }
      });
    }
    bool all = true;
    for (int i = 0; i < 100; ++i) {
      all &= in_child([] { return make_manager().root().allocate(100).has_value(); },
                      std::chrono::seconds(5)) == End::zero;
    }
    stop = true;
    for (std::thread& thread : threads) thread.join();
    return all;
  };
  EXPECT_EQ(in_child(forks_beside_managers, std::chrono::seconds(60)), End::zero);
}

// The first large block makes the pool measure huge pages, once a process.
TEST(MemoryForkSlow, AChildAsksItselfWhatItsParentWasMeasuring) {
#ifdef FRYS_TESTS_TSAN
  GTEST_SKIP() << "ThreadSanitizer does not go on in the child of a process with threads";
#endif
  for (int round = 0; round < 40; ++round) {
    const End end = in_child([&] {
      TensorMemoryManager memory = make_manager();
      std::thread other([&] { static_cast<void>(memory.root().allocate(4 * mib)); });
      std::this_thread::sleep_for(std::chrono::microseconds(50 * round));
      const End inner = in_child([&] { return memory.root().allocate(4 * mib).has_value(); },
                                 std::chrono::seconds(5));
      other.join();
      return inner == End::zero;
    });
    ASSERT_EQ(end, End::zero) << round;
  }
}

TEST(MemoryPeak, DoesNotCountWhatTheSystemRefused) {
  FaultInjector faults;
  Environment environment;
  environment.faults = &faults;
  TensorMemoryManager memory = *TensorMemoryManager::create(
      {.budget_bytes = 256 * mib, .pool = {.segment_bytes = 4 * mib}}, environment);
  const MemoryScope scope = *memory.root().child("agent");
  const Storage kept = *scope.allocate(4096);
  faults.fail("memory.map", 1, Status::out_of_memory());
  ASSERT_EQ(scope.allocate(100 * mib).status().code(), ErrorCode::out_of_memory);
  EXPECT_EQ(scope.stats().peak_bytes, 4096U);
}

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// Each thread frees what the one before left, and leaves as much itself.
TEST(MemoryThreadsSlow, AHundredThousandInSequenceLeaveNothingBehind) {
#ifdef FRYS_TESTS_SANITIZED
  constexpr int threads = 2000;
#else
  constexpr int threads = 100000;
#endif
  TensorMemoryManager memory = make_manager();
  const MemoryScope scope = *memory.root().child("agent");
  Storage left;
  const auto live_once = [&](int number) {
    std::thread([&, number] {
      const Storage small = *scope.allocate(100);
      const Storage large = *scope.allocate(static_cast<std::size_t>(number % 7) * 50000);
      *static_cast<char*>(small.data()) = 1;
      const Scratch scratch = *scope.scratch(500);
      left = *scope.allocate(static_cast<std::size_t>(64 + number % 5 * 1000));
    }).join();
  };
  for (int i = 0; i < 1000; ++i) live_once(i);
  const PoolStats before = memory.pool_stats();
  [[maybe_unused]] const std::size_t resident = resident_bytes();
  for (int i = 0; i < threads; ++i) live_once(i);
  EXPECT_EQ(memory.pool_stats().mapped_bytes, before.mapped_bytes);
  EXPECT_LE(memory.pool_stats().committed_bytes, before.committed_bytes + mib);
#ifndef FRYS_TESTS_SANITIZED  // whose own memory grows with every thread
  EXPECT_LE(resident_bytes(), resident + 2 * mib);
#endif
  left.reset();
  EXPECT_EQ(scope.stats().live_bytes, scope.stats().scratch_bytes);
  EXPECT_TRUE(memory.close().ok());
  memory.trim();
  EXPECT_EQ(memory.pool_stats().mapped_bytes, 0U);
}

}  // namespace
}  // namespace frys
