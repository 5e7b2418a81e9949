// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "index/walk.hpp"

namespace frys::index {
namespace {

// Under a filter, neighbours of neighbours are looked at until so many of one node are marked: half
// of what a list has room for at the usual M.
constexpr std::size_t enough_marked = 16;

}  // namespace

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

// ---- under a filter --------------------------------------------------------------------------

/// Whether a node is marked, or stands for others that may be.
inline auto Walker::may_be_answer(const NodeMarks& marks) const noexcept {
  return [marks, this](std::uint32_t node) { return marks.has(node) || graph_.has_twin(node); };
}

/// Puts the marked neighbours of `node` in `batch`, and has the lists of the others fetched, as
/// many as may be needed. Returns how many others there are.
std::size_t Walker::gather_near(std::uint32_t node, const NodeMarks& marks, WalkScratch& scratch,
                                Batch& batch) const noexcept {
  const std::size_t others = scratch.visited.visit_some(graph_.links(node, 0), may_be_answer(marks),
                                                        batch, scratch.passed_over);
  for (std::size_t i = 0; i < others && batch.count < enough_marked; ++i) {
    graph_.prefetch_links(scratch.passed_over[i]);
  }
  return others;
}

/// Where few neighbours are marked, theirs stand in for those that are not.
void Walker::gather_far(std::size_t passed_over, const NodeMarks& marks, WalkScratch& scratch,
                        Batch& batch) const noexcept {
  for (std::size_t i = 0; i < passed_over && batch.count < enough_marked; ++i) {
    const std::uint32_t node = scratch.passed_over[i];
    scratch.visited.add_some(graph_.links(node, 0), may_be_answer(marks), enough_marked, batch);
    if (batch.count < enough_marked) scratch.visited.mark(node);
  }
  for (const std::uint32_t node : batch.view()) codes_.prefetch(node);
}

/// A walk through the graph of the marked nodes, which is made as it goes: two are neighbours there
/// when they are here, or have one in common that is not marked (ACORN-1: Patel et al., 2024).
void Walker::beam_marked(const CodeQuery& query, const NodeMarks& marks, std::size_t effort,
                         WalkScratch& scratch) const {
  CandidatePool& pool = scratch.pool;
  std::uint32_t coming = node_of(pool[0]);
  Batch* now = &scratch.batches[0];
  Batch* next = &scratch.batches[1];
  const auto may = may_be_answer(marks);
  // Those that are marked were compared: they come back by their neighbours, or here.
  next->count = 0;
  for (std::size_t i = 0; i < pool.size() && next->count < enough_marked; ++i) {
    if (may(node_of(pool[i]))) next->nodes[next->count++] = node_of(pool[i]);
  }
  pool.reset(effort);
  do {
    std::swap(now, next);
    next->count = 0;
    const bool comes = coming != nobody;
    const std::size_t others = comes ? gather_near(coming, marks, scratch, *next) : 0;
    codes_.coarse(query, now->view(), now->distances);
    pool.offer(*now);
    prefetch_likely(pool);
    if (comes) gather_far(others, marks, scratch, *next);
    coming = pool.has_next() ? pool.take_next() : nobody;
  } while (coming != nobody || next->count > 0);
}

}  // namespace frys::index
