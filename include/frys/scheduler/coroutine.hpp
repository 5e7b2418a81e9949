// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Steps written as coroutines: while one waits it holds no worker.
//
//   spec.run = [&](frys::StepContext& context) -> frys::StepCoroutine {
//     if (frys::Status slept = co_await context.sleep(1'000'000); !slept.ok()) co_return slept;
//     auto found = co_await frys::await_callback<frys::SimilarMatches>(
//         context.executor(), [&](auto done) { store.find_similar(query, std::move(done)); });
//     co_return found.status();
//   };

#pragma once

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "frys/core/executor.hpp"
#include "frys/core/export.hpp"
#include "frys/core/result.hpp"
#include "frys/scheduler/cancellation.hpp"

namespace frys {

namespace detail {

struct Attempt;

/// The calling thread goes into a step's coroutine, and comes out of it.
FRYS_API void enter_step(Attempt& attempt) noexcept;
FRYS_API void leave_step(Attempt& attempt) noexcept;

/// What `co_await` makes of `awaitable`: what its `operator co_await` gives, or itself.
template <typename T>
decltype(auto) awaiter_of(T&& awaitable) {
  if constexpr (requires { std::forward<T>(awaitable).operator co_await(); }) {
    return std::forward<T>(awaitable).operator co_await();
  } else if constexpr (requires { operator co_await(std::forward<T>(awaitable)); }) {
    return operator co_await(std::forward<T>(awaitable));
  } else {
    return std::forward<T>(awaitable);
  }
}

template <typename T>
class StepAwaiter;

}  // namespace detail

/// What a coroutine step returns: `co_return` a `Status`. It starts when the scheduler runs the
/// step and frees itself when it ends. An exception that leaves it fails the step. While it is
/// suspended, by whatever it awaits, it counts as waiting; a cancelled workflow does not wait for
/// it, but for it to be suspended or to end.
class [[nodiscard]] FRYS_API StepCoroutine {
 public:
  struct promise_type;
  using Handle = std::coroutine_handle<promise_type>;

  StepCoroutine(StepCoroutine&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  StepCoroutine& operator=(StepCoroutine&& other) noexcept;
  ~StepCoroutine();

 private:
  friend struct detail::Attempt;
  explicit StepCoroutine(Handle handle) noexcept : handle_(handle) {}
  /// Runs it to its first suspension; `done` is called once, where it ends. Once only.
  void start(std::shared_ptr<detail::Attempt> attempt, UniqueFunction<void(Status)> done) noexcept;
  Handle handle_;
};

struct FRYS_API StepCoroutine::promise_type {
  struct FRYS_API Final {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(Handle handle) const noexcept;
    void await_resume() const noexcept {}
  };

  StepCoroutine get_return_object() noexcept { return StepCoroutine(Handle::from_promise(*this)); }
  [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
  [[nodiscard]] Final final_suspend() const noexcept { return {}; }
  template <typename T>
  detail::StepAwaiter<T> await_transform(T&& awaitable) {
    return detail::StepAwaiter<T>(std::forward<T>(awaitable), attempt);
  }
  void return_value(Status result) noexcept { status = std::move(result); }
  void unhandled_exception() noexcept;

  Status status;
  UniqueFunction<void(Status)> done;
  std::shared_ptr<detail::Attempt> attempt;  // From its start to its end.
};

namespace detail {

/// Awaits `T` in a step, and tells when the step's thread leaves and another one comes.
template <typename T>
class StepAwaiter {
 public:
  StepAwaiter(T&& awaitable, const std::shared_ptr<Attempt>& attempt)
      : awaiter_(awaiter_of(std::forward<T>(awaitable))), attempt_(attempt) {}

  bool await_ready() { return awaiter_.await_ready(); }

  template <typename Promise>
  auto await_suspend(std::coroutine_handle<Promise> handle) {
    using Returned = decltype(awaiter_.await_suspend(handle));
    const std::shared_ptr<Attempt> attempt = attempt_;  // We may be gone once it is suspended.
    suspended_ = true;
    if constexpr (std::is_void_v<Returned>) {
      awaiter_.await_suspend(handle);
      leave_step(*attempt);
    } else if constexpr (std::is_same_v<Returned, bool>) {
      const bool suspended = awaiter_.await_suspend(handle);
      if (suspended) {
        leave_step(*attempt);
      } else {
        suspended_ = false;
      }
      return suspended;
    } else {
      const Returned next = awaiter_.await_suspend(handle);
      leave_step(*attempt);
      return next;
    }
  }

  decltype(auto) await_resume() {
    if (suspended_) enter_step(*attempt_);
    return awaiter_.await_resume();
  }

 private:
  decltype(awaiter_of(std::declval<T>())) awaiter_;
  const std::shared_ptr<Attempt>& attempt_;  // The promise's.
  bool suspended_ = false;
};

/// One suspension: whoever is second of "suspended" and "woken" continues the coroutine.
class Suspension {
 public:
  /// False when it was woken already, so that the coroutine goes on without suspending.
  bool suspend(std::coroutine_handle<> handle) noexcept {
    handle_ = handle;
    return state_.exchange(suspended, std::memory_order_acq_rel) != woken;
  }
  /// True when the coroutine is suspended and the caller is to resume `handle()`.
  bool wake() noexcept { return state_.exchange(woken, std::memory_order_acq_rel) == suspended; }
  [[nodiscard]] std::coroutine_handle<> handle() const noexcept { return handle_; }

 private:
  enum State : int { running, suspended, woken };
  std::atomic<int> state_{running};
  std::coroutine_handle<> handle_;
};

struct SleepState;

/// Resumes `handle` on `executor`, or here when the executor is closed.
FRYS_API void resume_on(Executor& executor, std::coroutine_handle<> handle) noexcept;

/// What `StepContext::sleep` returns.
class FRYS_API [[nodiscard]] Sleep {
 public:
  Sleep(Executor& executor, std::int64_t delay_ns, CancellationToken token) noexcept
      : executor_(&executor), delay_ns_(delay_ns), token_(std::move(token)) {}
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> handle);
  /// Success, cancelled, or closed. When it is not success, end the coroutine.
  Status await_resume() noexcept;

 private:
  Executor* executor_;
  std::int64_t delay_ns_;
  CancellationToken token_;
  std::shared_ptr<SleepState> state_;
};

template <typename T, typename Start>
class CallbackAwaiter {
 public:
  CallbackAwaiter(Executor& executor, Start start)
      : shared_(std::make_shared<Shared>(&executor)), start_(std::move(start)) {}
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> handle) {
    std::shared_ptr<Shared> shared = shared_;  // The frame may be gone once `start_` has run.
    start_(UniqueFunction<void(Result<T>)>(Callback(shared)));
    return shared->suspension.suspend(handle);
  }
  Result<T> await_resume() { return std::move(*shared_->result); }

 private:
  struct Shared {
    explicit Shared(Executor* on) : executor(on) {}
    Executor* executor;
    Suspension suspension;
    std::optional<Result<T>> result;
  };
  /// Delivers once; dropped without a call it delivers `cancelled`, so that no coroutine is lost.
  class Callback {
   public:
    explicit Callback(std::shared_ptr<Shared> shared) noexcept : shared_(std::move(shared)) {}
    Callback(Callback&&) noexcept = default;
    ~Callback() {
      if (shared_ != nullptr) {
        deliver(Status(ErrorCode::cancelled, "a callback was dropped without being called"));
      }
    }
    void operator()(Result<T> result) {
      if (shared_ != nullptr) deliver(std::move(result));
    }

   private:
    void deliver(Result<T> result) {
      std::shared_ptr<Shared> shared = std::move(shared_);
      shared->result.emplace(std::move(result));
      if (shared->suspension.wake()) resume_on(*shared->executor, shared->suspension.handle());
    }
    std::shared_ptr<Shared> shared_;
  };

  std::shared_ptr<Shared> shared_;
  Start start_;
};

}  // namespace detail

/// Awaits any call of the library, or the host, that ends in a `void(Result<T>)` callback:
/// `start(callback)` begins it, and the coroutine goes on, on `executor`, with the `Result<T>`.
template <typename T, typename Start>
[[nodiscard]] auto await_callback(Executor& executor, Start start) {
  return detail::CallbackAwaiter<T, Start>(executor, std::move(start));
}

}  // namespace frys
