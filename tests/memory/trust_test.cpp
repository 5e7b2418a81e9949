// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What a host may do to its process while the memory manager holds memory: fork it, and start and
// end threads for ever. By public headers alone.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "frys/memory/manager.hpp"

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
