// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What one thread keeps of one pool: free blocks of each size class, and charges that scopes were
// paid in advance.
//
// All of it is behind the owner's gate. The thread itself passes it for a few instructions at each
// warm allocation and release; whoever needs what lies here (a request that would be refused, a
// trim, the end of a scope) claims the gates of all threads. The counts are atomic so that
// statistics may read them without a claim.

#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "memory/block.hpp"
#include "memory/owner_gate.hpp"
#include "memory/private_heap.hpp"

namespace frys::detail {

/// A thread's own free blocks of one class, last in, first out, so that what is given is warm in
/// the processor's cache.
struct Magazine {
  Block* head = nullptr;
  std::atomic<std::uint32_t> count{0};

  void push(Block* block) noexcept {
    block->next = head;
    head = block;
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  /// Takes a whole chain. Precondition: empty.
  void fill(Block* chain, std::uint32_t blocks) noexcept {
    head = chain;
    count.store(blocks, std::memory_order_relaxed);
  }
  Block* pop() noexcept {
    Block* block = head;
    if (block != nullptr) {
      head = block->next;
      count.store(count.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
    }
    return block;
  }
};

/// Charges prepaid to one scope. Written by the thread alone, or under a claim.
struct Credit {
  std::atomic<ScopeNode*> scope{nullptr};
  std::atomic<std::uint64_t> units{0};  ///< Paid and not used.
  /// The least `units` were since the scope's peak was noted: then the most was live.
  std::atomic<std::uint64_t> least{0};
  std::atomic<std::uint64_t> allocations{0};  ///< Not in the scope's count yet.

  [[nodiscard]] bool covers(const ScopeNode* node, std::uint64_t wanted) const noexcept {
    return scope.load(std::memory_order_relaxed) == node &&
           units.load(std::memory_order_relaxed) >= wanted;
  }
  /// Pays for one block. Precondition: `covers`.
  void spend(std::uint64_t wanted) noexcept {
    const std::uint64_t left = units.load(std::memory_order_relaxed) - wanted;
    units.store(left, std::memory_order_relaxed);
    if (left < least.load(std::memory_order_relaxed)) {
      least.store(left, std::memory_order_relaxed);
    }
    allocations.store(allocations.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  void add(std::uint64_t more) noexcept {
    units.store(units.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
  }
};

/// A scope's credit has one place in each cache; scopes that share it take turns.
inline constexpr std::size_t credit_slots = 16;
/// Most units that a thread keeps for a scope: 2 MiB, so that one that uses blocks of 1 MiB over
/// and over finds them paid. When it has more, half of it goes back.
inline constexpr std::uint64_t most_credit = (std::uint64_t{2} << 20) / unit_bytes;

struct alignas(64) ThreadCache : PrivateObject<ThreadCache> {
  OwnerGate gate;
  PoolCore* core = nullptr;
  ThreadCache* next_of_thread = nullptr;
  ThreadCache* previous = nullptr;  ///< In the pool's list.
  ThreadCache* following = nullptr;
  /// The scope whose blocks this thread released last without a credit of it, and how many in a
  /// row. The thread's own, behind no gate.
  const ScopeNode* releases_of = nullptr;
  std::uint32_t releases = 0;
  std::array<Credit, credit_slots> credits;
  std::array<Magazine, size_classes> magazines;
  /// What the decay saw here at its last beat, and for how many it was the same. Guarded by the
  /// lock of the pool's list.
  std::uint64_t trace = 0;
  std::uint32_t unused_beats = 0;
  bool given_up = false;

  /// A free block, paid from the scope's credit. Null, and nothing done, when either is missing.
  Block* take(const ScopeNode* scope, std::size_t slot, std::uint64_t units,
              std::size_t size_class) noexcept {
    const OwnerSection section(gate);
    Credit& credit = credits[slot];
    if (!credit.covers(scope, units)) return nullptr;
    Block* block = magazines[size_class].pop();
    if (block != nullptr) credit.spend(units);
    return block;
  }
  Block* take(std::size_t size_class) noexcept {
    const OwnerSection section(gate);
    return magazines[size_class].pop();
  }
  /// Keeps a block and its charge. False, and nothing done, when either finds no room.
  bool keep(Block* block, const ScopeNode* scope, std::size_t slot, std::uint64_t units,
            std::uint32_t most_blocks) noexcept {
    const OwnerSection section(gate);
    Credit& credit = credits[slot];
    Magazine& magazine = magazines[block->origin];
    if (credit.scope.load(std::memory_order_relaxed) != scope ||
        credit.units.load(std::memory_order_relaxed) + units > most_credit ||
        magazine.count.load(std::memory_order_relaxed) >= most_blocks) {
      return false;
    }
    credit.add(units);
    magazine.push(block);
    return true;
  }
};

}  // namespace frys::detail
