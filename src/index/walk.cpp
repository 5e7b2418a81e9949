// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "index/walk.hpp"

namespace frys::index {

Candidate Walker::descend(const CodeQuery& query, Graph::Entry entry, int to_level,
                          WalkScratch& scratch) const {
  Batch& batch = scratch.batches[0];
  std::uint32_t distance = 0;
  codes_.coarse(query, {&entry.node, 1}, &distance);
  Candidate nearest = make_candidate(distance, entry.node);
  for (int level = entry.level; level > to_level; --level) {
    for (Candidate before = nearest + 1; nearest != before;) {
      before = nearest;
      batch.count = 0;
      for (const std::uint32_t& link : graph_.links(node_of(nearest), level)) {
        const std::uint32_t node = load_id(link);
        if (node == nobody) break;
        codes_.prefetch(node);
        batch.nodes[batch.count++] = node;
      }
      codes_.coarse(query, batch.view(), batch.distances);
      for (std::size_t i = 0; i < batch.count; ++i) {
        nearest = std::min(nearest, make_candidate(batch.distances[i], batch.nodes[i]));
      }
    }
  }
  return nearest;
}

/// Marks the neighbours of `node` as visited and has the codes of those that were not fetched.
void Walker::gather(std::uint32_t node, int level, WalkScratch& scratch, Batch& batch) const {
  scratch.visited.visit(graph_.links(node, level), batch);
  for (const std::uint32_t neighbour : batch.view()) codes_.prefetch(neighbour);
}

/// The codes of a node's neighbours are fetched while the distances of those of the node before are
/// computed. So the order of expansion lags one node behind best-first.
void Walker::beam(const CodeQuery& query, Candidate start, int level, std::size_t effort,
                  std::size_t nodes, WalkScratch& scratch) const {
  CandidatePool& pool = scratch.pool;
  pool.reset(effort);
  scratch.visited.reset(nodes);
  Batch* now = &scratch.batches[0];
  Batch* next = &scratch.batches[1];
  const std::uint32_t first = node_of(start);
  scratch.visited.visit({&first, 1}, *next);
  next->distances[0] = distance_of(start);
  pool.offer(*next);
  next->count = 0;
  while (true) {
    std::swap(now, next);
    next->count = 0;
    if (pool.has_next()) {
      gather(pool.take_next(), level, scratch, *next);
    } else if (now->count == 0) {
      return;
    }
    if (level == 0 && pool.has_next()) graph_.prefetch_links(pool.peek_next());
    codes_.coarse(query, now->view(), now->distances);
    pool.offer(*now);
  }
}

}  // namespace frys::index
