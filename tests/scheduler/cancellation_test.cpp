// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/scheduler/cancellation.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace frys {
namespace {

TEST(Cancellation, TheDefaultTokenNeverIs) {
  const CancellationToken token;
  EXPECT_FALSE(token.is_cancelled());
  auto registration = token.on_cancel([] { ADD_FAILURE(); });
}

TEST(Cancellation, TellsOnceInOrder) {
  CancellationSource source;
  std::vector<int> calls;
  auto first = source.token().on_cancel([&] { calls.push_back(1); });
  auto second = source.token().on_cancel([&] { calls.push_back(2); });
  EXPECT_FALSE(source.is_cancelled());
  EXPECT_TRUE(source.cancel());
  EXPECT_FALSE(source.cancel());
  EXPECT_TRUE(source.token().is_cancelled());
  EXPECT_EQ(calls, (std::vector<int>{1, 2}));
  auto late = source.token().on_cancel([&] { calls.push_back(3); });
  EXPECT_EQ(calls.size(), 3U);
}

TEST(Cancellation, ARegistrationTakesItsCallbackBack) {
  CancellationSource source;
  {
    auto gone = source.token().on_cancel([] { ADD_FAILURE(); });
    auto moved = std::move(gone);
    moved = CancellationRegistration();
  }
  EXPECT_TRUE(source.cancel());
}

TEST(Cancellation, ACallbackMayDropItselfAndTheSource) {
  auto source = std::make_unique<CancellationSource>();
  const CancellationToken token = source->token();
  CancellationRegistration registration;
  registration = token.on_cancel([&] {
    registration.reset();
    source.reset();
  });
  source->cancel();
  EXPECT_TRUE(token.is_cancelled());
}

TEST(CancellationStress, NoCallbackRunsAfterReset) {
  for (int round = 0; round < 300; ++round) {
    CancellationSource source;
    std::atomic<bool> alive{true};
    std::atomic<bool> running{false};
    auto registration = source.token().on_cancel([&] {
      running = true;
      for (int i = 0; i < 20; ++i) std::this_thread::yield();
      EXPECT_TRUE(alive.load());
    });
    std::thread canceller([&] { source.cancel(); });
    // Into the callback, or, in every fourth round, before or after it as it comes.
    while (round % 4 != 0 && !running) std::this_thread::yield();
    registration.reset();
    alive = false;
    canceller.join();
  }
}

}  // namespace
}  // namespace frys
