// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What one element of a tensor is.
//
//   static_assert(frys::dtype_of<float> == frys::DType::f32);
//   std::size_t bytes = frys::size_of(frys::DType::bf16);       // 2

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "frys/core/export.hpp"

namespace frys {

/// Element types. Values are stable: they cross the ABI and are written to disk.
/// Arithmetic is done in f32 and f64, and partly in i32 and i64; the others are stored, moved and
/// cast (frys::ops::cast).
enum class DType : std::uint8_t {
  f32 = 0,
  f64 = 1,
  f16 = 2,   ///< IEEE 754 binary16.
  bf16 = 3,  ///< The upper half of a binary32.
  i8 = 4,
  u8 = 5,
  i16 = 6,
  i32 = 7,
  i64 = 8,
  boolean = 9,  ///< One byte, 0 or 1; any other is read as 1.
};

/// Bytes an element; 0 for a value that is none of the enumeration.
[[nodiscard]] constexpr std::size_t size_of(DType dtype) noexcept {
  switch (dtype) {
    case DType::f64:
    case DType::i64:
      return 8;
    case DType::f32:
    case DType::i32:
      return 4;
    case DType::f16:
    case DType::bf16:
    case DType::i16:
      return 2;
    case DType::i8:
    case DType::u8:
    case DType::boolean:
      return 1;
  }
  return 0;
}

/// The name as it is spelled in the enumeration; "unknown" for a foreign value.
FRYS_API std::string_view to_string(DType dtype) noexcept;

/// A binary16 as its bits. Convert with frys::ops::cast.
struct Float16 {
  std::uint16_t bits = 0;
};

/// A bfloat16 as its bits. Convert with frys::ops::cast.
struct BFloat16 {
  std::uint16_t bits = 0;
};

namespace detail {
template <typename T>
struct DTypeOf;
template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::f32;
};
template <>
struct DTypeOf<double> {
  static constexpr DType value = DType::f64;
};
template <>
struct DTypeOf<Float16> {
  static constexpr DType value = DType::f16;
};
template <>
struct DTypeOf<BFloat16> {
  static constexpr DType value = DType::bf16;
};
template <>
struct DTypeOf<std::int8_t> {
  static constexpr DType value = DType::i8;
};
template <>
struct DTypeOf<std::uint8_t> {
  static constexpr DType value = DType::u8;
};
template <>
struct DTypeOf<std::int16_t> {
  static constexpr DType value = DType::i16;
};
template <>
struct DTypeOf<std::int32_t> {
  static constexpr DType value = DType::i32;
};
template <>
struct DTypeOf<std::int64_t> {
  static constexpr DType value = DType::i64;
};
template <>
struct DTypeOf<bool> {
  static constexpr DType value = DType::boolean;
};
}  // namespace detail

/// The DType whose elements are read and written as `T`.
template <typename T>
inline constexpr DType dtype_of = detail::DTypeOf<T>::value;

}  // namespace frys
