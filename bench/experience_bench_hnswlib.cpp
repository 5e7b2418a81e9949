// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience_bench_hnswlib.hpp"

#include <hnswlib/hnswlib.h>

namespace frys::bench {

struct HnswlibPeer::Impl {
  Impl(std::size_t dimension, std::size_t capacity, std::size_t m, std::size_t ef_construction)
      : space(dimension), graph(&space, capacity, m, ef_construction) {}
  hnswlib::InnerProductSpace space;
  hnswlib::HierarchicalNSW<float> graph;
};

HnswlibPeer::HnswlibPeer(std::size_t dimension, std::size_t capacity, std::size_t m,
                         std::size_t ef_construction)
    : impl_(std::make_unique<Impl>(dimension, capacity, m, ef_construction)) {}
HnswlibPeer::~HnswlibPeer() = default;

void HnswlibPeer::add(const float* vector, std::size_t label) {
  impl_->graph.addPoint(vector, label);
}

void HnswlibPeer::set_ef(std::size_t ef) { impl_->graph.setEf(ef); }

void HnswlibPeer::search(const float* query, std::size_t k,
                         std::vector<std::size_t>& labels) const {
  auto found = impl_->graph.searchKnn(query, k);
  labels.clear();
  for (; !found.empty(); found.pop()) labels.push_back(found.top().second);
}

}  // namespace frys::bench
