// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Squared distances of one code to many rows of a table, for indexes. Part of kernels_body.hpp; its
// rules hold here. Four rows are taken at once: a load of the query serves all four, and four
// chains of additions hide each other's latency.

namespace frys::simd::FRYS_ISA {
namespace {

// A `Part` is the bytes of a row that one step takes, a `Sum` lanes of 32 bits.
#if defined(__AVX512BW__)
using Sum = __m512i;
using Part = __m256i;  // 32 bytes, widened to 16 bits.
FRYS_INLINE Sum zero_sum() { return _mm512_setzero_si512(); }
FRYS_INLINE Part load_bytes(const std::uint8_t* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
FRYS_INLINE Sum add_squares(Sum sum, Part a, Part b) {
  const __m512i d = _mm512_sub_epi16(_mm512_cvtepu8_epi16(a), _mm512_cvtepu8_epi16(b));
  return _mm512_add_epi32(sum, _mm512_madd_epi16(d, d));
}
FRYS_INLINE Sum add_small_squares(Sum sum, Part a, Part b) { return add_squares(sum, a, b); }
FRYS_INLINE __m256i halved(Sum s) {
  return _mm256_add_epi32(_mm512_castsi512_si256(s), _mm512_extracti64x4_epi64(s, 1));
}
#elif defined(__AVX2__)
using Sum = __m256i;
using Part = __m256i;
FRYS_INLINE Sum zero_sum() { return _mm256_setzero_si256(); }
FRYS_INLINE Part load_bytes(const std::uint8_t* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
FRYS_INLINE Sum add_squares(Sum sum, Part a, Part b) {
  const __m256i d = _mm256_or_si256(_mm256_subs_epu8(a, b), _mm256_subs_epu8(b, a));
  const __m256i low = _mm256_unpacklo_epi8(d, _mm256_setzero_si256());
  const __m256i high = _mm256_unpackhi_epi8(d, _mm256_setzero_si256());
  const __m256i squares =
      _mm256_add_epi32(_mm256_madd_epi16(low, low), _mm256_madd_epi16(high, high));
  return _mm256_add_epi32(sum, squares);
}
/// For codes below 128: two squares of differences fit the signed 16 bits of a product's sum.
FRYS_INLINE Sum add_small_squares(Sum sum, Part a, Part b) {
  const __m256i d = _mm256_abs_epi8(_mm256_sub_epi8(a, b));
  return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(d, d), _mm256_set1_epi16(1)));
}
FRYS_INLINE __m256i halved(Sum s) { return s; }
#else
using Sum = __m128i;
using Part = __m128i;
FRYS_INLINE Sum zero_sum() { return _mm_setzero_si128(); }
FRYS_INLINE Part load_bytes(const std::uint8_t* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}
FRYS_INLINE Sum add_squares(Sum sum, Part a, Part b) {
  const __m128i d = _mm_or_si128(_mm_subs_epu8(a, b), _mm_subs_epu8(b, a));
  const __m128i low = _mm_unpacklo_epi8(d, _mm_setzero_si128());
  const __m128i high = _mm_unpackhi_epi8(d, _mm_setzero_si128());
  const __m128i squares = _mm_add_epi32(_mm_madd_epi16(low, low), _mm_madd_epi16(high, high));
  return _mm_add_epi32(sum, squares);
}
FRYS_INLINE Sum add_small_squares(Sum sum, Part a, Part b) { return add_squares(sum, a, b); }
#endif

/// The four totals, in order.
FRYS_INLINE __m128i totals(const Sum* s) {
#if defined(__AVX2__)
  const __m256i ab = _mm256_hadd_epi32(halved(s[0]), halved(s[1]));
  const __m256i cd = _mm256_hadd_epi32(halved(s[2]), halved(s[3]));
  const __m256i abcd = _mm256_hadd_epi32(ab, cd);
  return _mm_add_epi32(_mm256_castsi256_si128(abcd), _mm256_extracti128_si256(abcd, 1));
#else
  const __m128i ab_low = _mm_unpacklo_epi32(s[0], s[1]);
  const __m128i ab_high = _mm_unpackhi_epi32(s[0], s[1]);
  const __m128i cd_low = _mm_unpacklo_epi32(s[2], s[3]);
  const __m128i cd_high = _mm_unpackhi_epi32(s[2], s[3]);
  const __m128i ab = _mm_add_epi32(ab_low, ab_high);  // a b a b
  const __m128i cd = _mm_add_epi32(cd_low, cd_high);  // c d c d
  return _mm_add_epi32(_mm_unpacklo_epi64(ab, cd), _mm_unpackhi_epi64(ab, cd));
#endif
}

/// Calls four(rows, out) for every four rows, the last four padded with the last row.
template <typename Four>
FRYS_INLINE void by_fours(std::uint32_t* out, const CodeRows& rows, Four four) {
  const auto* base = static_cast<const std::uint8_t*>(rows.base);
  for (std::size_t i = 0; i < rows.count; i += 4) {
    const std::uint8_t* row[4];
    unroll<4>([&](auto lane) FRYS_INLINE_LAMBDA {
      constexpr std::size_t l = decltype(lane)::value;
      const std::size_t at = i + l < rows.count ? i + l : rows.count - 1;
      row[l] = base + rows.ids[at] * rows.row_bytes;
    });
    alignas(16) std::uint32_t four_totals[4];
    four(row, four_totals);
    const std::size_t left = rows.count - i < 4 ? rows.count - i : 4;
    for (std::size_t l = 0; l < left; ++l) out[i + l] = four_totals[l];
  }
}

template <bool Small>
FRYS_INLINE void l2_bytes(std::uint32_t* out, const void* query, const CodeRows& rows) {
  const auto* q = static_cast<const std::uint8_t*>(query);
  by_fours(out, rows, [&](const std::uint8_t* const* row, std::uint32_t* four) FRYS_INLINE_LAMBDA {
    Sum s[4] = {zero_sum(), zero_sum(), zero_sum(), zero_sum()};
    for (std::size_t i = 0; i < rows.length; i += sizeof(Part)) {
      const Part part = load_bytes(q + i);
      unroll<4>([&](auto lane) FRYS_INLINE_LAMBDA {
        constexpr std::size_t l = decltype(lane)::value;
        const Part other = load_bytes(row[l] + i);
        s[l] = Small ? add_small_squares(s[l], part, other) : add_squares(s[l], part, other);
      });
    }
    _mm_store_si128(reinterpret_cast<__m128i*>(four), totals(s));
  });
}

void l2_rows_u8(std::uint32_t* out, const void* query, const CodeRows& rows) {
  l2_bytes<false>(out, query, rows);
}
void l2_rows_u7(std::uint32_t* out, const void* query, const CodeRows& rows) {
  l2_bytes<true>(out, query, rows);
}

FRYS_INLINE V load_value(const float* p) { return load(p); }
FRYS_INLINE V load_value(const std::uint16_t* p) {
#if defined(__AVX512F__)
  return V(_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))));
#elif defined(__F16C__)
  return V(_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
#else
  alignas(16) float lanes[W];
  for (std::size_t i = 0; i < W; ++i) lanes[i] = widen_f16(p[i]);
  return V::load_aligned(lanes);
#endif
}

template <typename Value>
FRYS_INLINE void l2_values(std::uint32_t* out, const void* query, const CodeRows& rows) {
  const auto* q = static_cast<const Value*>(query);
  by_fours(out, rows, [&](const std::uint8_t* const* row, std::uint32_t* four) FRYS_INLINE_LAMBDA {
    V s[4] = {V(0.0f), V(0.0f), V(0.0f), V(0.0f)};
    for (std::size_t i = 0; i < rows.length; i += W) {
      const V part = load_value(q + i);
      unroll<4>([&](auto lane) FRYS_INLINE_LAMBDA {
        constexpr std::size_t l = decltype(lane)::value;
        const V d = part - load_value(reinterpret_cast<const Value*>(row[l]) + i);
        s[l] = ::xsimd::fma(d, d, s[l]);
      });
    }
    unroll<4>([&](auto lane) FRYS_INLINE_LAMBDA {
      constexpr std::size_t l = decltype(lane)::value;
      four[l] = bits_of(::xsimd::hadd(s[l]));
    });
  });
}

void l2_rows_f16(std::uint32_t* out, const void* query, const CodeRows& rows) {
  l2_values<std::uint16_t>(out, query, rows);
}
void l2_rows_f32(std::uint32_t* out, const void* query, const CodeRows& rows) {
  l2_values<float>(out, query, rows);
}

}  // namespace
}  // namespace frys::simd::FRYS_ISA
