// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The links of a hierarchical navigable small world (Malkov and Yashunin, 2018). Every node has a
// list on level 0, all of one width, in one table; the few that reach higher have a block of lists,
// level 1 first, in another. An unused place of a list is `nobody`, and only such follow it.
//
//   nodes   [node]   → twin, block
//   levels  [node]   → the highest it has a list on
//   links   [node]   → 2 × M ids
//   blocks  [block]  → M ids; a node of level L has L rows from its `block` on
//
// One thread writes; others read beside it. A list is changed id by id, each stored with release
// and loaded with acquire: whoever has an id sees the node behind it whole. A list that is being
// chosen anew may be seen half old and half new, which misses a link or has one twice.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "index/growing_table.hpp"
#include "index/prefetch.hpp"

namespace frys::index {

/// No node: the end of a list.
inline constexpr std::uint32_t nobody = 0xffffffff;

/// An id that another thread may be storing.
inline std::uint32_t load_id(const std::uint32_t& id) noexcept {
  return __atomic_load_n(&id, __ATOMIC_ACQUIRE);
}
inline void store_id(std::uint32_t& id, std::uint32_t value) noexcept {
  __atomic_store_n(&id, value, __ATOMIC_RELEASE);
}

class Graph {
 public:
  /// Where walks start, in one word so that it is read whole.
  struct Entry {
    std::uint32_t node;
    std::int32_t level;  ///< −1: there is no node.
  };

  /// Errors: out_of_memory.
  Status create(std::size_t links, std::size_t max_nodes) noexcept;
  /// Makes room for `nodes`, and one more of any level. Errors: out_of_memory.
  Status reserve(std::size_t nodes) noexcept;

  /// Gives `node` empty lists on levels 0 to `level`; there is room.
  void place(std::uint32_t node, int level) noexcept;

  [[nodiscard]] std::span<std::uint32_t> links(std::uint32_t node, int level) const noexcept {
    if (level == 0) return {links_.row<std::uint32_t>(node), 2 * width_};
    const std::size_t block = nodes_.row<Node>(node)->block + static_cast<std::size_t>(level - 1);
    return {blocks_.row<std::uint32_t>(block), width_};
  }
  void prefetch_links(std::uint32_t node) const noexcept {
    prefetch_bytes(links_.row<void>(node), links_.row_bytes());
  }

  /// The node added before `node`, or before that, with the same code; nobody when there is none.
  [[nodiscard]] std::uint32_t twin(std::uint32_t node) const noexcept {
    return load_id(nodes_.row<Node>(node)->twin);
  }
  /// The highest level on which `node` has a list.
  [[nodiscard]] int level(std::uint32_t node) const noexcept {
    return *levels_.row<std::uint8_t>(node);
  }
  /// Whether it has one, from far less memory.
  [[nodiscard]] bool has_twin(std::uint32_t node) const noexcept {
    const std::uint64_t* word = twinned_.row<std::uint64_t>(node / 64);
    return (__atomic_load_n(word, __ATOMIC_RELAXED) >> (node % 64) & 1) != 0;
  }
  /// Hangs `twin`, which has no links, behind `node`.
  void add_twin(std::uint32_t node, std::uint32_t twin) noexcept;

  [[nodiscard]] Entry entry() const noexcept { return entry_.load(std::memory_order_acquire); }
  void set_entry(Entry entry) noexcept { entry_.store(entry, std::memory_order_release); }

  /// Links a node of `level` has room for: 2 × M on level 0, M above.
  [[nodiscard]] std::size_t width(int level) const noexcept {
    return level == 0 ? 2 * width_ : width_;
  }
  /// What `nodes` of them take.
  [[nodiscard]] std::size_t bytes(std::size_t nodes) const noexcept;

  static constexpr int max_level = 16;

  /// The rows of `nodes`, whole and apart from the entry.
  struct Tables {
    std::span<const std::byte> nodes;
    std::span<const std::byte> levels;
    std::span<const std::byte> links;
    std::span<const std::byte> blocks;
  };
  /// Not beside one who writes.
  [[nodiscard]] Tables tables(std::size_t nodes) const noexcept;
  /// The sizes that the tables of so many have, blocks apart.
  [[nodiscard]] std::size_t node_bytes(std::size_t nodes) const noexcept {
    return nodes * nodes_.row_bytes();
  }
  [[nodiscard]] std::size_t link_bytes(std::size_t nodes) const noexcept {
    return nodes * links_.row_bytes();
  }
  [[nodiscard]] std::size_t block_bytes() const noexcept { return blocks_.row_bytes(); }
  /// Takes the tables of `nodes` from elsewhere; a walk never leaves them, whatever they say.
  /// False, and nothing is taken, when they are no graph's. There is room for them, and no node.
  bool take(const Tables& tables, std::size_t nodes, Entry entry) noexcept;
  [[nodiscard]] std::size_t blocks() const noexcept {
    return used_blocks_.load(std::memory_order_relaxed);
  }
  /// Makes room for so many blocks. Errors: out_of_memory.
  Status reserve_blocks(std::size_t blocks) noexcept { return blocks_.reserve(blocks + max_level); }

 private:
  [[nodiscard]] bool may_be(const Tables& tables, std::size_t nodes, Entry entry) const noexcept;
  struct Node {
    std::uint32_t twin;
    std::uint32_t block;
  };

  std::size_t width_ = 0;  ///< M
  void mark_twinned(std::uint32_t node) noexcept;

  GrowingTable nodes_;
  GrowingTable levels_;
  GrowingTable twinned_;  ///< A bit a node.
  GrowingTable links_;
  GrowingTable blocks_;
  std::atomic<std::size_t> used_blocks_{0};
  std::atomic<Entry> entry_{Entry{nobody, -1}};
};

}  // namespace frys::index
