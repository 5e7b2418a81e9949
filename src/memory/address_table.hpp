// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// From an address that the CPU may not touch, or another handle of a device, to what the pool keeps
// of it. Open addressing with linear probing, at most half full; removal shifts back
// what follows, so nothing gathers over time. Threads: not safe; the pool's lock guards it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "memory/large_page_allocator.hpp"

namespace frys::detail {

class AddressTable {
 public:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  /// Makes room for one more. Throws std::bad_alloc. Cost: O(1) amortised.
  void reserve_one() {
    if (2 * (size_ + 1) <= slots_.size()) return;
    Slots larger(slots_.empty() ? 64 : 2 * slots_.size());
    larger.swap(slots_);
    bits_ = slots_.size() == 64 ? 6 : bits_ + 1;
    for (const Slot& slot : larger) {
      if (slot.value != none) place(slot);
    }
  }

  /// Precondition: there is room, and `address` is not in it.
  void insert(std::uint64_t address, std::uint32_t value) noexcept {
    place({tag_of(address), value});
    ++size_;
  }

  /// Takes the value of `address` out; `none` when there is none. `is_at(value)` says whether a
  /// value is that address's.
  template <typename IsAt>
  std::uint32_t remove(std::uint64_t address, IsAt&& is_at) noexcept {
    if (size_ == 0) return none;
    const std::size_t at = place_of(address, is_at);
    const std::uint32_t value = slots_[at].value;
    if (value == none) return none;
    close_gap(at);
    --size_;
    return value;
  }
  /// The same, and leaves it in.
  template <typename IsAt>
  [[nodiscard]] std::uint32_t find(std::uint64_t address, IsAt&& is_at) const noexcept {
    return size_ == 0 ? none : slots_[place_of(address, is_at)].value;
  }

 private:
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t value = none;
  };
  using Slots = std::vector<Slot, LargePageAllocator<Slot>>;

  /// Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4).
  static std::uint32_t tag_of(std::uint64_t address) noexcept {
    return static_cast<std::uint32_t>(address * 0x9E3779B97F4A7C15U >> 32);
  }
  [[nodiscard]] std::size_t home_of(std::uint32_t tag) const noexcept {
    return tag >> (32 - bits_);
  }
  [[nodiscard]] std::size_t after(std::size_t at) const noexcept {
    return (at + 1) & (slots_.size() - 1);
  }
  /// Where the address is, or an empty slot.
  template <typename IsAt>
  [[nodiscard]] std::size_t place_of(std::uint64_t address, IsAt& is_at) const noexcept {
    const std::uint32_t tag = tag_of(address);
    std::size_t at = home_of(tag);
    while (slots_[at].value != none && (slots_[at].tag != tag || !is_at(slots_[at].value))) {
      at = after(at);
    }
    return at;
  }
  void place(Slot slot) noexcept {
    std::size_t at = home_of(slot.tag);
    while (slots_[at].value != none) at = after(at);
    slots_[at] = slot;
  }
  void close_gap(std::size_t gap) noexcept {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = after(gap); slots_[at].value != none; at = after(at)) {
      // What lies beyond its home by as much as it lies beyond the gap may move into the gap.
      if (((at - home_of(slots_[at].tag)) & mask) < ((at - gap) & mask)) continue;
      slots_[gap] = slots_[at];
      gap = at;
    }
    slots_[gap].value = none;
  }

  Slots slots_;
  std::size_t size_ = 0;
  std::uint32_t bits_ = 0;
};

}  // namespace frys::detail
