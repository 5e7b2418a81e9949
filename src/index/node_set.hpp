// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Some of the nodes of an index: a bit each, and how many are set.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "index/growing_table.hpp"

namespace frys::index {

/// Threads: `create` before all else, `reserve` and `insert` one at a time, the rest at any time.
class NodeSet {
 public:
  /// Errors: out_of_memory.
  Status create(std::size_t max_nodes) noexcept {
    return words_.create(sizeof(std::uint64_t), max_nodes / bits + 1);
  }
  /// Makes room for nodes [0, nodes). Errors: out_of_memory.
  Status reserve(std::size_t nodes) noexcept { return words_.reserve(nodes / bits + 1); }

  /// False: it was there already.
  bool insert(std::uint32_t node) noexcept {
    const std::uint64_t bit = std::uint64_t{1} << (node % bits);
    if ((__atomic_fetch_or(word(node), bit, __ATOMIC_RELAXED) & bit) != 0) return false;
    count_.store(size() + 1, std::memory_order_release);
    return true;
  }
  [[nodiscard]] bool contains(std::uint32_t node) const noexcept {
    return (__atomic_load_n(word(node), __ATOMIC_RELAXED) >> (node % bits) & 1) != 0;
  }
  [[nodiscard]] std::size_t size() const noexcept { return count_.load(std::memory_order_acquire); }

 private:
  static constexpr std::uint32_t bits = 64;

  [[nodiscard]] std::uint64_t* word(std::uint32_t node) const noexcept {
    return words_.row<std::uint64_t>(node / bits);
  }

  GrowingTable words_;
  std::atomic<std::size_t> count_{0};
};

}  // namespace frys::index
