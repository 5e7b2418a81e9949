// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Vectors as models make them: around some centres, few directions of which matter; and what
// comparing all of them says.

#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "frys/core/random.hpp"
#include "frys/index/vector_index.hpp"

namespace frys {

class MadeVectors {
 public:
  /// `whole`: of whole numbers from 0 to 255.
  MadeVectors(std::size_t dimension, std::size_t rows, std::size_t queries, bool whole)
      : dimension_(dimension), rows_(rows), random_(dimension + rows) {
    std::vector<float> centres(20 * dimension);
    for (float& value : centres) value = uniform(1);
    for (std::size_t i = 0; i < rows + queries; ++i) {
      const float* centre = centres.data() + random_.next_below(20) * dimension;
      for (std::size_t j = 0; j < dimension; ++j) {
        const float value = centre[j] + uniform(j % 4 == 0 ? 0.8F : 0.2F);
        values_.push_back(whole ? std::clamp(std::round(64 * value + 128), 0.0F, 255.0F) : value);
      }
    }
  }

  /// Makes some of the vectors ten times as long as others.
  void stretch() {
    for (std::size_t i = 0; i < rows_; ++i) {
      const auto factor = static_cast<float>(0.2 + 1.8 * random_.next_unit());
      for (std::size_t j = 0; j < dimension_; ++j) values_[i * dimension_ + j] *= factor;
    }
  }

  [[nodiscard]] std::size_t queries() const { return values_.size() / dimension_ - rows_; }
  [[nodiscard]] std::span<const float> rows(std::size_t begin, std::size_t end) const {
    return std::span(values_).subspan(begin * dimension_, (end - begin) * dimension_);
  }
  [[nodiscard]] std::span<const float> rows() const { return rows(0, rows_); }
  [[nodiscard]] std::span<const float> row(std::size_t i) const { return rows(i, i + 1); }
  [[nodiscard]] std::span<const float> query(std::size_t i) const { return row(rows_ + i); }
  [[nodiscard]] std::size_t count() const { return rows_; }
  /// |query|²
  [[nodiscard]] double square(std::size_t i) const {
    double sum = 0;
    for (const float value : query(i)) sum += static_cast<double>(value) * value;
    return sum;
  }

 private:
  float uniform(float scale) {
    return static_cast<float>((random_.next_unit() * 2 - 1) * static_cast<double>(scale));
  }

  std::size_t dimension_;
  std::size_t rows_;
  SeededRandom random_;
  std::vector<float> values_;
};

inline VectorIndex make_index(const VectorIndexOptions& options,
                              const Environment& environment = {}) {
  Result<VectorIndex> index = VectorIndex::create(options, environment);
  EXPECT_TRUE(index) << index.status().to_string();
  return *std::move(index);
}

inline std::vector<VectorNeighbour> search(const VectorIndex& index, std::span<const float> query,
                                           std::size_t count, std::size_t effort = 64) {
  std::vector<VectorNeighbour> out(count);
  const Result<std::size_t> found = index.search(query, count, effort, out);
  EXPECT_TRUE(found) << found.status().to_string();
  out.resize(found.value_or(0));
  return out;
}

/// In double, by the definition of the metric.
inline float exact_distance(Metric metric, std::span<const float> a, std::span<const float> b) {
  double squares = 0, dot = 0, a_square = 0, b_square = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = a[i], y = b[i];
    squares += (x - y) * (x - y);
    dot += x * y;
    a_square += x * x;
    b_square += y * y;
  }
  if (metric == Metric::l2) return static_cast<float>(squares);
  if (metric == Metric::inner_product) return static_cast<float>(-dot);
  const double lengths = std::sqrt(a_square) * std::sqrt(b_square);
  return static_cast<float>(lengths == 0 ? 1 : 1 - dot / lengths);
}

/// Of all vectors to a query, sorted.
inline std::vector<float> exact_distances(const MadeVectors& made, Metric metric,
                                          std::size_t query) {
  std::vector<float> distances;
  for (std::size_t i = 0; i < made.count(); ++i) {
    distances.push_back(exact_distance(metric, made.query(query), made.row(i)));
  }
  std::ranges::sort(distances);
  return distances;
}

}  // namespace frys
