// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The deque of one worker: its owner pushes and pops at the bottom, thieves take from the top.
//
// Source: Chase and Lev, "Dynamic circular work-stealing deque", SPAA 2005, with the orders of
// Lê, Pop, Cohen and Zappa Nardelli, PPoPP 2013. Where they use fences, `top_` and `bottom_` are
// sequentially consistent here: the sleep protocol of the pool needs that store-load order anyway,
// and thread sanitizers do not see fences.
//
// Invariants:
//   - `top_` only grows; `bottom_` is written by the owner alone. top_ <= bottom_ + 1 always, and
//     the items are the slots [top_, bottom_).
//   - A slot is written before `bottom_` passes it (release by the store of `bottom_`), so a thief
//     that reads `bottom_` past it sees the item's contents.
//   - Whoever moves `top_` past a slot by compare-and-swap owns its item. Owner and thief race for
//     the last item only, both by that swap.
//   - A ring that was outgrown keeps its contents until the deque dies: a slow thief may read a
//     slot of it, and its swap then fails or the slot is the same in both rings.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace frys::detail {

/// Holds pointers it does not own. Threads: `push` and `pop` by the owner only, the rest by all.
template <typename T>
class WorkDeque {
 public:
  WorkDeque() { grow(nullptr, 0, 0, 256); }
  WorkDeque(const WorkDeque&) = delete;
  WorkDeque& operator=(const WorkDeque&) = delete;

  /// Cost: O(1); one allocation whenever the deque was never this full. May throw bad_alloc.
  void push(T* item) {
    const std::int64_t bottom = bottom_.load(std::memory_order_relaxed);
    const std::int64_t top = top_.load(std::memory_order_acquire);
    Ring* ring = ring_.load(std::memory_order_relaxed);
    if (bottom - top >= ring->capacity) ring = grow(ring, top, bottom, ring->capacity * 2);
    ring->at(bottom).store(item, std::memory_order_relaxed);
    bottom_.store(bottom + 1, std::memory_order_seq_cst);
  }

  /// The newest item, or null. Cost: one sequentially consistent store.
  T* pop() noexcept {
    const std::int64_t bottom = bottom_.load(std::memory_order_relaxed) - 1;
    Ring* ring = ring_.load(std::memory_order_relaxed);
    bottom_.store(bottom, std::memory_order_seq_cst);
    std::int64_t top = top_.load(std::memory_order_seq_cst);
    if (top > bottom) {
      bottom_.store(bottom + 1, std::memory_order_release);
      return nullptr;
    }
    T* item = ring->at(bottom).load(std::memory_order_relaxed);
    if (top == bottom) {
      if (!top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst,
                                        std::memory_order_relaxed)) {
        item = nullptr;
      }
      bottom_.store(bottom + 1, std::memory_order_release);
    }
    return item;
  }

  /// The oldest item, or null when there is none or another thread was faster.
  T* steal() noexcept {
    std::int64_t top = top_.load(std::memory_order_seq_cst);
    const std::int64_t bottom = bottom_.load(std::memory_order_seq_cst);
    if (top >= bottom) return nullptr;
    T* item = ring_.load(std::memory_order_acquire)->at(top).load(std::memory_order_relaxed);
    return top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst,
                                        std::memory_order_relaxed)
               ? item
               : nullptr;
  }

  /// The running number of the oldest item when it is the only one, else -1; a moment's view.
  [[nodiscard]] std::int64_t only_item() const noexcept {
    const std::int64_t top = top_.load(std::memory_order_seq_cst);
    return bottom_.load(std::memory_order_seq_cst) - top == 1 ? top : -1;
  }

  /// Exact for the owner when nobody steals, else a moment's view.
  [[nodiscard]] bool empty() const noexcept {
    return top_.load(std::memory_order_seq_cst) >= bottom_.load(std::memory_order_seq_cst);
  }

 private:
  struct Ring {
    explicit Ring(std::int64_t size)
        : capacity(size), slots(std::make_unique<std::atomic<T*>[]>(std::size_t(size))) {}
    std::atomic<T*>& at(std::int64_t i) noexcept { return slots[std::size_t(i & (capacity - 1))]; }
    std::int64_t capacity;  // A power of two.
    std::unique_ptr<std::atomic<T*>[]> slots;
  };

  Ring* grow(Ring* old, std::int64_t top, std::int64_t bottom, std::int64_t capacity) {
    rings_.reserve(rings_.size() + 1);
    auto ring = std::make_unique<Ring>(capacity);
    for (std::int64_t i = top; i < bottom; ++i) {
      ring->at(i).store(old->at(i).load(std::memory_order_relaxed), std::memory_order_relaxed);
    }
    rings_.push_back(std::move(ring));
    ring_.store(rings_.back().get(), std::memory_order_release);
    return rings_.back().get();
  }

  alignas(64) std::atomic<std::int64_t> top_{0};
  alignas(64) std::atomic<std::int64_t> bottom_{0};
  std::atomic<Ring*> ring_{nullptr};
  std::vector<std::unique_ptr<Ring>> rings_;  // The owner's; the last is current.
};

}  // namespace frys::detail
