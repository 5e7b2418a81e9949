// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Opt-in: the library's asynchronous calls with any Asio completion token (a callback,
// `use_future`, `use_awaitable`, `deferred`), and its executor as an Asio executor. Header-only and
// compiled against *your* Asio (standalone, 1.22 or later), which need not be the one inside.
// Not needed, and not included by <frys/frys.hpp>, when you use no Asio.
//
//   asio::awaitable<void> crew(frys::Kernel& kernel, frys::WorkflowGraph graph) {
//     frys::WorkflowId id = *kernel.scheduler().submit(std::move(graph));
//     frys::Result<frys::WorkflowReport> report =
//         co_await frys::async_wait(kernel.scheduler(), id, asio::use_awaitable);
//   }

#pragma once

#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/execution.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <asio/system_context.hpp>
#include <asio/system_executor.hpp>
#include <memory>
#include <type_traits>
#include <utility>

#include "frys/core/executor.hpp"
#include "frys/core/result.hpp"
#include "frys/experience/experience_store.hpp"
#include "frys/scheduler/workflow_scheduler.hpp"

namespace frys {

/// An Asio executor that runs functions on a `frys::Executor`, which must outlive it; converts to
/// `asio::any_io_executor`. A function that the executor refuses because it is closed is destroyed.
/// Threads: safe. Cost: a pointer.
class AsioExecutor {
 public:
  explicit AsioExecutor(Executor& executor) noexcept : executor_(&executor) {}

  template <typename F>
  void execute(F&& function) const {
    static_cast<void>(executor_->submit(Task(Run<std::decay_t<F>>{std::forward<F>(function)})));
  }

  /// Sockets and timers are not its business; where Asio asks for a context it gets its own.
  [[nodiscard]] asio::execution_context& query(asio::execution::context_t) const noexcept {
    return ::asio::query(asio::system_executor(), asio::execution::context);
  }
  [[nodiscard]] static constexpr asio::execution::blocking_t query(
      asio::execution::blocking_t) noexcept {
    return asio::execution::blocking.never;
  }
  [[nodiscard]] AsioExecutor require(asio::execution::blocking_t::never_t) const noexcept {
    return *this;
  }

  friend bool operator==(const AsioExecutor& a, const AsioExecutor& b) noexcept {
    return a.executor_ == b.executor_;
  }
  friend bool operator!=(const AsioExecutor& a, const AsioExecutor& b) noexcept {
    return !(a == b);
  }

 private:
  template <typename F>
  struct Run {
    F function;
    void operator()() { std::move(function)(); }
  };
  Executor* executor_;
};

/// The Asio executor of `executor`: `asio::post(frys::asio_executor(pool), work)`.
[[nodiscard]] inline AsioExecutor asio_executor(Executor& executor) noexcept {
  return AsioExecutor(executor);
}

namespace detail {

/// Stands for "the handler has no executor of its own": it is called where the result arrives.
struct AsioAnywhere {
  template <typename F>
  void execute(F&& function) const {
    std::forward<F>(function)();
  }
  friend bool operator==(const AsioAnywhere&, const AsioAnywhere&) noexcept { return true; }
  friend bool operator!=(const AsioAnywhere&, const AsioAnywhere&) noexcept { return false; }
};

/// A handler on its way: keeps its executor's context busy until the result is posted to it. It is
/// posted, never dispatched, as the result may be there before the call that began it returns.
template <typename Handler, typename T>
class AsioCompletion {
 public:
  using Anywhere = asio::associated_executor<Handler, AsioAnywhere>;
  using ExecutorType = typename Anywhere::type;
  static constexpr bool anywhere = std::is_same_v<ExecutorType, AsioAnywhere>;

  explicit AsioCompletion(Handler&& handler)
      : work_(make_work(handler)), handler_(std::move(handler)) {}

  void operator()(Result<T> result) {
    if constexpr (anywhere) {
      std::move(handler_)(std::move(result));
    } else {
      ExecutorType executor = work_.get_executor();
      asio::post(executor, [handler = std::move(handler_), result = std::move(result)]() mutable {
        std::move(handler)(std::move(result));
      });
      work_.reset();
    }
  }

 private:
  struct NoWork {};
  using Work = std::conditional_t<
      anywhere, NoWork,
      asio::executor_work_guard<std::conditional_t<anywhere, asio::system_executor, ExecutorType>>>;
  static Work make_work(const Handler& handler) {
    if constexpr (anywhere) {
      return {};
    } else {
      return Work(Anywhere::get(handler, AsioAnywhere()));
    }
  }

  Work work_;
  Handler handler_;
};

}  // namespace detail

/// Begins `start(callback)`, where the callback is a `UniqueFunction<void(Result<T>)>`, and ends as
/// `token` says with signature `void(frys::Result<T>)`. The verbs below are made of it; use it for
/// any other call of the library, or your own, that takes such a callback.
/// A handler without an executor of its own is called on the library's thread. Its allocator and
/// its cancellation slot are not used: to stop a wait, cancel the workflow that it waits for.
template <typename T, typename Start, typename CompletionToken>
auto async_call(Start start, CompletionToken&& token) {
  return asio::async_initiate<CompletionToken, void(Result<T>)>(
      [](auto handler, Start begin) {
        using Handler = std::decay_t<decltype(handler)>;
        begin(UniqueFunction<void(Result<T>)>(
            detail::AsioCompletion<Handler, T>(std::move(handler))));
      },
      token, std::move(start));
}

/// `WorkflowScheduler::wait`. The scheduler must outlive the call.
template <typename CompletionToken>
auto async_wait(WorkflowScheduler& scheduler, WorkflowId id, CompletionToken&& token) {
  return async_call<WorkflowReport>(
      [&scheduler, id](auto done) { scheduler.wait(id, std::move(done)); },
      std::forward<CompletionToken>(token));
}

/// `WorkflowScheduler::optimize_for_collaboration`. The scheduler must outlive the call.
template <typename CompletionToken>
auto async_optimize_for_collaboration(WorkflowScheduler& scheduler, WorkflowId id,
                                      CompletionToken&& token) {
  return async_call<CollaborationPlan>(
      [&scheduler, id](auto done) { scheduler.optimize_for_collaboration(id, std::move(done)); },
      std::forward<CompletionToken>(token));
}

/// `ExperienceStore::store`. The store must outlive the call.
template <typename CompletionToken>
auto async_store(ExperienceStore& store, Experience experience, const StoreOptions& options,
                 CompletionToken&& token) {
  return async_call<ExperienceId>(
      [&store, experience = std::move(experience), options](auto done) mutable {
        store.store(std::move(experience), options, std::move(done));
      },
      std::forward<CompletionToken>(token));
}

/// `ExperienceStore::find_similar`. The store must outlive the call.
template <typename CompletionToken>
auto async_find_similar(const ExperienceStore& store, SimilarityQuery query,
                        CompletionToken&& token) {
  return async_call<SimilarMatches>(
      [&store, query = std::move(query)](auto done) mutable {
        store.find_similar(std::move(query), std::move(done));
      },
      std::forward<CompletionToken>(token));
}

}  // namespace frys
