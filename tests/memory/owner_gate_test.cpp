// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/owner_gate.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <thread>

#include "memory/short_lock.hpp"

namespace frys::detail {
namespace {

// Two numbers that are equal whenever nobody is inside.
struct Guarded {
  OwnerGate gate;
  std::uint64_t first = 0;
  std::uint64_t second = 0;
};

void claim(Guarded& guarded) {
  guarded.gate.claim();
  fence_owners();
  guarded.gate.await_owner();
}

void race(int owner_turns, int claims) {
  Guarded guarded;
  std::atomic<bool> ended{false};
  std::uint64_t entered = 0;
  std::thread owner([&] {
    for (int i = 0; i < owner_turns || !ended.load(std::memory_order_relaxed); ++i) {
      const OwnerSection section(guarded.gate);
      ++guarded.first;
      ++guarded.second;
      ++entered;
    }
  });
  int unequal = 0;
  for (int i = 0; i < claims; ++i) {
    claim(guarded);
    if (guarded.first != guarded.second) ++unequal;
    ++guarded.first;
    ++guarded.second;
    guarded.gate.release();
  }
  ended = true;
  owner.join();
  EXPECT_EQ(unequal, 0);
  EXPECT_EQ(guarded.first, entered + static_cast<std::uint64_t>(claims)) << "an update was lost";
  EXPECT_EQ(guarded.second, guarded.first);
}

TEST(OwnerGate, OwnerAndClaimerAreNeverInTogether) {
  prepare_fences();
  race(1000, 3000);
}

TEST(OwnerGate, HoldsWithoutTheSystemsFenceToo) {
  const bool before = owners_fence.exchange(true);
  race(1000, 3000);
  owners_fence = before;
}

TEST(OwnerGate, KeepsTheOwnerOutUntilReleased) {
  prepare_fences();
  Guarded guarded;
  claim(guarded);
  std::atomic<bool> inside{false};
  std::thread owner([&] {
    const OwnerSection section(guarded.gate);
    inside = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_FALSE(inside);
  guarded.gate.release();
  owner.join();
  EXPECT_TRUE(inside);
}

}  // namespace
}  // namespace frys::detail
