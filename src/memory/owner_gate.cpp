// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/owner_gate.hpp"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "memory/short_lock.hpp"

namespace frys::detail {

constinit std::atomic<bool> owners_fence{true};

namespace {

bool membarrier(int command) noexcept { return ::syscall(SYS_membarrier, command, 0, 0) == 0; }

}  // namespace

void prepare_fences() noexcept {
  if (!owners_fence.load(std::memory_order_relaxed)) return;
  if (membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) &&
      membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED)) {
    owners_fence.store(false, std::memory_order_relaxed);
  }
}

void renew_fences() noexcept {
  owners_fence.store(true);
  prepare_fences();
}

void fence_owners() noexcept {
  std::atomic_signal_fence(std::memory_order_seq_cst);
#ifndef FRYS_MEMORY_TSAN
  std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
  if (owners_fence.load(std::memory_order_relaxed)) return;
  if (membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED)) return;
  // The host has forbidden the call since. From now on owners fence; those that just did not have
  // long been seen, or have long seen us, when this thread wakes again.
  owners_fence.store(true);
  std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

void OwnerGate::await_owner() const noexcept {
  Backoff backoff;
  while (inside_.load(std::memory_order_acquire)) backoff.pause();
}

void OwnerGate::await_release() noexcept {
  Backoff backoff;
  do {
    inside_.store(false, std::memory_order_release);
    while (claimed_.load(std::memory_order_relaxed)) backoff.pause();
    announce();
  } while (claimed_.load(std::memory_order_acquire));
}

}  // namespace frys::detail
