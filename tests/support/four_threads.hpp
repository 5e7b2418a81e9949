// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <utility>

#include "frys/core/executor.hpp"

namespace frys::testing {

/// Real threads for bulk, and nothing else.
class FourThreads final : public Executor {
 public:
  Status submit(Task task, TaskClass) override { return inline_executor().submit(std::move(task)); }
  Result<TimerId> submit_after(std::int64_t, Task) override {
    return Status(ErrorCode::unavailable, "no timers");
  }
  bool cancel_timer(TimerId) noexcept override { return false; }
  void bulk(std::size_t count, std::size_t grain, FunctionRef<void(std::size_t, std::size_t)> body,
            TaskClass) noexcept override {
    ++calls;
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
      for (std::size_t i; (i = next.fetch_add(grain)) < count;) body(i, std::min(count, i + grain));
    };
    std::thread threads[3] = {std::thread(work), std::thread(work), std::thread(work)};
    work();
    for (std::thread& thread : threads) thread.join();
  }
  std::size_t concurrency() const noexcept override { return 4; }
  const Clock& clock() const noexcept override { return system_clock(); }
  /// How often threads were lent.
  int calls = 0;
};

}  // namespace frys::testing
