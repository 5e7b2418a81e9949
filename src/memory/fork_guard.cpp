// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/fork_guard.hpp"

#include <pthread.h>

#include <array>
#include <mutex>

#include "memory/owner_gate.hpp"

namespace frys::detail {

// Its lists are never destroyed: pools may be left by static objects that outlive everything.
struct ForkGuard {
  std::mutex mutex;
  std::array<ForkParticipant*, ForkParticipant::ranks> lists{};

  static ForkGuard& instance() noexcept {
    static ForkGuard& guard = *new ForkGuard;
    return guard;
  }
  template <typename Visit>
  void visit(Visit&& call) noexcept {
    for (ForkParticipant* first : lists) {
      for (ForkParticipant* p = first; p != nullptr;) {
        ForkParticipant* following = p->following_;
        call(*p);  // Cleaning up may be its end.
        p = following;
      }
    }
  }
  void add(ForkParticipant& participant) noexcept {
    const std::lock_guard lock(mutex);
    ForkParticipant*& first = lists[static_cast<std::size_t>(participant.rank_)];
    participant.following_ = first;
    if (first != nullptr) first->previous_ = &participant;
    first = &participant;
  }
  void remove(ForkParticipant& participant) noexcept {
    const std::lock_guard lock(mutex);
    ForkParticipant*& first = lists[static_cast<std::size_t>(participant.rank_)];
    ForkParticipant* previous = participant.previous_;
    (previous != nullptr ? previous->following_ : first) = participant.following_;
    if (participant.following_ != nullptr) participant.following_->previous_ = previous;
  }
  static void before() noexcept {
    ForkGuard& guard = instance();
    guard.mutex.lock();
    guard.visit([](ForkParticipant& participant) { participant.hold_for_fork(); });
  }
  static void after() noexcept {
    ForkGuard& guard = instance();
    guard.visit([](ForkParticipant& participant) { participant.let_go_after_fork(); });
    guard.mutex.unlock();
  }
  static void in_child() noexcept {
    after();
    renew_fences();
    instance().visit([](ForkParticipant& participant) { participant.clean_up_in_child(); });
  }
};

void ForkParticipant::enlist() noexcept {
  static const int registered =
      ::pthread_atfork(ForkGuard::before, ForkGuard::after, ForkGuard::in_child);
  static_cast<void>(registered);  // Without heap memory for it, forks are the host's own risk.
  ForkGuard::instance().add(*this);
}

void ForkParticipant::withdraw() noexcept { ForkGuard::instance().remove(*this); }

}  // namespace frys::detail
