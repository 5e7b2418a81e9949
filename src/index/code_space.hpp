// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Turns vectors into the codes that the graph is walked on. Whatever the metric, codes are compared
// by their squared Euclidean distance, so that the graph knows one distance only:
//
//   cosine          vectors are scaled to length 1; then |a − b|² = 2 − 2 cos.
//   inner product   vectors get a rest that brings all of them to the length R of the longest,
//                   queries get none; then |q − x|² = |q|² + R² − 2 q · x (Bachrach et al.,
//                   "Speeding Up the Xbox Recommender System", 2014). The rest is spread evenly
//                   over the coordinates at the end, so that it does not widen the scale of u8.
//
// u8 codes are offset by the mean of each dimension, on one scale for all, since only so are
// distances of codes in proportion to those of vectors.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "frys/index/vector_index.hpp"

namespace frys::index {

/// Threads: `learn` before codes are compared; the rest is safe.
class CodeSpace {
 public:
  CodeSpace(Metric metric, VectorCodes codes, std::size_t dimension);

  [[nodiscard]] Metric metric() const noexcept { return metric_; }
  [[nodiscard]] VectorCodes codes() const noexcept { return codes_; }
  [[nodiscard]] std::size_t dimension() const noexcept { return dimension_; }
  /// Numbers a code has, and the bytes it takes.
  [[nodiscard]] std::size_t length() const noexcept { return length_; }
  [[nodiscard]] std::size_t code_bytes() const noexcept { return length_ * value_bytes_; }
  /// Whether vectors are kept beside their codes, since these are not as good.
  [[nodiscard]] bool keeps_vectors() const noexcept { return codes_ == VectorCodes::u8; }

  /// Why `vector` can't be kept or searched for; null when it can. `stored`: it is to be kept.
  [[nodiscard]] const char* refusal(std::span<const float> vector, bool stored) const noexcept;
  /// Copies `vector`, scaled to length 1 for cosine; zero stays zero.
  void prepare(const float* vector, float* prepared) const noexcept;

  /// The first byte of a code that depends on what `learn` learns; `code_bytes()` if none does.
  [[nodiscard]] std::size_t learned_from() const noexcept {
    if (keeps_vectors()) return 0;
    return rest_length_ > 0 ? dimension_ * value_bytes_ : code_bytes();
  }
  /// Learns scale and longest length from some prepared vectors. Throws bad_alloc.
  void learn(std::span<const float> prepared);
  /// What `learn` has learned, and the same from elsewhere; false when it can't be that.
  struct Learned {
    float longest_square;
    float step;
    std::span<const float> means;
  };
  [[nodiscard]] Learned learned() const noexcept { return {longest_square_, step_, means_}; }
  bool take(const Learned& learned) noexcept;
  void encode(const float* prepared, void* code) const noexcept;
  void encode_query(const float* prepared, void* code) const noexcept;
  /// Whether the code of a query keeps it whole.
  [[nodiscard]] bool keeps_whole(const float* prepared) const noexcept;
  /// The prepared vector of a code that keeps it whole.
  void decode(const void* code, float* prepared) const noexcept;

  /// The distance that `metric` means between prepared vectors.
  [[nodiscard]] float distance(const float* a, const float* b) const noexcept;
  /// Whether `distance_of` is `distance` itself for a query whose code keeps it whole.
  [[nodiscard]] bool is_distance() const noexcept {
    return metric_ == Metric::l2 && !keeps_vectors();
  }
  [[nodiscard]] float distance_of(std::uint32_t code_distance) const noexcept;
  /// The code distance from which on nothing is likely to be nearer than `distance`; u8 codes only.
  [[nodiscard]] std::uint32_t reach(float distance, float query_square) const noexcept;

 private:
  void encode_with(const float* prepared, float rest_square, void* code) const noexcept;
  void learn_scale(std::span<const float> prepared);
  [[nodiscard]] float rest_square_of(const float* prepared) const noexcept;

  Metric metric_;
  VectorCodes codes_;
  std::size_t dimension_;
  std::size_t value_bytes_;
  std::size_t rest_length_;
  std::size_t length_;
  float longest_square_ = 0;  ///< R²
  float step_ = 1;            ///< Of u8 codes: what one code more means.
  std::vector<float> means_;  ///< Of u8 codes, `dimension_` of them.
};

}  // namespace frys::index
