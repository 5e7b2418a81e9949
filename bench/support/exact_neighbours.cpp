// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "support/exact_neighbours.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "support/lane_sum.hpp"

namespace frys::bench {
namespace {

float squared_difference(const float* a, const float* b, std::size_t dimension) {
  return lane_sum(a, b, dimension, [](float x, float y) { return (x - y) * (x - y); });
}

float negative_dot(const float* a, const float* b, std::size_t dimension) {
  return -lane_sum(a, b, dimension, [](float x, float y) { return x * y; });
}

/// The nearest so far: a heap whose first is the farthest of them.
class Nearest {
 public:
  explicit Nearest(std::size_t size) : size_(size) {}
  void offer(float distance, std::size_t id) {
    if (heap_.size() == size_) {
      if (distance >= heap_.front().first) return;
      std::pop_heap(heap_.begin(), heap_.end());
      heap_.pop_back();
    }
    heap_.emplace_back(distance, id);
    std::push_heap(heap_.begin(), heap_.end());
  }
  [[nodiscard]] const std::vector<std::pair<float, std::size_t>>& found() const { return heap_; }

 private:
  std::size_t size_;
  std::vector<std::pair<float, std::size_t>> heap_;
};

/// 1 / |v|, or 0 for a vector of zeros.
std::vector<float> inverse_norms(std::span<const float> vectors, std::size_t dimension) {
  std::vector<float> norms;
  for (std::size_t at = 0; at < vectors.size(); at += dimension) {
    const float square = -negative_dot(vectors.data() + at, vectors.data() + at, dimension);
    norms.push_back(square > 0 ? 1 / std::sqrt(square) : 0);
  }
  return norms;
}

/// A few queries at a time share what is read of the vectors.
constexpr std::size_t queries_at_once = 8;

}  // namespace

double exact_distance(Metric metric, const float* a, const float* b, std::size_t dimension) {
  double squares = 0, product = 0, a_square = 0, b_square = 0;
  for (std::size_t d = 0; d < dimension; ++d) {
    const double x = a[d], y = b[d];
    squares += (x - y) * (x - y);
    product += x * y;
    a_square += x * x;
    b_square += y * y;
  }
  if (metric == Metric::l2) return squares;
  if (metric == Metric::inner_product) return -product;
  const double norms = std::sqrt(a_square) * std::sqrt(b_square);
  return norms > 0 ? 1 - product / norms : 1;
}

std::vector<double> kth_distances(Metric metric, std::span<const float> vectors,
                                  std::span<const float> queries, std::size_t dimension,
                                  std::size_t k) {
  const std::size_t count = vectors.size() / dimension;
  const std::size_t query_count = queries.size() / dimension;
  // Enough more than k that rounding can't keep a true neighbour out.
  std::vector<Nearest> nearest(query_count, Nearest(4 * k));
  std::vector<float> scales;
  if (metric == Metric::cosine) scales = inverse_norms(vectors, dimension);
  for (std::size_t first = 0; first < query_count; first += queries_at_once) {
    const std::size_t last = std::min(query_count, first + queries_at_once);
    for (std::size_t i = 0; i < count; ++i) {
      const float* vector = vectors.data() + i * dimension;
      for (std::size_t q = first; q < last; ++q) {
        const float* query = queries.data() + q * dimension;
        float distance = metric == Metric::l2 ? squared_difference(query, vector, dimension)
                                              : negative_dot(query, vector, dimension);
        // The query's own length does not change the order.
        if (metric == Metric::cosine) distance *= scales[i];
        nearest[q].offer(distance, i);
      }
    }
  }
  std::vector<double> kth;
  std::vector<double> distances;
  for (std::size_t q = 0; q < query_count; ++q) {
    distances.clear();
    for (const auto& [unused, id] : nearest[q].found()) {
      distances.push_back(exact_distance(metric, queries.data() + q * dimension,
                                         vectors.data() + id * dimension, dimension));
    }
    std::nth_element(distances.begin(), distances.begin() + static_cast<std::ptrdiff_t>(k - 1),
                     distances.end());
    kth.push_back(distances[k - 1]);
  }
  return kth;
}

bool is_hit(Metric metric, double distance, double kth_distance) {
  const double size = std::abs(kth_distance);
  return distance <= kth_distance + 1e-6 * (metric == Metric::l2 ? size : std::max(size, 1.0));
}

}  // namespace frys::bench
