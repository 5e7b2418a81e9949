// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The handlers of one manager, in the order in which they are asked.
//
// A handler that is taken off while others are asked is skipped, one that is added behind the place
// where they are is asked as well. Whoever calls a handler holds its entry, so that it may be taken
// off meanwhile.
//
// Threads: every member is safe. No handler is called under the lock.

#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>

#include "frys/memory/pressure.hpp"

namespace frys::detail {

/// Where a handler is in the chain; higher priorities first, then in order of registration.
struct PressurePlace {
  std::int64_t priority = std::numeric_limits<std::int64_t>::max();
  std::uint64_t turn = 0;
  friend bool operator<(const PressurePlace& a, const PressurePlace& b) noexcept {
    return a.priority != b.priority ? a.priority > b.priority : a.turn < b.turn;
  }
};

struct PressureEntry {
  PressurePlace place;
  PressureHandler handler;
  std::size_t running = 0;  ///< Guarded by the chain's lock.
};

class PressureChain : public std::enable_shared_from_this<PressureChain> {
 public:
  /// Throws std::bad_alloc.
  PressureRegistration add(PressureHandler handler, int priority);
  void remove(const PressureEntry& entry) noexcept;
  /// Calls the handler that comes after `place` and moves it there. False when there is none.
  bool call_next(PressurePlace& place, const MemoryPressure& pressure, std::size_t& freed) noexcept;
  /// Is the calling thread inside a handler?
  static bool inside_handler() noexcept;

  void hold_for_fork() noexcept { mutex_.lock(); }
  void let_go_after_fork() noexcept { mutex_.unlock(); }
  /// Of the handlers that run, those of the threads that are not in this process never end.
  void forget_others_in_child() noexcept;

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  std::map<PressurePlace, std::shared_ptr<PressureEntry>> entries_;
  std::uint64_t last_turn_ = 0;
};

}  // namespace frys::detail
