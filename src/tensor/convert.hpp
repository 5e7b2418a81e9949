// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// One element type to another, with the rules of frys::ops::cast.

#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "frys/tensor/dtype.hpp"

namespace frys::detail {

/// A boolean as it lies in memory: any byte but 0 is true. A foreign producer may leave one that is
/// neither 0 nor 1, which must not be read as a `bool`.
enum class Boolean : std::uint8_t {};

/// Calls `visit(T{})` with a value of the type of `dtype`'s elements.
template <typename Visit>
auto visit_dtype(DType dtype, Visit visit) noexcept {
  switch (dtype) {
    case DType::f64:
      return visit(double{});
    case DType::f16:
      return visit(Float16{});
    case DType::bf16:
      return visit(BFloat16{});
    case DType::i8:
      return visit(std::int8_t{});
    case DType::u8:
      return visit(std::uint8_t{});
    case DType::i16:
      return visit(std::int16_t{});
    case DType::i32:
      return visit(std::int32_t{});
    case DType::i64:
      return visit(std::int64_t{});
    case DType::boolean:
      return visit(Boolean{});
    case DType::f32:
      break;
  }
  return visit(float{});
}

template <typename T>
inline constexpr bool is_half = std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>;

/// The f32 next to `value` towards zero, its last bit set when it is not `value` itself. Rounding
/// that to half precision gives what rounding `value` directly would ("round to odd").
/// Source: Boldo and Melquiond, "When double rounding is odd", 2005.
inline float round_to_odd(double value) noexcept {
  const auto nearest = static_cast<float>(value);
  if (static_cast<double>(nearest) == value || std::isnan(value)) return nearest;
  auto bits = __builtin_bit_cast(std::uint32_t, nearest);
  if (std::fabs(static_cast<double>(nearest)) > std::fabs(value)) --bits;
  return __builtin_bit_cast(float, bits | 1u);
}

/// An i64 as a double that rounds to half precision as the i64 itself would.
inline double sticky_double(std::int64_t value) noexcept {
  constexpr std::int64_t exact = std::int64_t{1} << 53;
  if (value > -exact && value < exact) return static_cast<double>(value);
  // Fold the 11 lowest bits into one: 52 bits and the sign remain, exact in a double.
  const std::int64_t folded = (value >> 11) | ((value & 0x7ff) != 0 ? 1 : 0);
  return static_cast<double>(folded) * 2048.0;
}

/// Neither type is half precision.
template <typename To, typename From>
To convert(From value) noexcept {
  if constexpr (std::is_same_v<To, Boolean>) {
    return static_cast<Boolean>(value != From{});
  } else if constexpr (std::is_same_v<From, Boolean>) {
    return static_cast<To>(value != Boolean{});
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    if (std::isnan(value)) return To{0};
    // The upper limit of a 32- or 64-bit type is no float: compare with the power of two above.
    constexpr From above = static_cast<From>(std::uint64_t{1} << std::numeric_limits<To>::digits);
    constexpr From below = static_cast<From>(std::numeric_limits<To>::min());
    if (value >= above) return std::numeric_limits<To>::max();
    if (value <= below) return std::numeric_limits<To>::min();
    return static_cast<To>(value);
  } else {
    return static_cast<To>(value);
  }
}

/// An f32 that rounds to half precision as `value` itself would.
template <typename From>
float for_half(From value) noexcept {
  if constexpr (std::is_same_v<From, double>) {
    return round_to_odd(value);
  } else if constexpr (std::is_same_v<From, std::int64_t>) {
    return round_to_odd(sticky_double(value));
  } else if constexpr (std::is_same_v<From, std::int32_t>) {
    return round_to_odd(static_cast<double>(value));
  } else {
    return convert<float>(value);
  }
}

/// Converts `count` contiguous elements. `out` and `in` do not overlap.
void convert_elements(DType to, void* out, DType from, const void* in, std::size_t count) noexcept;

/// Fills `count` elements of `dtype` with `value`, converted.
void fill_elements(DType dtype, void* out, double value, std::size_t count) noexcept;

}  // namespace frys::detail
