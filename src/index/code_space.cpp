// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "index/code_space.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "simd/dispatch.hpp"

namespace frys::index {
namespace {

constexpr float largest_code = 255;  // Of u8.
constexpr float middle_code = 128;
constexpr float largest_rest_code = 240;
// So many of the numbers learned from fit the scale of u8. The few that do not are cut off: a scale
// for the very largest would be too coarse for all others.
constexpr double share_on_scale = 0.99;
// Rounding has the variance of 1/12 step in each dimension of both codes. It adds to the square of
// a distance, and moves the distance, along the line between the two, by this standard deviation.
constexpr float rounding_variance = 2.0F / 12.0F;
constexpr float reach_deviations = 3;
// The rest takes the padding, and so many coordinates at least, and at most.
constexpr std::size_t least_rest = 8;
constexpr std::size_t most_rest = least_rest + 63;
// Squares of longer vectors, and sums of them, might be infinite.
constexpr float longest = 1e18F;

std::size_t bytes_of_value(VectorCodes codes) noexcept {
  switch (codes) {
    case VectorCodes::f32:
      return 4;
    case VectorCodes::f16:
      return 2;
    case VectorCodes::u8:
    case VectorCodes::exact_u8:
      break;
  }
  return 1;
}

/// What the kernels' lengths are multiples of.
std::size_t grain(VectorCodes codes) noexcept { return bytes_of_value(codes) == 1 ? 64 : 16; }

bool is_byte(float value) noexcept {
  return value >= 0 && value <= 255 && value == static_cast<float>(static_cast<int>(value));
}

std::uint8_t clamped(float value, float most) noexcept {
  return static_cast<std::uint8_t>(std::clamp(value + 0.5F, 0.0F, most));
}

/// Sets codes whose squares add up to `square`, all about the same. Of each the lower half is 0: so
/// the upper one alone makes the same sum, and what one rounds off the next takes on.
void spread_rest(float square, std::span<std::uint8_t> codes) noexcept {
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const float share = std::max(0.0F, square) / static_cast<float>(codes.size() - i);
    const float code = 16 * std::min(std::round(std::sqrt(share) / 16), 15.0F);
    codes[i] = static_cast<std::uint8_t>(code);
    square -= code * code;
  }
}

}  // namespace

CodeSpace::CodeSpace(Metric metric, VectorCodes codes, std::size_t dimension)
    : metric_(metric), codes_(codes), dimension_(dimension), value_bytes_(bytes_of_value(codes)) {
  const bool with_rest = metric == Metric::inner_product;
  const std::size_t multiple = grain(codes);
  length_ = (dimension + (with_rest ? least_rest : 0) + multiple - 1) / multiple * multiple;
  rest_length_ = with_rest ? length_ - dimension : 0;
  if (codes == VectorCodes::u8) means_.resize(dimension);
}

const char* CodeSpace::refusal(std::span<const float> vector, bool stored) const noexcept {
  const float square = simd::kernels().dot_f32(vector.data(), vector.data(), vector.size());
  // Not finite, or beyond what sums of squares can hold. NaN is not less.
  if (!(square < longest * longest))
    return "a number that is not finite, or too large to be squared";
  if (codes_ == VectorCodes::f16 && metric_ != Metric::cosine) {
    const auto fits = [](float value) { return std::fabs(value) < 65504; };
    if (stored && !std::all_of(vector.begin(), vector.end(), fits)) {
      return "a number too large for binary16";
    }
  }
  if (stored && codes_ == VectorCodes::exact_u8 &&
      !std::all_of(vector.begin(), vector.end(), is_byte)) {
    return "a number that is no whole one from 0 to 255, as exact_u8 codes need";
  }
  return nullptr;
}

void CodeSpace::prepare(const float* vector, float* prepared) const noexcept {
  std::copy_n(vector, dimension_, prepared);
  if (metric_ != Metric::cosine) return;
  double square = 0;
  for (std::size_t i = 0; i < dimension_; ++i) square += static_cast<double>(vector[i]) * vector[i];
  if (square == 0) return;
  const double scale = 1 / std::sqrt(square);
  for (std::size_t i = 0; i < dimension_; ++i) {
    prepared[i] = static_cast<float>(vector[i] * scale);
  }
}

void CodeSpace::learn(std::span<const float> prepared) {
  if (metric_ == Metric::inner_product) {
    for (std::size_t at = 0; at < prepared.size(); at += dimension_) {
      const float* row = prepared.data() + at;
      longest_square_ = std::max(longest_square_, simd::kernels().dot_f32(row, row, dimension_));
    }
  }
  if (codes_ == VectorCodes::u8) learn_scale(prepared);
}

void CodeSpace::learn_scale(std::span<const float> prepared) {
  const std::size_t rows = prepared.size() / dimension_;
  std::vector<double> sums(dimension_);
  for (std::size_t i = 0; i < prepared.size(); ++i) sums[i % dimension_] += prepared[i];
  for (std::size_t i = 0; i < dimension_; ++i) {
    means_[i] = static_cast<float>(sums[i] / static_cast<double>(rows));
  }
  std::vector<float> deviations(prepared.size());
  for (std::size_t i = 0; i < prepared.size(); ++i) {
    deviations[i] = std::fabs(prepared[i] - means_[i % dimension_]);
  }
  const auto at =
      static_cast<std::ptrdiff_t>(share_on_scale * static_cast<double>(rows * dimension_ - 1));
  std::nth_element(deviations.begin(), deviations.begin() + at, deviations.end());
  step_ = deviations[static_cast<std::size_t>(at)] / (largest_code - middle_code);
  if (rest_length_ > 0) {
    const float longest_rest = std::sqrt(longest_square_ / static_cast<float>(rest_length_));
    step_ = std::max(step_, longest_rest / largest_rest_code);
  }
  // All the same: any scale tells that.
  if (!(step_ > std::numeric_limits<float>::min())) step_ = 1;
}

bool CodeSpace::take(const Learned& learned) noexcept {
  const auto finite = [](float value) { return std::isfinite(value); };
  if (learned.means.size() != means_.size() || !std::ranges::all_of(learned.means, finite) ||
      !finite(learned.step) || !(learned.step > 0) || !finite(learned.longest_square) ||
      !(learned.longest_square >= 0)) {
    return false;
  }
  longest_square_ = learned.longest_square;
  step_ = learned.step;
  std::ranges::copy(learned.means, means_.begin());
  return true;
}

float CodeSpace::rest_square_of(const float* prepared) const noexcept {
  if (rest_length_ == 0) return 0;
  return std::max(0.0F, longest_square_ - simd::kernels().dot_f32(prepared, prepared, dimension_));
}

void CodeSpace::encode_with(const float* prepared, float rest_square, void* code) const noexcept {
  if (value_bytes_ == 1) {
    auto* bytes = static_cast<std::uint8_t*>(code);
    const float scale = 1 / step_;
    if (codes_ == VectorCodes::exact_u8) {
      for (std::size_t i = 0; i < dimension_; ++i) bytes[i] = clamped(prepared[i], 255);
    } else {
      for (std::size_t i = 0; i < dimension_; ++i) {
        bytes[i] = clamped((prepared[i] - means_[i]) * scale + middle_code, largest_code);
      }
    }
    std::fill(bytes + dimension_, bytes + length_, std::uint8_t{0});
    spread_rest(rest_square * scale * scale, {bytes + dimension_, rest_length_});
    return;
  }
  float padded[VectorIndex::max_dimension + most_rest];
  std::copy_n(prepared, dimension_, padded);
  const auto coordinates = static_cast<float>(std::max<std::size_t>(rest_length_, 1));
  std::fill(padded + dimension_, padded + length_, std::sqrt(rest_square / coordinates));
  if (codes_ == VectorCodes::f32) {
    std::copy_n(padded, length_, static_cast<float*>(code));
  } else {
    simd::kernels().f16_from_f32(static_cast<std::uint16_t*>(code), padded, length_);
  }
}

void CodeSpace::encode(const float* prepared, void* code) const noexcept {
  encode_with(prepared, rest_square_of(prepared), code);
}

void CodeSpace::encode_query(const float* prepared, void* code) const noexcept {
  encode_with(prepared, 0, code);
}

bool CodeSpace::keeps_whole(const float* prepared) const noexcept {
  if (codes_ == VectorCodes::f32) return true;
  return codes_ == VectorCodes::exact_u8 && std::all_of(prepared, prepared + dimension_, is_byte);
}

void CodeSpace::decode(const void* code, float* prepared) const noexcept {
  switch (codes_) {
    case VectorCodes::f32:
      std::copy_n(static_cast<const float*>(code), dimension_, prepared);
      break;
    case VectorCodes::f16:
      simd::kernels().f32_from_f16(prepared, static_cast<const std::uint16_t*>(code), dimension_);
      break;
    case VectorCodes::u8:
    case VectorCodes::exact_u8:
      std::copy_n(static_cast<const std::uint8_t*>(code), dimension_, prepared);
      break;
  }
}

float CodeSpace::distance(const float* a, const float* b) const noexcept {
  if (metric_ == Metric::l2) return simd::kernels().l2_squared_f32(a, b, dimension_);
  const float dot = simd::kernels().dot_f32(a, b, dimension_);
  return metric_ == Metric::cosine ? 1 - dot : -dot;
}

float CodeSpace::distance_of(std::uint32_t code_distance) const noexcept {
  return value_bytes_ == 1 ? static_cast<float>(code_distance)
                           : std::bit_cast<float>(code_distance);
}

std::uint32_t CodeSpace::reach(float distance, float query_square) const noexcept {
  float square = distance;
  if (metric_ == Metric::cosine) square = 2 * distance;
  if (metric_ == Metric::inner_product) square = query_square + longest_square_ + 2 * distance;
  const float slack = reach_deviations * std::sqrt(rounding_variance);
  const float steps = std::sqrt(std::max(square, 0.0F)) / step_ + slack;
  const float added = rounding_variance * static_cast<float>(dimension_);
  return static_cast<std::uint32_t>(std::min(steps * steps + added, 4e9F));
}

}  // namespace frys::index
