// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "index/graph.hpp"

#include <algorithm>

namespace frys::index {

Status Graph::create(std::size_t links, std::size_t max_nodes) noexcept {
  width_ = links;
  Status status = nodes_.create(sizeof(Node), max_nodes);
  if (status.ok()) status = links_.create(2 * links * sizeof(std::uint32_t), max_nodes);
  // A node has 1 / (M − 1) blocks on average: half of max_nodes is plenty from M = 4 on.
  if (status.ok()) {
    status = blocks_.create(links * sizeof(std::uint32_t), max_nodes / 2 + max_level);
  }
  return status;
}

Status Graph::reserve(std::size_t nodes) noexcept {
  Status status = nodes_.reserve(nodes);
  if (status.ok()) status = links_.reserve(nodes);
  if (status.ok()) status = blocks_.reserve(used_blocks_.load() + max_level);
  return status;
}

void Graph::place(std::uint32_t node, int level) noexcept {
  const std::size_t block = used_blocks_.load(std::memory_order_relaxed);
  *nodes_.row<Node>(node) = {nobody, static_cast<std::uint32_t>(block)};
  used_blocks_.store(block + static_cast<std::size_t>(level), std::memory_order_relaxed);
  for (int l = 0; l <= level; ++l) std::ranges::fill(links(node, l), nobody);
}

void Graph::add_twin(std::uint32_t node, std::uint32_t twin) noexcept {
  *nodes_.row<Node>(twin) = {this->twin(node), 0};
  store_id(nodes_.row<Node>(node)->twin, twin);
}

std::size_t Graph::bytes(std::size_t nodes) const noexcept {
  return nodes * (nodes_.row_bytes() + links_.row_bytes()) +
         used_blocks_.load(std::memory_order_relaxed) * blocks_.row_bytes();
}

}  // namespace frys::index
