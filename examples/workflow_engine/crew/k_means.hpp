// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Spherical k-means over blocks of unit vectors, and what it starts from.
// Source: Dhillon and Modha, "Concept decompositions for large sparse text data using clustering",
// 2001.

#pragma once

#include <cstdint>
#include <vector>

#include "crew/state.hpp"

namespace crew {

/// The passages' clusters in host memory, by passage; −1 is none.
using Labels = std::vector<std::int64_t>;

/// The passages' vectors with what clustering allocates from and runs on.
struct VectorSpace {
  frys::MemoryScope& scope;
  frys::Executor& executor;
  const std::vector<Block>& blocks;
  std::vector<frys::TensorView> vectors;  ///< f32 [rows, dimension] a block.
  std::int64_t passages = 0;
};

/// How crowded it is around each passage: the mean closeness of its nearest neighbours.
/// `closeness`: f32 [rows, neighbours] a block.
std::vector<float> density(const std::vector<Block>& blocks,
                           const std::vector<frys::TensorView>& closeness);

/// Groups to start from: up to `count` passages in crowded places far from each other, each with
/// its nearest neighbours. `neighbours`: i64 [rows, neighbours] a block. Throws StepError.
Labels seed_groups(const VectorSpace& space, const std::vector<float>& crowding,
                   const std::vector<frys::TensorView>& neighbours, std::size_t count);

/// Divides the members of `cluster` between its two most different crowded passages: those nearer
/// to the second get the label `fresh`. Throws StepError.
void split_group(const VectorSpace& space, const std::vector<float>& crowding, Labels& labels,
                 std::int64_t cluster, std::int64_t fresh);

/// Unit vectors in the middle of each of `count` groups: f32 [count, dimension]. Throws StepError.
frys::Tensor centres_of(const VectorSpace& space, const Labels& labels, std::int64_t count);

/// Assigns and moves centres in turns until hardly a passage changes its cluster, ten times at
/// most. Throws StepError. Cost: O(passages · clusters · dimension) a turn.
Clustering divide(const VectorSpace& space, frys::TensorView centres);

/// The cluster of one passage, read where it was written. `labels`: i64 [rows] a block.
std::int64_t label_of(const std::vector<Block>& blocks, const std::vector<frys::TensorView>& labels,
                      std::int64_t passage);

/// A copy of the labels of all `blocks`, to be changed; counts it in `copies`.
Labels copy_labels(const std::vector<Block>& blocks, const std::vector<frys::TensorView>& labels,
                   HostCopies& copies);

}  // namespace crew
