// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/memory/storage.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "frys/memory/pool.hpp"

namespace frys {
namespace {

TEST(Storage, EmptyHoldsNothing) {
  Storage empty;
  EXPECT_FALSE(empty);
  EXPECT_EQ(empty.data(), nullptr);
  EXPECT_EQ(empty.size_bytes(), 0U);
  EXPECT_EQ(empty.use_count(), 0U);
  EXPECT_FALSE(empty.unique());
  Storage copy = empty;
  EXPECT_EQ(copy, empty);
}

TEST(Storage, CopiesShareAndTheLastReleases) {
  std::array<int, 4> host{1, 2, 3, 4};
  int released = 0;
  {
    auto block = Storage::wrap(host.data(), sizeof host, {}, [&] { ++released; });
    ASSERT_TRUE(block);
    EXPECT_TRUE(block->unique());
    Storage copy = *block;
    EXPECT_EQ(copy.data(), host.data());
    EXPECT_EQ(copy, *block);
    EXPECT_EQ(copy.use_count(), 2U);
    EXPECT_FALSE(copy.unique());
    Storage moved = std::move(copy);
    EXPECT_FALSE(copy);  // NOLINT: moved-from is empty, by contract
    EXPECT_EQ(moved.use_count(), 2U);
    block->reset();
    EXPECT_EQ(released, 0);
    Storage& itself = moved;
    moved = itself;
    EXPECT_EQ(moved.size_bytes(), sizeof host);
  }
  EXPECT_EQ(released, 1);
}

TEST(Storage, WrapKeepsTheDeviceAndAllowsNoRelease) {
  int byte = 0;
  auto block = Storage::wrap(&byte, 1, {DeviceType::cuda, 3}, nullptr);
  ASSERT_TRUE(block);
  EXPECT_EQ(block->device(), (Device{DeviceType::cuda, 3}));
  auto none = Storage::wrap(nullptr, 0, {}, nullptr);
  ASSERT_TRUE(none);
  EXPECT_TRUE(*none);
}

TEST(Storage, WrappingNullAsBytesIsAnErrorAndReleasesNothing) {
  bool released = false;
  auto block = Storage::wrap(nullptr, 8, {}, [&] { released = true; });
  EXPECT_EQ(block.status().code(), ErrorCode::invalid_argument);
  EXPECT_FALSE(released);
}

TEST(Storage, ManyThreadsShareOneBlock) {
  auto pool = *MemoryPool::create();
  std::atomic<int> released{0};
  int byte = 0;
  {
    auto wrapped = Storage::wrap(&byte, 1, {}, [&] { ++released; });
    auto pooled = pool->allocate_storage(256);
    ASSERT_TRUE(wrapped && pooled);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([a = *wrapped, b = *pooled] {
        for (int i = 0; i < 20000; ++i) {
          Storage x = a;
          Storage y = b;
          Storage z = std::move(x);
          y = z;
        }
      });
    }
    wrapped->reset();
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(pooled->use_count(), 1U + 0U);
  }
  EXPECT_EQ(released, 1);
  EXPECT_EQ(pool->stats().live_bytes, 0U);
}

}  // namespace
}  // namespace frys
