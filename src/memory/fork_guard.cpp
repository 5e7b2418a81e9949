// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/fork_guard.hpp"

#include <pthread.h>

#include <array>
#include <mutex>

#include "core/first_made.hpp"
#include "memory/owner_gate.hpp"

namespace frys::detail {

// Each rank has a lock of its own, which comes right before the locks of its participants: one is
// made or ended under locks of lower ranks, a pool under its tree's or its manager's.
struct ForkGuard {
  struct List {
    std::mutex mutex;
    ForkParticipant* first = nullptr;
    template <typename Visit>
    void visit(Visit&& call) noexcept {
      for (ForkParticipant* p = first; p != nullptr;) {
        ForkParticipant* following = p->following_;
        call(*p);  // Cleaning up may be its end.
        p = following;
      }
    }
  };
  std::array<List, ForkParticipant::ranks> lists;

  static ForkGuard& instance() noexcept {
    static constinit Immortal<ForkGuard> guard;
    return guard.object;
  }
  List& list_of(const ForkParticipant& participant) noexcept {
    return lists[static_cast<std::size_t>(participant.rank_)];
  }
  void add(ForkParticipant& participant) noexcept {
    List& list = list_of(participant);
    const std::lock_guard lock(list.mutex);
    participant.following_ = list.first;
    if (list.first != nullptr) list.first->previous_ = &participant;
    list.first = &participant;
  }
  void remove(ForkParticipant& participant) noexcept {
    List& list = list_of(participant);
    const std::lock_guard lock(list.mutex);
    ForkParticipant* previous = participant.previous_;
    (previous != nullptr ? previous->following_ : list.first) = participant.following_;
    if (participant.following_ != nullptr) participant.following_->previous_ = previous;
  }
  static void before() noexcept {
    for (List& list : instance().lists) {
      list.mutex.lock();
      list.visit([](ForkParticipant& participant) { participant.hold_for_fork(); });
    }
  }
  static void after() noexcept {
    for (List& list : instance().lists) {
      list.visit([](ForkParticipant& participant) { participant.let_go_after_fork(); });
      list.mutex.unlock();
    }
  }
  static void in_child() noexcept {
    after();
    renew_fences();
    for (List& list : instance().lists) {
      list.visit([](ForkParticipant& participant) { participant.clean_up_in_child(); });
    }
  }
};

namespace {

// When the program or the library is loaded: a fork may come while the first participant is made.
// Without heap memory for it, forks are the host's own risk.
[[maybe_unused]] const int registered =
    ::pthread_atfork(ForkGuard::before, ForkGuard::after, ForkGuard::in_child);

}  // namespace

void ForkParticipant::enlist() noexcept { ForkGuard::instance().add(*this); }

void ForkParticipant::withdraw() noexcept { ForkGuard::instance().remove(*this); }

}  // namespace frys::detail
