// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// faiss at its best. Debian compiles it for the oldest x86-64, so the distances, which take most of
// the time, are given to it from here, compiled -O3 -march=native; and a search keeps its table of
// visited vectors, as one of faiss's own does over the queries of one call.

#include <faiss/IndexFlat.h>
#include <faiss/IndexHNSW.h>
#include <faiss/impl/AuxIndexStructures.h>
#include <faiss/impl/DistanceComputer.h>
#include <faiss/index_io.h>
#include <omp.h>

#include <array>
#include <limits>
#include <stdexcept>

#include "experience_index.hpp"
#include "support/lane_sum.hpp"

namespace frys::bench {
namespace {

/// `sign`: faiss takes similarities from its storage, and walks by what is smaller when nearer.
class NativeDistance final : public faiss::FlatCodesDistanceComputer {
 public:
  NativeDistance(const faiss::IndexFlat& flat, float sign)
      : FlatCodesDistanceComputer(flat.codes.data(), flat.code_size),
        dimension_(static_cast<std::size_t>(flat.d)),
        is_l2_(flat.metric_type == faiss::METRIC_L2),
        sign_(sign) {}
  void set_query(const float* query) override { query_ = query; }
  float distance_to_code(const uint8_t* code) override {
    return between(query_, reinterpret_cast<const float*>(code));
  }
  float symmetric_dis(idx_t i, idx_t j) override { return between(vector(i), vector(j)); }

 private:
  const float* vector(idx_t i) const {
    return reinterpret_cast<const float*>(codes + static_cast<std::size_t>(i) * code_size);
  }
  float between(const float* a, const float* b) const {
    if (is_l2_)
      return lane_sum(a, b, dimension_, [](float x, float y) { return (x - y) * (x - y); });
    return sign_ * lane_sum(a, b, dimension_, [](float x, float y) { return x * y; });
  }

  std::size_t dimension_;
  bool is_l2_;
  float sign_;
  const float* query_ = nullptr;
};

struct NativeFlat final : faiss::IndexFlat {
  using IndexFlat::IndexFlat;
  faiss::FlatCodesDistanceComputer* get_FlatCodesDistanceComputer() const override {
    return new NativeDistance(*this, 1);
  }
};

class FaissIndex final : public SearchIndex {
 public:
  FaissIndex(const VectorSet& set, std::unique_ptr<faiss::IndexHNSWFlat> graph)
      : graph_(std::move(graph)), visited_(static_cast<int>(set.size())) {
    use_native_distances();
  }
  static std::unique_ptr<FaissIndex> build(const VectorSet& set, std::size_t threads) {
    omp_set_num_threads(static_cast<int>(threads));
    const auto metric = set.metric == Metric::l2 ? faiss::METRIC_L2 : faiss::METRIC_INNER_PRODUCT;
    auto made = std::make_unique<FaissIndex>(
        set, std::make_unique<faiss::IndexHNSWFlat>(static_cast<int>(set.dimension),
                                                    static_cast<int>(graph_links), metric));
    made->graph_->hnsw.efConstruction = static_cast<int>(build_effort);
    std::vector<float> units;
    if (set.metric == Metric::cosine) units = unit_vectors(set.vectors, set.dimension);
    made->graph_->add(static_cast<faiss::Index::idx_t>(set.size()),
                      units.empty() ? set.vectors.data() : units.data());
    made->renew_distance();
    return made;
  }
  static std::unique_ptr<FaissIndex> load(const VectorSet& set, const std::string& path) {
    std::unique_ptr<faiss::Index> read(faiss::read_index(path.c_str()));
    auto* graph = dynamic_cast<faiss::IndexHNSWFlat*>(read.get());
    if (graph == nullptr || graph->ntotal != static_cast<faiss::Index::idx_t>(set.size())) {
      throw std::runtime_error("another set's graph");
    }
    (void)read.release();
    return std::make_unique<FaissIndex>(set, std::unique_ptr<faiss::IndexHNSWFlat>(graph));
  }

  std::size_t search(std::span<const float> query, std::size_t effort,
                     std::span<std::uint32_t> out) override {
    std::array<faiss::Index::idx_t, neighbours> ids;
    std::array<float, neighbours> distances;
    ids.fill(-1);
    distances.fill(std::numeric_limits<float>::max());
    graph_->hnsw.efSearch = static_cast<int>(effort);
    distance_->set_query(query.data());
    graph_->hnsw.search(*distance_, static_cast<int>(neighbours), ids.data(), distances.data(),
                        visited_);
    std::size_t count = 0;
    for (const faiss::Index::idx_t id : ids) {
      if (id >= 0) out[count++] = static_cast<std::uint32_t>(id);
    }
    return count;
  }
  std::size_t bytes() const override {
    const faiss::HNSW& links = graph_->hnsw;
    return flat().codes.size() + links.neighbors.size() * sizeof(links.neighbors[0]) +
           links.offsets.size() * sizeof(links.offsets[0]) +
           links.levels.size() * sizeof(links.levels[0]);
  }
  void save(const std::string& path) const override {
    faiss::write_index(graph_.get(), path.c_str());
  }

 private:
  const NativeFlat& flat() const { return static_cast<const NativeFlat&>(*graph_->storage); }
  void use_native_distances() {
    auto* plain = static_cast<faiss::IndexFlat*>(graph_->storage);
    auto native = std::make_unique<NativeFlat>(plain->d, plain->metric_type);
    native->codes = std::move(plain->codes);
    native->ntotal = plain->ntotal;
    delete plain;
    graph_->storage = native.release();
    renew_distance();
  }
  void renew_distance() { distance_ = std::make_unique<NativeDistance>(flat(), -1); }

  std::unique_ptr<faiss::IndexHNSWFlat> graph_;
  std::unique_ptr<NativeDistance> distance_;
  faiss::VisitedTable visited_;
};

}  // namespace

Contender faiss_contender() { return {"faiss", FaissIndex::build, FaissIndex::load, true}; }

}  // namespace frys::bench
