// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A lock that its owner takes with two plain stores, and anybody else at the price of a system
// call: for what one thread does all the time and others want once in a while.
//
// How it works (Dekker's mutual exclusion with an asymmetric fence): the owner says that it is in,
// then looks whether the gate is claimed; a claimer claims, then looks whether the owner is in. One
// of the two must see the other if both have a fence in between. The owner has none, only an order
// to the compiler: the claimer's `membarrier` (Linux 4.14) runs a fence on every processor that
// this process is on. Where the system has no such call, the owner fences for itself.

#pragma once

#include <atomic>

#include "memory/memory_tools.hpp"

namespace frys::detail {

/// Asks the system for its fence, once. Until then, and where there is none, owners fence.
void prepare_fences() noexcept;
/// Asks again, in a forked child.
void renew_fences() noexcept;
/// The claimer's fence: everything owners wrote before it is seen after it, and the other way
/// round. Cost: about a microsecond, ten where others are running.
void fence_owners() noexcept;

/// True while owners must fence for themselves.
extern constinit std::atomic<bool> owners_fence;

/// Threads: `enter` and `leave` by the owner only; `claim`, `await_owner` and `release` by one
/// claimer at a time.
class OwnerGate {
 public:
  void enter() noexcept {
    announce();
    if (claimed_.load(std::memory_order_acquire)) [[unlikely]]
      await_release();
  }
  void leave() noexcept { inside_.store(false, std::memory_order_release); }

  /// Keeps the owner out from the next fence on; call `fence_owners`, then `await_owner`.
  void claim() noexcept { claimed_.store(true); }
  /// Returns when the owner is out.
  void await_owner() const noexcept;
  void release() noexcept { claimed_.store(false, std::memory_order_release); }

 private:
  void announce() noexcept {
#ifdef FRYS_MEMORY_TSAN
    inside_.exchange(true);  // ThreadSanitizer knows no fences.
#else
    inside_.store(true, std::memory_order_relaxed);
    if (owners_fence.load(std::memory_order_relaxed)) [[unlikely]] {
      std::atomic_thread_fence(std::memory_order_seq_cst);
    } else {
      std::atomic_signal_fence(std::memory_order_seq_cst);
    }
#endif
  }
  void await_release() noexcept;

  std::atomic<bool> inside_{false};
  std::atomic<bool> claimed_{false};
};

/// The owner is in while this lives. Nothing slow, no lock and no call outwards in it.
class OwnerSection {
 public:
  explicit OwnerSection(OwnerGate& gate) noexcept : gate_(gate) { gate_.enter(); }
  ~OwnerSection() { gate_.leave(); }
  OwnerSection(const OwnerSection&) = delete;
  OwnerSection& operator=(const OwnerSection&) = delete;

 private:
  OwnerGate& gate_;
};

}  // namespace frys::detail
