// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Which 64-byte lines of the address space belong to a live block, one bit a line, so that two
// blocks that share a line are seen at once, at the cost of one atomic operation for 4 KiB.

#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace frys::torture {

/// Threads: safe.
class LineMap {
 public:
  /// Marks the lines of a block. False when one of them had an owner already.
  bool claim(const void* data, std::size_t bytes) noexcept {
    bool free = true;
    each_word(data, bytes, [&](Word& word, std::uint64_t mask) {
      free = (word.fetch_or(mask, std::memory_order_relaxed) & mask) == 0 && free;
    });
    return free;
  }
  /// Takes the marks off. False when one was missing.
  bool release(const void* data, std::size_t bytes) noexcept {
    bool whole = true;
    each_word(data, bytes, [&](Word& word, std::uint64_t mask) {
      whole = (word.fetch_and(~mask, std::memory_order_relaxed) & mask) == mask && whole;
    });
    return whole;
  }

 private:
  using Word = std::atomic<std::uint64_t>;
  static constexpr std::size_t leaf_words = std::size_t{1} << 20;  // 4 GiB of addresses
  static constexpr std::size_t leaf_count = std::size_t{1} << 15;  // 47 bits of addresses

  template <typename Body>
  void each_word(const void* data, std::size_t bytes, Body&& body) noexcept {
    std::uint64_t line = reinterpret_cast<std::uintptr_t>(data) / 64;
    const std::uint64_t end = line + std::max<std::size_t>(1, (bytes + 63) / 64);
    while (line < end) {
      const std::uint64_t count = std::min<std::uint64_t>(64 - line % 64, end - line);
      const std::uint64_t ones = count == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
      const std::uint64_t index = line / 64;
      body(leaf(index / leaf_words)[index % leaf_words], ones << (line % 64));
      line += count;
    }
  }

  // Leaves are zero pages of the system: only those that are marked take memory.
  Word* leaf(std::size_t number) noexcept {
    std::atomic<Word*>& slot = leaves_[number];
    Word* known = slot.load(std::memory_order_acquire);
    if (known != nullptr) return known;
    void* fresh = ::mmap(nullptr, leaf_words * sizeof(Word), PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (slot.compare_exchange_strong(known, static_cast<Word*>(fresh), std::memory_order_acq_rel)) {
      return static_cast<Word*>(fresh);
    }
    ::munmap(fresh, leaf_words * sizeof(Word));
    return known;
  }

  std::unique_ptr<std::atomic<Word*>[]> leaves_ =
      std::make_unique<std::atomic<Word*>[]>(leaf_count);
};

}  // namespace frys::torture
