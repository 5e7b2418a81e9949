// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// hnswlib's graph (Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search
// using Hierarchical Navigable Small World graphs", 2018): hnswlib holds it, chooses neighbours and
// links them; the walk through it is our own, for hnswlib's reads lists while they are written.
// The vectors lie outside, in the table that the graph is given; a node's number is its vector's.
//
// Equal vectors would link to each other only, and cut themselves off. So only the first of them is
// linked; the others, its twins, hang on a list of its own, the newest first. A vector of zeros
// resembles nothing, and is not linked at all.

#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "experience/pattern_index.hpp"
#include "experience/segmented_table.hpp"

namespace frys::detail {

/// What a search writes to; kept from one search to the next.
struct GraphScratch {
  std::vector<std::uint32_t> visited;  // The epoch in which a node was last seen.
  std::uint32_t epoch = 0;
  std::vector<std::uint32_t> neighbours;
  std::vector<Neighbour> frontier;
  std::vector<Neighbour> best;
};

/// Concurrency: one thread links; any number search at the same time. A node's list is read and
/// written under the lock that hnswlib keeps for the node; a search that comes upon the very node
/// being linked waits for it, a fraction of a millisecond. Growing moves the lists and needs the
/// searches out: a lock that prefers the grower. A list of twins changes by one atomic store.
class HnswGraph {
 public:
  /// Errors: out_of_memory.
  static Result<std::unique_ptr<HnswGraph>> create(const SegmentedTable<float>& vectors,
                                                   const IndexOptions& options);
  virtual ~HnswGraph() = default;

  /// Links the node after the last. Errors: out_of_memory, internal; the graph must not be linked
  /// to any more then, and may be searched.
  virtual Status link_next() noexcept = 0;
  [[nodiscard]] virtual std::size_t linked() const noexcept = 0;
  [[nodiscard]] virtual std::size_t bytes() const noexcept = 0;

  /// Leaves the nearest of the nodes below `limit` that the query accepts in `scratch.best`, in no
  /// order, at most `effort` of them. False: it gave up (`IndexQuery::patience`). Throws bad_alloc.
  virtual bool search(const IndexQuery& query, std::size_t effort, std::size_t limit,
                      GraphScratch& scratch) const = 0;
};

}  // namespace frys::detail
