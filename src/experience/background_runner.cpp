// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/background_runner.hpp"

namespace frys::detail {
namespace {

// The flag of the runner whose `submit` this thread is inside of.
thread_local const void* submitting = nullptr;

}  // namespace

bool BackgroundRunner::submit(Task task) {
  if (is_inline()) return false;
  // The flag is shared: the task may run when this runner is gone.
  auto wrapped = [flag = inline_, work = std::make_unique<Task>(std::move(task))]() mutable {
    if (submitting == flag.get()) {
      flag->store(true);
    } else {
      (*work)();
    }
  };
  const void* outer = std::exchange(submitting, inline_.get());
  const Status status = executor_.submit(std::move(wrapped), TaskClass::background);
  submitting = outer;
  return status.ok() && !is_inline();
}

}  // namespace frys::detail
