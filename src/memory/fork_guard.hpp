// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Keeps what a forked child inherits whole. The child has a copy of all memory but only the thread
// that forked; a lock that another thread held would stay locked in it for ever.
//
// So before a fork every lock is taken and every thread's cache claimed, and after it both
// processes let go of them (`pthread_atfork`, registered when the library is loaded). What other
// threads had cached is given back in the child.

#pragma once

#include <cstdint>

namespace frys::detail {

/// Something with locks, in the list of its rank while it lives. Locks are taken from the first
/// rank to the last and within one in no order: no thread holds two of a rank.
class ForkParticipant {
 public:
  enum class Rank : std::uint8_t { manager, tree, pool };
  static constexpr int ranks = 3;

  virtual void hold_for_fork() noexcept = 0;
  virtual void let_go_after_fork() noexcept = 0;
  /// In the child, when all locks are free again.
  virtual void clean_up_in_child() noexcept {}

 protected:
  explicit ForkParticipant(Rank rank) noexcept : rank_(rank) {}
  virtual ~ForkParticipant() = default;
  /// At the end of the constructor, and first in the destructor: from the one to the other a fork
  /// on any thread may call the members above.
  void enlist() noexcept;
  void withdraw() noexcept;
  ForkParticipant(const ForkParticipant&) = delete;
  ForkParticipant& operator=(const ForkParticipant&) = delete;

 private:
  friend struct ForkGuard;
  ForkParticipant* previous_ = nullptr;
  ForkParticipant* following_ = nullptr;
  const Rank rank_;
};

}  // namespace frys::detail
