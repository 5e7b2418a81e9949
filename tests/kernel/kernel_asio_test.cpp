// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The store's verbs with every kind of completion token, on the kernel's own threads.

#include <frys/asio.hpp>
#include <frys/frys.hpp>

#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>
#include <atomic>
#include <future>
#include <optional>
#if ASIO_VERSION >= 102400
#include <asio/deferred.hpp>
#else
#include <asio/experimental/deferred.hpp>
#endif

#include "support/temporary_folder.hpp"

namespace frys {
namespace {

#if ASIO_VERSION >= 102400
constexpr auto deferred = asio::deferred;
#else
constexpr auto deferred = asio::experimental::deferred;
#endif

class KernelAsio : public ::testing::Test {
 protected:
  KernelAsio() {
    auto opened = Kernel::open({.data_dir = folder_ / "data", .worker_threads = 2});
    EXPECT_TRUE(opened.has_value());
    kernel_.emplace(*std::move(opened));
  }
  ExperienceStore& store() { return kernel_->experience(); }

  testing::TemporaryFolder folder_;
  std::optional<Kernel> kernel_;
};

const Experience experience{.situation = "login page returns 500", .action = "restart the cache"};
const SimilarityQuery query{.text = "500 on login", .k = 1};

TEST_F(KernelAsio, StoresAndFindsWithACallback) {
  std::promise<Result<ExperienceId>> stored;
  async_store(store(), experience, {}, [&](auto id) { stored.set_value(std::move(id)); });
  const auto id = stored.get_future().get();
  ASSERT_TRUE(id.has_value());
  std::promise<Result<SimilarMatches>> found;
  async_find_similar(store(), query, [&](auto matches) { found.set_value(std::move(matches)); });
  EXPECT_EQ(found.get_future().get()->matches.at(0).id, *id);
}

TEST_F(KernelAsio, StoresAndFindsWithAFuture) {
  const auto id = async_store(store(), experience, {}, asio::use_future).get();
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(async_find_similar(store(), query, asio::use_future).get()->matches.at(0).id, *id);
}

TEST_F(KernelAsio, StoresAndFindsInTheHostsCoroutine) {
  asio::io_context context;
  bool same = false;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        const StoreOptions synced{Durability::synced};
        const auto id = co_await async_store(store(), experience, synced, asio::use_awaitable);
        const auto matches = co_await async_find_similar(store(), query, asio::use_awaitable);
        same = id.has_value() && matches.has_value() && matches->matches.at(0).id == *id;
      },
      asio::detached);
  context.run();
  EXPECT_TRUE(same);
}

TEST_F(KernelAsio, DefersUntilAsked) {
  auto storing = async_store(store(), experience, {}, deferred);
  auto finding = async_find_similar(store(), query, deferred);
  EXPECT_EQ(store().size(), 0U);
  std::promise<Result<ExperienceId>> stored;
  std::move(storing)([&](auto id) { stored.set_value(std::move(id)); });
  ASSERT_TRUE(stored.get_future().get().has_value());
  std::promise<Result<SimilarMatches>> found;
  std::move(finding)([&](auto matches) { found.set_value(std::move(matches)); });
  EXPECT_EQ(found.get_future().get()->size(), 1U);
}

TEST_F(KernelAsio, EveryCallIsAnsweredAcrossClose) {
  constexpr int calls = 5000;
  std::atomic<int> answers{0};
  std::atomic<int> surprises{0};
  const auto count = [&](const Status& status) {
    answers.fetch_add(1);
    if (!status.ok() && !(status == ErrorCode::closed)) surprises.fetch_add(1);
  };
  for (int i = 0; i < calls; ++i) {
    Experience one = experience;
    one.reward = i;
    async_store(store(), std::move(one), {}, [&](auto id) { count(id.status()); });
    async_find_similar(store(), query, [&](auto matches) { count(matches.status()); });
  }
  std::future<Result<ExperienceId>> last = async_store(store(), experience, {}, asio::use_future);
  EXPECT_TRUE(kernel_->close().ok());
  EXPECT_EQ(answers.load(), 2 * calls);
  EXPECT_EQ(surprises.load(), 0);
  // Asio completes a future on a thread of its own.
  ASSERT_EQ(last.wait_for(std::chrono::seconds(30)), std::future_status::ready);
  EXPECT_EQ(async_find_similar(store(), query, asio::use_future).get().status(), ErrorCode::closed);
}

}  // namespace
}  // namespace frys
