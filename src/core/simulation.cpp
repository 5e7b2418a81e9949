// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/core/simulation.hpp"

#include <algorithm>
#include <deque>
#include <map>

namespace frys {

struct SimulatedExecutor::Impl {
  explicit Impl(std::int64_t start_ns) : clock(start_ns) {}

  using TimerKey = std::pair<std::int64_t, TimerId>;  // Due time, then order of submission.

  ManualClock clock;
  std::deque<Task> foreground;
  std::deque<Task> background;
  std::map<TimerKey, Task> timers;
  std::map<TimerId, std::int64_t> due_of;
  TimerId last_timer = 0;
};

SimulatedExecutor::SimulatedExecutor(std::int64_t start_ns)
    : impl_(std::make_unique<Impl>(start_ns)) {}

SimulatedExecutor::~SimulatedExecutor() = default;

Status SimulatedExecutor::submit(Task task, TaskClass task_class) {
  auto& queue = task_class == TaskClass::foreground ? impl_->foreground : impl_->background;
  queue.push_back(std::move(task));
  return {};
}

Result<TimerId> SimulatedExecutor::submit_after(std::int64_t delay_ns, Task task) {
  const std::int64_t due = impl_->clock.now_ns() + std::max<std::int64_t>(delay_ns, 0);
  const TimerId timer = ++impl_->last_timer;
  impl_->timers.emplace(Impl::TimerKey{due, timer}, std::move(task));
  impl_->due_of.emplace(timer, due);
  return timer;
}

bool SimulatedExecutor::cancel_timer(TimerId timer) noexcept {
  const auto found = impl_->due_of.find(timer);
  if (found == impl_->due_of.end()) return false;
  impl_->timers.erase(Impl::TimerKey{found->second, timer});
  impl_->due_of.erase(found);
  return true;
}

void SimulatedExecutor::bulk(std::size_t count, std::size_t grain,
                             FunctionRef<void(std::size_t, std::size_t)> body,
                             TaskClass helpers) noexcept {
  inline_executor().bulk(count, grain, body, helpers);
}

const Clock& SimulatedExecutor::clock() const noexcept { return impl_->clock; }

bool SimulatedExecutor::run_one() {
  Task task;
  if (auto* queue = !impl_->foreground.empty()   ? &impl_->foreground
                    : !impl_->background.empty() ? &impl_->background
                                                 : nullptr) {
    task = std::move(queue->front());
    queue->pop_front();
  } else if (!impl_->timers.empty()) {
    const auto first = impl_->timers.begin();
    impl_->clock.advance_to(first->first.first);
    impl_->due_of.erase(first->first.second);
    task = std::move(first->second);
    impl_->timers.erase(first);
  } else {
    return false;
  }
  task();
  return true;
}

std::size_t SimulatedExecutor::run() {
  std::size_t ran = 0;
  while (run_one()) ++ran;
  return ran;
}

}  // namespace frys
