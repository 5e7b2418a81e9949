// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What the critic says of each cluster, and how it comes to say it.

#pragma once

#include <cstdint>
#include <vector>

#include "crew/k_means.hpp"

namespace crew {

enum class Verdict : std::uint8_t { keep, split, merge, dissolve };

struct Judgement {
  Verdict verdict = Verdict::keep;
  std::int64_t partner = -1;  ///< Of a merge.
  std::int64_t passages = 0;
  double cohesion = 0;   ///< Mean cosine of its passages to its centre.
  double agreement = 0;  ///< Share of its passages' nearest neighbours that are in it.
};

struct Critique {
  std::vector<Judgement> clusters;
  double agreement = 0;   ///< Over all passages.
  double modularity = 0;  ///< Agreement beyond what sizes alone would give; what rounds compete on.
  std::size_t weak = 0;   ///< Clusters not kept as they are.
};

/// Judges a clustering by the neighbour graph: a cluster is weak when less than half of its
/// passages' neighbours are in it; it is merged into the one that most of the others are in, or
/// split when they are scattered. One of fewer than three passages is dissolved.
/// Source of modularity: Newman and Girvan, "Finding and evaluating community structure in
/// networks", 2004. Cost: O(passages · neighbours + clusters²).
Critique judge(const std::vector<Block>& blocks, const std::vector<frys::TensorView>& labels,
               std::int64_t clusters, const std::vector<frys::TensorView>& closeness,
               const std::vector<frys::TensorView>& neighbours);

/// A critique as a tensor's rows, [clusters, 5], and back.
void write_judgements(const Critique& critique, float* rows);
std::vector<Judgement> read_judgements(const frys::TensorView& table);

}  // namespace crew
