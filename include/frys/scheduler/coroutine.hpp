// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Steps written as coroutines: while one waits it holds no worker.
//
//   spec.run = [&](frys::StepContext& context) -> frys::StepCoroutine {
//     if (frys::Status slept = co_await context.sleep(1'000'000); !slept.ok()) co_return slept;
//     auto found = co_await frys::await_callback<std::vector<frys::Match>>(
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

/// What a coroutine step returns: `co_return` a `Status`. It starts when the scheduler runs the
/// step and frees itself when it ends. An exception that leaves it fails the step.
class [[nodiscard]] FRYS_API StepCoroutine {
 public:
  struct promise_type;
  using Handle = std::coroutine_handle<promise_type>;

  StepCoroutine(StepCoroutine&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  StepCoroutine& operator=(StepCoroutine&& other) noexcept;
  ~StepCoroutine();

  /// Runs it to its first suspension; `done` is called once, where it ends. At most once.
  void start(UniqueFunction<void(Status)> done) noexcept;

 private:
  explicit StepCoroutine(Handle handle) noexcept : handle_(handle) {}
  Handle handle_;
};

struct FRYS_API StepCoroutine::promise_type {
  struct Final {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    /// Frees the frame, then reports: whoever hears of the end finds nothing of the step left.
    void await_suspend(Handle handle) const noexcept {
      UniqueFunction<void(Status)> report = std::move(handle.promise().done);
      Status result = std::move(handle.promise().status);
      handle.destroy();
      if (report) report(std::move(result));
    }
    void await_resume() const noexcept {}
  };

  StepCoroutine get_return_object() noexcept { return StepCoroutine(Handle::from_promise(*this)); }
  [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
  [[nodiscard]] Final final_suspend() const noexcept { return {}; }
  void return_value(Status result) noexcept { status = std::move(result); }
  void unhandled_exception() noexcept;

  Status status;
  UniqueFunction<void(Status)> done;
};

namespace detail {

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
