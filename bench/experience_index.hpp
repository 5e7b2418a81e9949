// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The graphs that search, build and memory rows compare, each behind one face.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "support/vector_set.hpp"

namespace frys::bench {

/// Of every graph: M and ef_construction.
inline constexpr std::size_t graph_links = 16;
inline constexpr std::size_t build_effort = 200;

/// The graph of a set's vectors, which are known by their place in the set. One thread.
class SearchIndex {
 public:
  virtual ~SearchIndex() = default;
  /// Writes the ordinals of the `neighbours` nearest that it finds, in any order; returns how many.
  virtual std::size_t search(std::span<const float> query, std::size_t effort,
                             std::span<std::uint32_t> out) = 0;
  /// What vectors, codes and links take.
  [[nodiscard]] virtual std::size_t bytes() const = 0;
  /// Throws when the file can't be written.
  virtual void save(const std::string& path) const = 0;
};

/// Who makes such graphs. What goes wrong is thrown.
struct Contender {
  std::string who;
  /// More threads than one where the time is not measured, for those that can use them.
  std::function<std::unique_ptr<SearchIndex>(const VectorSet&, std::size_t threads)> build;
  /// From a file that `save` wrote for the same set. None: not kept between runs.
  std::function<std::unique_ptr<SearchIndex>(const VectorSet&, const std::string& path)> load;
  /// Whether building large sets takes too long to be measured in every run.
  bool builds_slowly = false;
};

Contender frys_contender();
Contender hnswlib_contender();
Contender faiss_contender();

/// The set's vectors, or its queries, as those peers want them that know no cosine but the inner
/// product of unit vectors.
std::vector<float> unit_vectors(std::span<const float> vectors, std::size_t dimension);

}  // namespace frys::bench
