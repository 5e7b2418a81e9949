// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// hnswlib as its users get it: its own distances, -O3 -march=native.

#include <hnswlib/hnswlib.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include "experience_index.hpp"

namespace frys::bench {
namespace {

using Graph = hnswlib::HierarchicalNSW<float>;

std::unique_ptr<hnswlib::SpaceInterface<float>> space_of(const VectorSet& set) {
  if (set.metric == Metric::l2) return std::make_unique<hnswlib::L2Space>(set.dimension);
  return std::make_unique<hnswlib::InnerProductSpace>(set.dimension);
}

class HnswlibIndex final : public SearchIndex {
 public:
  HnswlibIndex(const VectorSet& set, std::size_t threads)
      : space_(space_of(set)), graph_(space_.get(), set.size(), graph_links, build_effort) {
    std::vector<float> units;
    if (set.metric == Metric::cosine) units = unit_vectors(set.vectors, set.dimension);
    const float* vectors = units.empty() ? set.vectors.data() : units.data();
    graph_.addPoint(vectors, 0);  // Alone: all others start from it.
    std::atomic<std::size_t> next = 1;
    const auto add = [&] {
      for (std::size_t i = next++; i < set.size(); i = next++) {
        graph_.addPoint(vectors + i * set.dimension, i);
      }
    };
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < threads; ++i) others.emplace_back(add);
    add();
  }
  HnswlibIndex(const VectorSet& set, const std::string& path)
      : space_(space_of(set)), graph_(space_.get(), path, false, set.size()) {
    if (graph_.cur_element_count != set.size()) throw std::runtime_error("another set's graph");
  }

  std::size_t search(std::span<const float> query, std::size_t effort,
                     std::span<std::uint32_t> out) override {
    graph_.setEf(effort);
    auto found = graph_.searchKnn(query.data(), neighbours);
    std::size_t count = 0;
    for (; !found.empty(); found.pop())
      out[count++] = static_cast<std::uint32_t>(found.top().second);
    return count;
  }
  /// Without its table of labels: a caller's own numbers, which not every graph keeps.
  std::size_t bytes() const override {
    const std::size_t each = graph_.size_data_per_element_ + sizeof(char*);
    std::size_t sum = graph_.cur_element_count * each;
    for (const int level : graph_.element_levels_) {
      sum += static_cast<std::size_t>(level) * graph_.size_links_per_element_;
    }
    return sum;
  }
  void save(const std::string& path) const override { const_cast<Graph&>(graph_).saveIndex(path); }

 private:
  std::unique_ptr<hnswlib::SpaceInterface<float>> space_;
  Graph graph_;
};

}  // namespace

Contender hnswlib_contender() {
  return {"hnswlib",
          [](const VectorSet& set, std::size_t threads) {
            return std::make_unique<HnswlibIndex>(set, threads);
          },
          [](const VectorSet& set, const std::string& path) {
            return std::make_unique<HnswlibIndex>(set, path);
          }};
}

}  // namespace frys::bench
