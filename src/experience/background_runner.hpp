// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Work handed to an executor by code that may hold a lock. An inline executor would run the task
// inside `submit`, under that lock; this notices it, leaves the task alone and says so, once and
// for all, so that the owner does the work itself where it holds nothing.

#pragma once

#include <atomic>
#include <memory>

#include "frys/core/executor.hpp"

namespace frys::detail {

/// Threads: safe.
class BackgroundRunner {
 public:
  explicit BackgroundRunner(Executor& executor)
      : executor_(executor), inline_(std::make_shared<std::atomic<bool>>(false)) {}

  /// Hands `task` to the background class. False: it will not run (the executor runs things in the
  /// caller, or is closed); the owner must do the work. Never runs `task` in the caller.
  bool submit(Task task);

  /// Whether the executor was found to run things in the caller.
  [[nodiscard]] bool is_inline() const noexcept { return inline_->load(); }

 private:
  Executor& executor_;
  std::shared_ptr<std::atomic<bool>> inline_;
};

}  // namespace frys::detail
