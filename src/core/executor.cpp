// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/core/executor.hpp"

#include <algorithm>

#include "core/first_made.hpp"

namespace frys {

Executor::~Executor() = default;

Status InlineExecutor::submit(Task task, TaskClass /*task_class*/) {
  task();
  return {};
}

Result<TimerId> InlineExecutor::submit_after(std::int64_t /*delay_ns*/, Task /*task*/) {
  return Status(ErrorCode::unavailable,
                "the inline executor has no timers; use a thread pool or a SimulatedExecutor");
}

bool InlineExecutor::cancel_timer(TimerId /*timer*/) noexcept { return false; }

void InlineExecutor::bulk(std::size_t count, std::size_t grain,
                          FunctionRef<void(std::size_t, std::size_t)> body, TaskClass) noexcept {
  grain = std::max<std::size_t>(grain, 1);
  for (std::size_t begin = 0; begin < count;) {
    const std::size_t end = begin + std::min(grain, count - begin);
    body(begin, end);
    begin = end;
  }
}

Executor& inline_executor() noexcept {
  static constinit detail::Immortal<InlineExecutor> executor;
  return executor.object;
}

}  // namespace frys
