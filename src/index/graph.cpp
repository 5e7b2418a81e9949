// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "index/graph.hpp"

#include <algorithm>
#include <cstring>

namespace frys::index {
namespace {

template <typename T>
T load_value(const std::byte* bytes) noexcept {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

}  // namespace

Status Graph::create(std::size_t links, std::size_t max_nodes) noexcept {
  width_ = links;
  Status status = nodes_.create(sizeof(Node), max_nodes);
  if (status.ok()) status = levels_.create(sizeof(std::uint8_t), max_nodes);
  if (status.ok()) status = twinned_.create(sizeof(std::uint64_t), max_nodes / 64 + 1);
  if (status.ok()) status = links_.create(2 * links * sizeof(std::uint32_t), max_nodes);
  // A node has 1 / (M − 1) blocks on average: half of max_nodes is plenty from M = 4 on.
  if (status.ok()) {
    status = blocks_.create(links * sizeof(std::uint32_t), max_nodes / 2 + max_level);
  }
  return status;
}

Status Graph::reserve(std::size_t nodes) noexcept {
  Status status = nodes_.reserve(nodes);
  if (status.ok()) status = levels_.reserve(nodes);
  if (status.ok()) status = twinned_.reserve(nodes / 64 + 1);
  if (status.ok()) status = links_.reserve(nodes);
  if (status.ok()) status = blocks_.reserve(used_blocks_.load() + max_level);
  return status;
}

void Graph::place(std::uint32_t node, int level) noexcept {
  const std::size_t block = used_blocks_.load(std::memory_order_relaxed);
  *nodes_.row<Node>(node) = {nobody, static_cast<std::uint32_t>(block)};
  *levels_.row<std::uint8_t>(node) = static_cast<std::uint8_t>(level);
  used_blocks_.store(block + static_cast<std::size_t>(level), std::memory_order_relaxed);
  for (int l = 0; l <= level; ++l) std::ranges::fill(links(node, l), nobody);
}

void Graph::mark_twinned(std::uint32_t node) noexcept {
  auto* word = twinned_.row<std::uint64_t>(node / 64);
  __atomic_store_n(word, *word | std::uint64_t{1} << (node % 64), __ATOMIC_RELAXED);
}

void Graph::add_twin(std::uint32_t node, std::uint32_t twin) noexcept {
  *nodes_.row<Node>(twin) = {this->twin(node), 0};
  *levels_.row<std::uint8_t>(twin) = 0;
  store_id(nodes_.row<Node>(node)->twin, twin);
  mark_twinned(node);
}

std::size_t Graph::bytes(std::size_t nodes) const noexcept {
  return nodes * (nodes_.row_bytes() + levels_.row_bytes() + links_.row_bytes()) +
         used_blocks_.load(std::memory_order_relaxed) * blocks_.row_bytes();
}

Graph::Tables Graph::tables(std::size_t nodes) const noexcept {
  return {{nodes_.row<const std::byte>(0), node_bytes(nodes)},
          {levels_.row<const std::byte>(0), nodes},
          {links_.row<const std::byte>(0), link_bytes(nodes)},
          {blocks_.row<const std::byte>(0), used_blocks_.load() * block_bytes()}};
}

bool Graph::take(const Tables& tables, std::size_t nodes, Entry entry) noexcept {
  if (!may_be(tables, nodes, entry)) return false;
  std::memcpy(nodes_.row<std::byte>(0), tables.nodes.data(), tables.nodes.size());
  std::memcpy(levels_.row<std::byte>(0), tables.levels.data(), tables.levels.size());
  std::memcpy(links_.row<std::byte>(0), tables.links.data(), tables.links.size());
  std::memcpy(blocks_.row<std::byte>(0), tables.blocks.data(), tables.blocks.size());
  used_blocks_.store(tables.blocks.size() / block_bytes(), std::memory_order_relaxed);
  for (std::size_t i = 0; i < nodes; ++i) {
    const auto node = static_cast<std::uint32_t>(i);
    if (twin(node) != nobody) mark_twinned(node);
  }
  set_entry(entry);
  return true;
}

/// Every id is a node's and none stands behind an unused place, every block is there, and no chain
/// of twins is a ring: behind a node they go from the newest back.
bool Graph::may_be(const Tables& tables, std::size_t nodes, Entry entry) const noexcept {
  if (entry.node >= nodes || entry.level < 0) return false;
  if (entry.level > load_value<std::uint8_t>(tables.levels.data() + entry.node)) return false;
  const auto lists_hold = [&](std::span<const std::byte> bytes, std::size_t list_bytes) {
    bool hold = true;
    for (; !bytes.empty(); bytes = bytes.subspan(list_bytes)) {
      bool ended = false;
      for (std::size_t at = 0; at < list_bytes; at += sizeof(std::uint32_t)) {
        const auto id = load_value<std::uint32_t>(bytes.data() + at);
        hold &= id == nobody || (id < nodes && !ended);
        ended |= id == nobody;
      }
    }
    return hold;
  };
  if (!lists_hold(tables.links, links_.row_bytes())) return false;
  if (!lists_hold(tables.blocks, blocks_.row_bytes())) return false;
  const std::size_t blocks = tables.blocks.size() / block_bytes();
  const auto node_at = [&](std::size_t i) {
    return load_value<Node>(tables.nodes.data() + i * sizeof(Node));
  };
  for (std::size_t i = 0; i < nodes; ++i) {
    const Node node = node_at(i);
    const auto level = load_value<std::uint8_t>(tables.levels.data() + i);
    if (level > max_level || node.block + std::size_t{level} > blocks) return false;
    if (node.twin == nobody) continue;
    if (node.twin >= nodes || node.twin == i) return false;
    const std::uint32_t next = node_at(node.twin).twin;
    if (next != nobody && next >= node.twin) return false;
  }
  return true;
}

}  // namespace frys::index
