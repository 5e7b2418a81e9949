// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/scheduler/cancellation.hpp"

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace frys {

namespace detail {

/// Shared by a source, its tokens and registrations. Callbacks run without the lock; `running`
/// says which one does, so that taking it back can wait for it.
struct CancellationState {
  std::atomic<bool> cancelled{false};
  std::mutex mutex;
  std::condition_variable idle;
  std::map<std::uint64_t, UniqueFunction<void()>> callbacks;  // In order of registration.
  std::uint64_t last_key = 0;
  std::uint64_t running = 0;
  std::thread::id canceller;
};

}  // namespace detail

CancellationRegistration::CancellationRegistration(CancellationRegistration&& other) noexcept
    : state_(std::move(other.state_)), key_(std::exchange(other.key_, 0)) {}

CancellationRegistration& CancellationRegistration::operator=(
    CancellationRegistration&& other) noexcept {
  if (this != &other) {
    reset();
    state_ = std::move(other.state_);
    key_ = std::exchange(other.key_, 0);
  }
  return *this;
}

void CancellationRegistration::reset() noexcept {
  if (key_ == 0) return;
  const std::shared_ptr<detail::CancellationState> state = std::move(state_);
  const std::uint64_t key = std::exchange(key_, 0);
  UniqueFunction<void()> callback;  // Destroyed outside the lock.
  std::unique_lock lock(state->mutex);
  if (const auto found = state->callbacks.find(key); found != state->callbacks.end()) {
    callback = std::move(found->second);
    state->callbacks.erase(found);
  } else if (state->canceller != std::this_thread::get_id()) {
    state->idle.wait(lock, [&] { return state->running != key; });
  }
}

bool CancellationToken::is_cancelled() const noexcept {
  return state_ != nullptr && state_->cancelled.load(std::memory_order_acquire);
}

CancellationRegistration CancellationToken::on_cancel(UniqueFunction<void()> callback) const {
  CancellationRegistration registration;
  if (state_ == nullptr) return registration;
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->cancelled.load(std::memory_order_relaxed)) {
      registration.key_ = ++state_->last_key;
      state_->callbacks.emplace(registration.key_, std::move(callback));
      registration.state_ = state_;
      return registration;
    }
  }
  callback();
  return registration;
}

CancellationSource::CancellationSource() : state_(std::make_shared<detail::CancellationState>()) {}

bool CancellationSource::cancel() noexcept {
  const std::shared_ptr<detail::CancellationState> state = state_;  // A callback may drop us.
  std::unique_lock lock(state->mutex);
  if (state->cancelled.exchange(true, std::memory_order_acq_rel)) return false;
  state->canceller = std::this_thread::get_id();
  while (!state->callbacks.empty()) {
    auto first = state->callbacks.extract(state->callbacks.begin());
    state->running = first.key();
    lock.unlock();
    first.mapped()();
    first.mapped() = nullptr;
    lock.lock();
    state->running = 0;
    state->idle.notify_all();
  }
  state->canceller = {};
  return true;
}

}  // namespace frys
