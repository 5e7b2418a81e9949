// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// frys/asio.hpp against a real Asio, as a host would use it.

#include "frys/asio.hpp"

#include <gtest/gtest.h>

#include <asio/any_io_executor.hpp>
#include <asio/bind_executor.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>
#include <future>
#include <thread>
#if ASIO_VERSION >= 102400
#include <asio/deferred.hpp>
#else
#include <asio/experimental/deferred.hpp>
#endif

#include "scheduler/scheduler_host.hpp"

namespace frys {
namespace {

using namespace frys::testing;  // NOLINT

#if ASIO_VERSION >= 102400
constexpr auto deferred = asio::deferred;
#else
constexpr auto deferred = asio::experimental::deferred;
#endif

WorkflowId begin(ThreadedHost& host) {
  WorkflowGraph graph("asio");
  EXPECT_TRUE(graph.add_step({.name = "step", .run = lasting(ms)}));
  return *host.scheduler().submit(std::move(graph));
}

TEST(Asio, WaitsWithACallback) {
  ThreadedHost host;
  std::promise<bool> on_our_thread;
  async_wait(host.scheduler(), begin(host), [&](Result<WorkflowReport> report) {
    EXPECT_TRUE(report->status.ok());
    on_our_thread.set_value(host.pool->on_worker_thread());
  });
  EXPECT_TRUE(on_our_thread.get_future().get());
}

TEST(Asio, WaitsWithACallbackOnTheHostsExecutor) {
  ThreadedHost host;
  asio::io_context context;
  std::thread::id ran_on;
  async_wait(host.scheduler(), begin(host),
             asio::bind_executor(context, [&](Result<WorkflowReport> report) {
               EXPECT_TRUE(report.has_value());
               ran_on = std::this_thread::get_id();
             }));
  context.run();  // Does not return before the workflow has ended: the wait counts as work.
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(Asio, WaitsWithAFuture) {
  ThreadedHost host;
  std::future<Result<WorkflowReport>> report =
      async_wait(host.scheduler(), begin(host), asio::use_future);
  EXPECT_TRUE(report.get()->status.ok());
  auto unknown = async_wait(host.scheduler(), WorkflowId{99}, asio::use_future);
  EXPECT_EQ(unknown.get().status(), ErrorCode::not_found);
}

TEST(Asio, AwaitsInTheHostsCoroutine) {
  ThreadedHost host;
  asio::io_context context;
  bool done = false;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        const WorkflowId id = begin(host);
        const auto plan =
            co_await async_optimize_for_collaboration(host.scheduler(), id, asio::use_awaitable);
        EXPECT_TRUE(plan.has_value());
        const auto report = co_await async_wait(host.scheduler(), id, asio::use_awaitable);
        EXPECT_TRUE(report->status.ok());
        EXPECT_FALSE(host.pool->on_worker_thread());
        done = true;
      },
      asio::detached);
  context.run();
  EXPECT_TRUE(done);
}

TEST(Asio, DefersUntilAsked) {
  ThreadedHost host;
  const WorkflowId id = begin(host);
  auto later = async_wait(host.scheduler(), id, deferred);
  auto plan = async_optimize_for_collaboration(host.scheduler(), id, deferred);
  std::promise<Result<WorkflowReport>> answer;
  std::move(later)([&](Result<WorkflowReport> r) { answer.set_value(std::move(r)); });
  EXPECT_TRUE(answer.get_future().get().has_value());
  std::promise<Result<CollaborationPlan>> planned;
  std::move(plan)([&](Result<CollaborationPlan> p) { planned.set_value(std::move(p)); });
  EXPECT_TRUE(planned.get_future().get().has_value());
}

TEST(Asio, AnyCallWithACallbackWillDo) {
  const auto twice = [](int value, UniqueFunction<void(Result<int>)> done) { done(2 * value); };
  asio::io_context context;
  int got = 0;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        // The result is there before the call returns, and still the coroutine is not run into.
        got = *co_await async_call<int>([&](auto done) { twice(21, std::move(done)); },
                                        asio::use_awaitable);
      },
      asio::detached);
  context.run();
  EXPECT_EQ(got, 42);
}

TEST(Asio, OurExecutorIsOneOfTheirs) {
  static_assert(asio::execution::is_executor<AsioExecutor>::value);
  ThreadedHost host;
  const asio::any_io_executor executor = asio_executor(*host.pool);
  EXPECT_TRUE(asio_executor(*host.pool) == asio_executor(*host.pool));
  std::promise<bool> posted;
  asio::post(executor, [&] { posted.set_value(host.pool->on_worker_thread()); });
  EXPECT_TRUE(posted.get_future().get());
  std::promise<bool> resumed;
  asio::co_spawn(
      executor,
      [&]() -> asio::awaitable<void> {
        const auto report = co_await async_wait(host.scheduler(), begin(host), asio::use_awaitable);
        resumed.set_value(report.has_value() && host.pool->on_worker_thread());
      },
      asio::detached);
  EXPECT_TRUE(resumed.get_future().get());
}

TEST(Asio, AClosedSchedulerAnswersTheHostsCoroutine) {
  ThreadedHost host;
  ASSERT_TRUE(host.scheduler().close().ok());
  ASSERT_TRUE(host.pool->close().ok());
  asio::io_context context;
  Status status;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        status =
            (co_await async_wait(host.scheduler(), WorkflowId{1}, asio::use_awaitable)).status();
      },
      asio::detached);
  context.run();
  EXPECT_EQ(status, ErrorCode::closed);
}

/// Only compiled: the store has tests of its own, a floor further on.
[[maybe_unused]] void verbs_of_the_store(ExperienceStore& store) {
  std::future<Result<ExperienceId>> id = async_store(store, {}, {}, asio::use_future);
  async_find_similar(store, {}, [](Result<SimilarMatches>) {});
}

}  // namespace
}  // namespace frys
