// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What the rows of experience_bench share.

#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "support/vector_set.hpp"

namespace frys::bench {

/// Ends the program with code 1. For what leaves no row to measure.
[[noreturn]] void fail(const std::string& what);

/// A set that rows may be asked of; made when the first of them runs.
struct SetSource {
  std::string name;
  std::function<Result<VectorSet>()> make;
  /// Who builds slowly builds it unmeasured, unless all rows are wanted.
  bool large = false;
};

/// The sets that are made here, and those of recorded data where that is at hand; says on stderr
/// what is left out. `full`: the large ones too.
std::vector<SetSource> known_sets(const BenchCache& cache, bool full);

/// `count` vectors to store, and queries, whose true neighbours are not known: made ones, or
/// windows of `recorded` images where these are at hand, then all there are where that is less.
VectorSet vectors_to_store(std::size_t count, bool recorded);

/// build, search and memory rows of each set, one set after another. `full`: those too whose graphs
/// build slowly.
void add_index_rows(const std::vector<SetSource>& sets, const BenchCache& cache, bool full);

/// store, open, find_similar and build rows of the experience store; `full`: with 100,000 too.
void add_store_rows(bool full);
void add_payload_rows();
void add_filter_rows();
/// churn and ingest rows; `full`: the long ones too.
void add_lasting_rows(bool full);

}  // namespace frys::bench
