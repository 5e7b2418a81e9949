// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/scheduler/coroutine.hpp"

#include "scheduler/engine.hpp"

namespace frys {

StepCoroutine& StepCoroutine::operator=(StepCoroutine&& other) noexcept {
  if (this != &other) {
    if (handle_) handle_.destroy();
    handle_ = std::exchange(other.handle_, nullptr);
  }
  return *this;
}

StepCoroutine::~StepCoroutine() {
  if (handle_) handle_.destroy();
}

void StepCoroutine::start(std::shared_ptr<detail::Attempt> attempt,
                          UniqueFunction<void(Status)> done) noexcept {
  const Handle handle = std::exchange(handle_, nullptr);
  detail::enter_step(*attempt);
  handle.promise().attempt = std::move(attempt);
  handle.promise().done = std::move(done);
  handle.resume();
}

/// Frees the frame, then reports: whoever hears of the end finds nothing of the step left.
void StepCoroutine::promise_type::Final::await_suspend(Handle handle) const noexcept {
  const std::shared_ptr<detail::Attempt> ended = std::move(handle.promise().attempt);
  UniqueFunction<void(Status)> report = std::move(handle.promise().done);
  Status result = std::move(handle.promise().status);
  handle.destroy();
  report(std::move(result));
  detail::leave_step(*ended);
}

void StepCoroutine::promise_type::unhandled_exception() noexcept { status = detail::thrown(); }

namespace detail {

namespace {

/// Continues a coroutine exactly once: as a task, or where the task dies unrun.
class Resumption {
 public:
  explicit Resumption(std::coroutine_handle<> handle) noexcept : handle_(handle) {}
  Resumption(Resumption&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  ~Resumption() { (*this)(); }
  void operator()() noexcept {
    if (handle_) std::exchange(handle_, nullptr).resume();
  }

 private:
  std::coroutine_handle<> handle_;
};

}  // namespace

void resume_on(Executor& executor, std::coroutine_handle<> handle) noexcept {
  static_cast<void>(executor.submit(Resumption(handle)));  // Refused, it resumes as it dies.
}

/// One pause. The timer, the token and the end of the executor race to end it; `decided` lets one
/// of them win, and `suspension` holds the winner back until the coroutine is suspended.
struct SleepState {
  explicit SleepState(Executor* on) : executor(on) {}

  void end(Status why) noexcept {
    if (decided.exchange(true, std::memory_order_acq_rel)) return;
    status = std::move(why);
    if (suspension.wake()) resume_on(*executor, suspension.handle());
  }

  Executor* executor;
  Suspension suspension;
  std::atomic<bool> decided{false};
  Status status;
  CancellationRegistration registration;
};

namespace {

class SleepTimer {
 public:
  explicit SleepTimer(std::shared_ptr<SleepState> state) noexcept : state_(std::move(state)) {}
  SleepTimer(SleepTimer&&) noexcept = default;
  ~SleepTimer() {
    if (state_ != nullptr) {
      state_->end(Status(ErrorCode::closed, "the executor closed during a pause"));
    }
  }
  void operator()() noexcept { std::exchange(state_, nullptr)->end({}); }

 private:
  std::shared_ptr<SleepState> state_;
};

}  // namespace

bool Sleep::await_suspend(std::coroutine_handle<> handle) {
  state_ = std::make_shared<SleepState>(executor_);
  const std::shared_ptr<SleepState> state = state_;  // The frame may be gone once suspended.
  if (token_.is_cancelled()) {
    state->end(Status(ErrorCode::cancelled, "the step was asked to stop before a pause"));
    return false;
  }
  const Result<TimerId> id = executor_->submit_after(delay_ns_, SleepTimer(state));
  if (!id) {  // The refused task died and said `closed`; the executor knows better.
    state->status = id.error();
    return false;
  }
  state->registration = token_.on_cancel([state, timer_id = *id] {
    state->end(Status(ErrorCode::cancelled, "the step was asked to stop during a pause"));
    state->executor->cancel_timer(timer_id);
  });
  return state->suspension.suspend(handle);
}

Status Sleep::await_resume() noexcept {
  state_->registration.reset();
  return std::move(state_->status);
}

}  // namespace detail

}  // namespace frys
