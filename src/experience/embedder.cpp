// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/experience/embedder.hpp"

#include <algorithm>
#include <cmath>
#include <new>
#include <unordered_map>
#include <vector>

#include "frys/core/random.hpp"

namespace frys {
namespace {

constexpr int coordinates_per_feature = 4;
constexpr std::size_t min_gram = 3;
constexpr std::size_t max_gram = 5;
// Beyond this a word is data (base64, a hash): it keeps its word feature, and these n-grams.
constexpr std::size_t max_word_characters = 64;
constexpr double grams_weight = 0.5;

/// FNV-1a (Fowler, Noll, Vo), mixed at its end.
class FeatureHash {
 public:
  explicit FeatureHash(std::uint64_t kind) noexcept : state_(0xcbf29ce484222325 ^ kind) {}
  void add(std::string_view bytes) noexcept {
    for (const char c : bytes) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  [[nodiscard]] std::uint64_t value() const noexcept { return mix64(state_); }

 private:
  std::uint64_t state_;
};

struct Feature {
  std::uint32_t count = 0;
  float weight = 0;
};

using Features = std::unordered_map<std::uint64_t, Feature>;

void count_feature(Features& features, std::uint64_t hash, double weight) {
  Feature& feature = features[hash];
  ++feature.count;
  feature.weight = std::max(feature.weight, static_cast<float>(weight));
}

bool is_word_byte(unsigned char c) noexcept {
  return c >= 0x80 || c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z');
}

bool starts_character(unsigned char c) noexcept { return (c & 0xc0) != 0x80; }

/// Where the characters of `word` begin, and its end; a stray continuation byte joins the one
/// before it.
void character_starts(std::string_view word, std::vector<std::uint32_t>& starts) {
  starts.clear();
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (i == 0 || starts_character(static_cast<unsigned char>(word[i]))) {
      starts.push_back(static_cast<std::uint32_t>(i));
    }
  }
  starts.push_back(static_cast<std::uint32_t>(word.size()));
}

/// Counts one word, already lower-cased and set in "<" and ">".
void count_word(Features& features, std::string_view word, std::vector<std::uint32_t>& starts) {
  character_starts(word, starts);
  const std::size_t characters = std::min(starts.size() - 1, max_word_characters + 2);
  const double damping = std::min(1.0, static_cast<double>(characters - 2) / 6.0);
  FeatureHash whole(1);
  whole.add(word);
  count_feature(features, whole.value(), damping);

  std::size_t grams = 0;
  for (std::size_t n = min_gram; n <= max_gram && n <= characters; ++n) grams += characters - n + 1;
  if (grams == 0) return;
  const double weight = damping * grams_weight / std::sqrt(static_cast<double>(grams));
  for (std::size_t n = min_gram; n <= max_gram && n <= characters; ++n) {
    for (std::size_t i = 0; i + n <= characters; ++i) {
      FeatureHash gram(2);
      gram.add(word.substr(starts[i], starts[i + n] - starts[i]));
      count_feature(features, gram.value(), weight);
    }
  }
}

Features count_features(std::string_view text) {
  Features features;
  features.reserve(std::min<std::size_t>(text.size() * 2, 4096));
  std::string word;
  std::vector<std::uint32_t> starts;
  for (std::size_t i = 0; i < text.size();) {
    if (!is_word_byte(static_cast<unsigned char>(text[i]))) {
      ++i;
      continue;
    }
    word.assign(1, '<');
    for (; i < text.size() && is_word_byte(static_cast<unsigned char>(text[i])); ++i) {
      const char c = text[i];
      word.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    }
    word.push_back('>');
    count_word(features, word, starts);
  }
  return features;
}

/// Sums the features' projections in double. The order of a hash map is the library's own
/// affair, so they are summed in order of their hash: the same floats everywhere.
std::vector<double> project(const Features& features, std::size_t dimension) {
  std::vector<std::pair<std::uint64_t, Feature>> ordered(features.begin(), features.end());
  std::sort(ordered.begin(), ordered.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<double> sums(dimension, 0.0);
  for (const auto& [hash, feature] : ordered) {
    const double value = feature.weight * (1.0 + std::log(static_cast<double>(feature.count)));
    std::uint64_t word = hash;
    for (int i = 0; i < coordinates_per_feature; ++i) {
      word = mix64(word + 0x9e3779b97f4a7c15);
      const std::size_t at = static_cast<std::size_t>((word >> 1) % dimension);
      sums[at] += (word & 1) != 0 ? value : -value;
    }
  }
  return sums;
}

}  // namespace

Embedder::~Embedder() = default;

HashingEmbedder::HashingEmbedder(std::size_t dimension)
    : dimension_(std::clamp(dimension, min_dimension, max_dimension)),
      name_("frys-hashing-1/" + std::to_string(dimension_)) {}

Status HashingEmbedder::embed(std::string_view text, std::span<float> out) const noexcept {
  try {
    if (out.size() != dimension_) {
      return Status(ErrorCode::invalid_argument,
                    "embed: the output holds " + std::to_string(out.size()) + " floats; " + name_ +
                        " writes " + std::to_string(dimension_) + ": give it exactly that many");
    }
    const std::vector<double> sums = project(count_features(text), dimension_);
    double squares = 0;
    for (const double s : sums) squares += s * s;
    const double scale = squares > 0 ? 1.0 / std::sqrt(squares) : 0.0;
    for (std::size_t i = 0; i < dimension_; ++i) out[i] = static_cast<float>(sums[i] * scale);
    return {};
  } catch (...) {
    return Status::out_of_memory();
  }
}

}  // namespace frys
