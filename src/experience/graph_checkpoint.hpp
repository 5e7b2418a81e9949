// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The store's graph on disk, so that opening need not link all vectors anew:
//
//   <store>/graph/graph-<generation>   as index/graph_file.hpp says; the two newest are kept
//   <store>/graph/graph.part           one that is being written
//   <store>/graph-<number>/…           the same of each space, by its number
//
// A file gets its name when all of it is on the device. It is a copy of what rows and log can make
// again: one that is damaged, or of other vectors than the store's, is passed over.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "frys/core/environment.hpp"
#include "index/index_core.hpp"

namespace frys::detail {

/// Threads: one at a time.
class GraphCheckpoint {
 public:
  /// `folder` is the store's, `space` the number of one, or 0.
  GraphCheckpoint(const std::string& folder, std::uint8_t space, const Environment& environment);
  /// The name of its folder in the store's.
  static std::string folder_of(std::uint8_t space);

  using KeyOf = index::IndexCore::KeyOf;
  /// Has `core`, which holds the store's vectors and no graph, take the newest graph that is
  /// theirs, or was before some were removed. Throws bad_alloc.
  void load(index::IndexCore& core, KeyOf key_of);
  /// Not beside one who links. Errors: io_error. Throws bad_alloc.
  Status save(const index::IndexCore& core, KeyOf key_of);
  /// The newest saved graph's file; empty: there is none. At any time. Throws bad_alloc.
  [[nodiscard]] std::string newest() const;

 private:
  [[nodiscard]] std::string name_of(std::uint64_t generation) const;
  [[nodiscard]] std::vector<std::uint64_t> generations() const;
  Status write_part(const index::IndexCore& core, KeyOf key_of, const std::string& part) const;
  Status load_one(index::IndexCore& core, KeyOf key_of, const std::string& file) const;

  const Environment environment_;
  const std::string folder_;
};

}  // namespace frys::detail
