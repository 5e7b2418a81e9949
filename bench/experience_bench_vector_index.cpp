// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// `VectorIndex`, by its public calls.

#include <array>
#include <stdexcept>

#include "experience_index.hpp"

namespace frys::bench {
namespace {

VectorIndex made_for(const VectorSet& set) {
  VectorIndexOptions options;
  options.dimension = set.dimension;
  options.metric = set.metric;
  options.codes = set.bytes && set.metric == Metric::l2 ? VectorCodes::exact_u8 : VectorCodes::u8;
  options.links = graph_links;
  options.build_effort = build_effort;
  options.max_vectors = set.size();
  Result<VectorIndex> made = VectorIndex::create(options);
  if (!made) throw std::runtime_error(made.error().to_string());
  return std::move(*made);
}

class FrysIndex final : public SearchIndex {
 public:
  explicit FrysIndex(const VectorSet& set) : index_(made_for(set)) {
    const auto added = index_.add(set.vectors);
    if (!added) throw std::runtime_error(added.error().to_string());
  }
  std::size_t search(std::span<const float> query, std::size_t effort,
                     std::span<std::uint32_t> out) override {
    const Result<std::size_t> found = index_.search(query, neighbours, effort, nearest_);
    if (!found) throw std::runtime_error(found.error().to_string());
    for (std::size_t i = 0; i < *found; ++i) out[i] = nearest_[i].ordinal;
    return *found;
  }
  std::size_t bytes() const override { return index_.bytes(); }
  void save(const std::string&) const override { throw std::logic_error("is not kept"); }

 private:
  VectorIndex index_;
  std::array<VectorNeighbour, neighbours> nearest_;
};

}  // namespace

Contender frys_contender() {
  return {"frys",
          [](const VectorSet& set, std::size_t) { return std::make_unique<FrysIndex>(set); },
          nullptr};
}

}  // namespace frys::bench
