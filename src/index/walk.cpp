// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "index/walk.hpp"

namespace frys::index {

void Walker::descend(const CodeQuery& query, Graph::Entry entry, int to_level, std::size_t effort,
                     std::size_t nodes, WalkScratch& scratch) const {
  Batch& batch = scratch.batches[0];
  CandidatePool& pool = scratch.pool;
  pool.reset(effort);
  scratch.visited.reset(std::max<std::size_t>(nodes, entry.node + std::size_t{1}));
  scratch.visited.visit({&entry.node, 1}, batch);
  codes_.coarse(query, batch.view(), batch.distances);
  pool.offer(batch);
  for (int level = entry.level; level > to_level; --level) {
    for (Candidate nearest = pool[0] + 1; nearest != pool[0];) {
      nearest = pool[0];
      gather(node_of(nearest), level, scratch, batch);
      codes_.coarse(query, batch.view(), batch.distances);
      pool.offer(batch);
    }
  }
}

/// Marks the neighbours of `node` as visited and has the codes of those that were not fetched.
void Walker::gather(std::uint32_t node, int level, WalkScratch& scratch,
                    Batch& batch) const noexcept {
  scratch.visited.visit(graph_.links(node, level), batch);
  for (const std::uint32_t neighbour : batch.view()) codes_.prefetch(neighbour);
}

/// Has the lists fetched of which one is needed next.
void Walker::prefetch_likely(const CandidatePool& pool) const noexcept {
  for (std::size_t ahead = 0; ahead < 2; ++ahead) {
    const std::uint32_t node = pool.likely_next(ahead);
    if (node != nobody) graph_.prefetch_links(node);
  }
}

/// While the distances of one node's neighbours are computed, the codes of the next one's come from
/// memory, and the list of the one after. So the order of expansion lags two nodes behind
/// best-first, which costs less than it saves.
void Walker::beam(const CodeQuery& query, int level, WalkScratch& scratch) const noexcept {
  CandidatePool& pool = scratch.pool;
  Batch* now = &scratch.batches[0];
  Batch* next = &scratch.batches[1];
  next->count = 0;
  pool.restart();
  std::uint32_t coming = nobody;
  do {
    std::swap(now, next);
    next->count = 0;
    if (coming != nobody) gather(coming, level, scratch, *next);
    coming = pool.has_next() ? pool.take_next() : nobody;
    codes_.coarse(query, now->view(), now->distances);
    pool.offer(*now);
    if (level == 0) prefetch_likely(pool);
  } while (coming != nobody || next->count > 0 || pool.has_next());
}

}  // namespace frys::index
