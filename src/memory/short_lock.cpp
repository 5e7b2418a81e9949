// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/short_lock.hpp"

#include <chrono>
#include <thread>

namespace frys::detail {

void Backoff::pause() noexcept {
  constexpr unsigned looks = 64;
  constexpr unsigned yields = 128;
  if (turns_ < looks) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
  } else if (turns_ < yields) {
    std::this_thread::yield();
  } else {
    std::this_thread::sleep_for(std::chrono::microseconds(50));
    return;
  }
  ++turns_;
}

void ShortLock::wait() noexcept {
  Backoff backoff;
  do {
    while (taken_.load(std::memory_order_relaxed)) backoff.pause();
  } while (taken_.exchange(true, std::memory_order_acquire));
}

}  // namespace frys::detail
