// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "core/first_made.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <future>

namespace frys::detail {
namespace {

TEST(FirstMade, IsMadeOnceAndStaysWhereItIs) {
  FirstMade<int> value;
  int made = 0;
  const int& first = value.get([&]() noexcept { return 7 + made++; });
  const int& second = value.get([&]() noexcept { return 7 + made++; });
  EXPECT_EQ(first, 7);
  EXPECT_EQ(&first, &second);
  EXPECT_EQ(made, 1);
}

// A thread that never comes back, as in the child of a fork, keeps nobody from the value.
TEST(FirstMade, NobodyWaitsForWhoMakesIt) {
  static FirstMade<int> value;
  std::promise<void> begun;
  std::promise<void> go_on;
  std::future<const int*> slow = std::async(std::launch::async, [&] {
    return &value.get([&]() noexcept {
      begun.set_value();
      go_on.get_future().wait();
      return 1;
    });
  });
  begun.get_future().wait();
  const int* quick = &value.get([]() noexcept { return 2; });
  EXPECT_EQ(*quick, 2);
  go_on.set_value();
  EXPECT_EQ(slow.get(), quick) << "what was ready first is everyone's";
}

}  // namespace
}  // namespace frys::detail
