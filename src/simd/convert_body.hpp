// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Half precision. Part of kernels_body.hpp; its rules hold here. xsimd has no 16-bit floats, so the
// F16C instructions are used where the file is compiled for them, and integer arithmetic elsewhere.

namespace frys::simd::FRYS_ISA {
namespace {

FRYS_INLINE std::uint32_t bits_of(float value) { return __builtin_bit_cast(std::uint32_t, value); }
FRYS_INLINE float float_of(std::uint32_t bits) { return __builtin_bit_cast(float, bits); }

/// Exact. Source: Giesen, "Float→half conversions" (2012): shift the fields into place, let a
/// multiplication by 2^112 rebias the exponent, subnormals included.
FRYS_INLINE float widen_f16(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
  const std::uint32_t rest = static_cast<std::uint32_t>(half & 0x7fffu) << 13;
  if (rest >= 0x0f800000u) {  // Infinity or NaN; a NaN becomes quiet, as F16C makes it.
    return float_of(sign | 0x70000000u | rest | (rest > 0x0f800000u ? 0x00400000u : 0u));
  }
  return float_of(sign | bits_of(float_of(rest) * 0x1p112f));
}

/// Rounds to nearest even; overflows to infinity.
FRYS_INLINE std::uint16_t narrow_f16(float value) {
  const std::uint32_t bits = bits_of(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000u;
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  std::uint32_t half;
  if (magnitude > 0x7f800000u) {
    half = 0x7e00u | ((magnitude >> 13) & 0x3ffu);
  } else if (magnitude >= 0x47800000u) {  // 65536 and above.
    half = 0x7c00u;
  } else if (magnitude < 0x38800000u) {  // Below 2^-14: a float addition does the rounding.
    half = bits_of(float_of(magnitude) + 0.5f) - 0x3f000000u;
  } else {
    half = (magnitude - 0x38000000u + 0x0fffu + ((magnitude >> 13) & 1u)) >> 13;
  }
  return static_cast<std::uint16_t>(sign | half);
}

void f32_from_f16(float* out, const std::uint16_t* a, std::size_t count) {
  std::size_t i = 0;
#if defined(__AVX512F__)
  for (; i + 16 <= count; i += 16) {
    const __m256i half = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(a + i));
    _mm512_storeu_ps(out + i, _mm512_cvtph_ps(half));
  }
#elif defined(__F16C__)
  for (; i + 8 <= count; i += 8) {
    const __m128i half = _mm_loadu_si128(reinterpret_cast<const __m128i*>(a + i));
    _mm256_storeu_ps(out + i, _mm256_cvtph_ps(half));
  }
#endif
  for (; i < count; ++i) out[i] = widen_f16(a[i]);
}

void f16_from_f32(std::uint16_t* out, const float* a, std::size_t count) {
  std::size_t i = 0;
#if defined(__AVX512F__)
  for (; i + 16 <= count; i += 16) {
    const __m256i half = _mm512_cvtps_ph(_mm512_loadu_ps(a + i), _MM_FROUND_TO_NEAREST_INT);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), half);
  }
#elif defined(__F16C__)
  for (; i + 8 <= count; i += 8) {
    const __m128i half = _mm256_cvtps_ph(_mm256_loadu_ps(a + i), _MM_FROUND_TO_NEAREST_INT);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), half);
  }
#endif
  for (; i < count; ++i) out[i] = narrow_f16(a[i]);
}

void f32_from_bf16(float* out, const std::uint16_t* a, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) out[i] = float_of(std::uint32_t{a[i]} << 16);
}

void bf16_from_f32(std::uint16_t* out, const float* a, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t bits = bits_of(a[i]);
    const std::uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    const bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
    out[i] = static_cast<std::uint16_t>(nan ? (bits >> 16) | 0x40u : rounded);
  }
}

}  // namespace
}  // namespace frys::simd::FRYS_ISA
