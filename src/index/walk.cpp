// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "index/walk.hpp"

namespace frys::index {

Candidate Walker::descend(const void* query, Graph::Entry entry, int to_level,
                          WalkScratch& scratch) const {
  scratch.fresh.resize(graph_.width(0));
  scratch.distances.resize(graph_.width(0));
  std::uint32_t distance = 0;
  codes_.distances(query, {&entry.node, 1}, &distance);
  Candidate nearest = make_candidate(distance, entry.node);
  for (int level = entry.level; level > to_level; --level) {
    for (Candidate before = nearest + 1; nearest != before;) {
      before = nearest;
      std::size_t count = 0;
      for (const std::uint32_t& link : graph_.links(node_of(nearest), level)) {
        const std::uint32_t node = load_id(link);
        if (node == nobody) break;
        codes_.prefetch(node);
        scratch.fresh[count++] = node;
      }
      codes_.distances(query, {scratch.fresh.data(), count}, scratch.distances.data());
      for (std::size_t i = 0; i < count; ++i) {
        nearest = std::min(nearest, make_candidate(scratch.distances[i], scratch.fresh[i]));
      }
    }
  }
  return nearest;
}

void Walker::expand(const void* query, std::uint32_t node, int level, WalkScratch& scratch) const {
  CandidatePool& pool = scratch.pool;
  std::size_t count = 0;
  for (const std::uint32_t& link : graph_.links(node, level)) {
    const std::uint32_t neighbour = load_id(link);
    if (neighbour == nobody) break;
    if (neighbour >= scratch.visited.limit() || !scratch.visited.insert(neighbour)) continue;
    codes_.prefetch(neighbour);
    scratch.fresh[count++] = neighbour;
  }
  // The likely next one's list comes while the distances are computed.
  if (level == 0 && pool.has_next()) graph_.prefetch_links(pool.peek_next());
  codes_.distances(query, {scratch.fresh.data(), count}, scratch.distances.data());
  for (std::size_t i = 0; i < count; ++i) pool.offer(scratch.distances[i], scratch.fresh[i]);
}

void Walker::beam(const void* query, Candidate start, int level, std::size_t effort,
                  std::size_t nodes, WalkScratch& scratch) const {
  scratch.fresh.resize(graph_.width(0));
  scratch.distances.resize(graph_.width(0));
  scratch.visited.reset(nodes);
  scratch.pool.reset(effort);
  scratch.visited.insert(node_of(start));
  scratch.pool.offer(distance_of(start), node_of(start));
  while (scratch.pool.has_next()) expand(query, scratch.pool.take_next(), level, scratch);
}

}  // namespace frys::index
