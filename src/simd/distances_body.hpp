// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Squared distances of one code to many rows of a table, for indexes. Part of kernels_body.hpp; its
// rules hold here. Four rows are taken at once: a load of the query serves all four, and four
// chains of additions hide each other's latency.

namespace frys::simd::FRYS_ISA {
namespace {

// A `Part` is the bytes of a row that one step takes, a `Sum` lanes of 32 bits. Rows come from
// memory faster than they can be fetched, so 512 bits at once would gain nothing here.
#if defined(__AVX2__)
using Part = __m256i;
using Sum = __m256i;
FRYS_INLINE Sum zero_sum() { return _mm256_setzero_si256(); }
FRYS_INLINE Part load_bytes(const std::uint8_t* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
FRYS_INLINE void store_bytes(std::uint8_t* p, Part part) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), part);
}
FRYS_INLINE Part mask(Part p, int bits) {
  return _mm256_and_si256(p, _mm256_set1_epi8(static_cast<char>(bits)));
}
template <int Bits>
FRYS_INLINE Part up(Part p) {
  return _mm256_slli_epi16(p, Bits);
}
template <int Bits>
FRYS_INLINE Part down(Part p) {
  return _mm256_srli_epi16(p, Bits);
}
FRYS_INLINE Part either(Part a, Part b) { return _mm256_or_si256(a, b); }
FRYS_INLINE Sum add(Sum a, Sum b) { return _mm256_add_epi32(a, b); }
FRYS_INLINE Part distance(Part a, Part b) {
  return either(_mm256_subs_epu8(a, b), _mm256_subs_epu8(b, a));
}
FRYS_INLINE Sum squares(Part d) {
  const __m256i low = _mm256_unpacklo_epi8(d, _mm256_setzero_si256());
  const __m256i high = _mm256_unpackhi_epi8(d, _mm256_setzero_si256());
  return add(_mm256_madd_epi16(low, low), _mm256_madd_epi16(high, high));
}
/// Of differences below 64, summed by twos in 16 bits, of which four may be added up.
FRYS_INLINE Sum small_squares(Part a, Part b) {
  const __m256i d = _mm256_abs_epi8(_mm256_sub_epi8(a, b));
  return _mm256_maddubs_epi16(d, d);
}
FRYS_INLINE Sum add_small(Sum a, Sum b) { return _mm256_add_epi16(a, b); }
FRYS_INLINE Sum widen(Sum s) { return _mm256_madd_epi16(s, _mm256_set1_epi16(1)); }
/// The four totals, in order.
FRYS_INLINE __m128i totals(const Sum* s) {
  const __m256i ab = _mm256_hadd_epi32(s[0], s[1]);
  const __m256i cd = _mm256_hadd_epi32(s[2], s[3]);
  const __m256i abcd = _mm256_hadd_epi32(ab, cd);
  return _mm_add_epi32(_mm256_castsi256_si128(abcd), _mm256_extracti128_si256(abcd, 1));
}
#else
using Part = __m128i;
using Sum = __m128i;
FRYS_INLINE Sum zero_sum() { return _mm_setzero_si128(); }
FRYS_INLINE Part load_bytes(const std::uint8_t* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}
FRYS_INLINE void store_bytes(std::uint8_t* p, Part part) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), part);
}
FRYS_INLINE Part mask(Part p, int bits) {
  return _mm_and_si128(p, _mm_set1_epi8(static_cast<char>(bits)));
}
template <int Bits>
FRYS_INLINE Part up(Part p) {
  return _mm_slli_epi16(p, Bits);
}
template <int Bits>
FRYS_INLINE Part down(Part p) {
  return _mm_srli_epi16(p, Bits);
}
FRYS_INLINE Part either(Part a, Part b) { return _mm_or_si128(a, b); }
FRYS_INLINE Sum add(Sum a, Sum b) { return _mm_add_epi32(a, b); }
FRYS_INLINE Part distance(Part a, Part b) {
  return either(_mm_subs_epu8(a, b), _mm_subs_epu8(b, a));
}
FRYS_INLINE Sum squares(Part d) {
  const __m128i low = _mm_unpacklo_epi8(d, _mm_setzero_si128());
  const __m128i high = _mm_unpackhi_epi8(d, _mm_setzero_si128());
  return add(_mm_madd_epi16(low, low), _mm_madd_epi16(high, high));
}
FRYS_INLINE Sum small_squares(Part a, Part b) { return squares(distance(a, b)); }
FRYS_INLINE Sum add_small(Sum a, Sum b) { return add(a, b); }
FRYS_INLINE Sum widen(Sum s) { return s; }
FRYS_INLINE __m128i totals(const Sum* s) {
  const __m128i ab = add(_mm_unpacklo_epi32(s[0], s[1]), _mm_unpackhi_epi32(s[0], s[1]));
  const __m128i cd = add(_mm_unpacklo_epi32(s[2], s[3]), _mm_unpackhi_epi32(s[2], s[3]));
  return add(_mm_unpacklo_epi64(ab, cd), _mm_unpackhi_epi64(ab, cd));
}
#endif

/// Calls four(rows, out) for every four rows; of the last, where fewer are left, one stands for
/// those that are missing.
template <typename Four>
FRYS_INLINE void by_fours(std::uint32_t* out, const CodeRows& rows, Four four) {
  const auto* base = static_cast<const std::uint8_t*>(rows.base);
  const std::uint8_t* row[4];
  std::size_t i = 0;
  for (; i + 4 <= rows.count; i += 4) {
    for (std::size_t l = 0; l < 4; ++l) row[l] = base + rows.ids[i + l] * rows.row_bytes;
    four(row, out + i);
  }
  if (i == rows.count) return;
  for (std::size_t l = 0; l < 4; ++l) {
    const std::size_t at = i + l < rows.count ? i + l : i;
    row[l] = base + rows.ids[at] * rows.row_bytes;
  }
  std::uint32_t four_totals[4];
  four(row, four_totals);
  for (std::size_t l = 0; i + l < rows.count; ++l) out[i + l] = four_totals[l];
}

// A row of halves of bytes is made of blocks of 32 bytes: codes 0 to 31 of the block are the lower
// halves of its bytes, codes 32 to 63 the upper ones.

/// Calls step(i, at): from i on halves lie those of the bytes from `at` and from `at` + 32 on.
template <typename Step>
FRYS_INLINE void by_halves(std::size_t length, Step step) {
  for (std::size_t block_at = 0; block_at < length / 2; block_at += 32) {
    for (std::size_t i = block_at; i < block_at + 32; i += sizeof(Part)) step(i, block_at + i);
  }
}

/// Of one part of a row of upper halves, summed as `small_squares` does.
FRYS_INLINE Sum upper_squares(const std::uint8_t* query, const std::uint8_t* row, std::size_t i) {
  const std::uint8_t* q = query + i + i / 32 * 32;
  const Part both = load_bytes(row + i);
  return add_small(small_squares(load_bytes(q), mask(up<2>(both), 0x3c)),
                   small_squares(load_bytes(q + 32), mask(down<2>(both), 0x3c)));
}

void l2_rows_u4(std::uint32_t* out, const void* query, const CodeRows& rows) {
  const auto* q = static_cast<const std::uint8_t*>(query);
  const std::size_t bytes = rows.length / 2;
  by_fours(out, rows, [=](const std::uint8_t* const* row, std::uint32_t* four) FRYS_INLINE_LAMBDA {
    Sum s[4] = {zero_sum(), zero_sum(), zero_sum(), zero_sum()};
    std::size_t i = 0;
    for (; i + 2 * sizeof(Part) <= bytes; i += 2 * sizeof(Part)) {
      unroll<4>([&](auto lane) FRYS_INLINE_LAMBDA {
        constexpr std::size_t l = decltype(lane)::value;
        s[l] = add(s[l], widen(add_small(upper_squares(q, row[l], i),
                                         upper_squares(q, row[l], i + sizeof(Part)))));
      });
    }
    if (i < bytes) {
      unroll<4>([&](auto lane) FRYS_INLINE_LAMBDA {
        constexpr std::size_t l = decltype(lane)::value;
        s[l] = add(s[l], widen(upper_squares(q, row[l], i)));
      });
    }
    _mm_storeu_si128(reinterpret_cast<__m128i*>(four), totals(s));
  });
}

void l2_rows_u8(std::uint32_t* out, const void* query, const CodeRows& rows) {
  const auto* q = static_cast<const std::uint8_t*>(query);
  const auto* high_base = static_cast<const std::uint8_t*>(rows.base);
  const auto* low_base = static_cast<const std::uint8_t*>(rows.low_base);
  by_fours(out, rows, [&](const std::uint8_t* const* row, std::uint32_t* four) FRYS_INLINE_LAMBDA {
    Sum s[4] = {zero_sum(), zero_sum(), zero_sum(), zero_sum()};
    by_halves(rows.length, [&](std::size_t i, std::size_t at) FRYS_INLINE_LAMBDA {
      const Part lower = load_bytes(q + at);
      const Part upper = load_bytes(q + at + 32);
      unroll<4>([&](auto lane) FRYS_INLINE_LAMBDA {
        constexpr std::size_t l = decltype(lane)::value;
        const Part high = load_bytes(row[l] + i);
        const Part low = load_bytes(low_base + (row[l] - high_base) + i);
        const Part first = either(mask(up<4>(high), 0xf0), mask(low, 0x0f));
        const Part second = either(mask(high, 0xf0), mask(down<4>(low), 0x0f));
        s[l] = add(s[l], add(squares(distance(lower, first)), squares(distance(upper, second))));
      });
    });
    _mm_storeu_si128(reinterpret_cast<__m128i*>(four), totals(s));
  });
}

void split_u8(std::uint8_t* high, std::uint8_t* low, const std::uint8_t* bytes,
              std::size_t length) {
  by_halves(length, [=](std::size_t i, std::size_t at) FRYS_INLINE_LAMBDA {
    const Part first = load_bytes(bytes + at);
    const Part second = load_bytes(bytes + at + 32);
    store_bytes(high + i, either(mask(down<4>(first), 0x0f), mask(second, 0xf0)));
    store_bytes(low + i, either(mask(first, 0x0f), mask(up<4>(second), 0xf0)));
  });
}

void join_u8(std::uint8_t* bytes, const std::uint8_t* high, const std::uint8_t* low,
             std::size_t length) {
  by_halves(length, [=](std::size_t i, std::size_t at) FRYS_INLINE_LAMBDA {
    const Part upper = load_bytes(high + i);
    const Part lower = load_bytes(low + i);
    store_bytes(bytes + at, either(mask(up<4>(upper), 0xf0), mask(lower, 0x0f)));
    store_bytes(bytes + at + 32, either(mask(upper, 0xf0), mask(down<4>(lower), 0x0f)));
  });
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
