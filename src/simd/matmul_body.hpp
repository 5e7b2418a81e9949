// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The register tile of the matrix product, and the transposing copy that packs for it. Part of
// kernels_body.hpp; its rules hold here.

namespace frys::simd::FRYS_ISA {
namespace {

/// One tile of `Rows` × two vectors. With 6 rows of AVX2: 12 accumulators, two registers of B and
/// one broadcast of A of the 16 there are; 12 FMAs on 8 loads a step, so the FMA units are the
/// limit. Packed: A is [k × FRYS_TILE_ROWS]; else row-major, a_row apart.
template <std::size_t Rows, bool Packed>
void tile_of(std::size_t k, const float* a, std::size_t a_row, const float* b, std::size_t b_row,
             float* c, std::size_t c_row, bool accumulate) {
  V sum0[Rows];
  V sum1[Rows];
  unroll<Rows>([&](auto row) FRYS_INLINE_LAMBDA {
    sum0[decltype(row)::value] = V(0.0f);
    sum1[decltype(row)::value] = V(0.0f);
  });
  for (std::size_t p = 0; p < k; ++p) {
    const V b0 = load(b);
    const V b1 = load(b + W);
    b += b_row;
    unroll<Rows>([&](auto row) FRYS_INLINE_LAMBDA {
      constexpr std::size_t r = decltype(row)::value;
      const V x(Packed ? a[p * FRYS_TILE_ROWS + r] : a[r * a_row + p]);
      sum0[r] = ::xsimd::fma(x, b0, sum0[r]);
      sum1[r] = ::xsimd::fma(x, b1, sum1[r]);
    });
  }
  unroll<Rows>([&](auto row) FRYS_INLINE_LAMBDA {
    constexpr std::size_t r = decltype(row)::value;
    float* to = c + r * c_row;
    store(to, accumulate ? load(to) + sum0[r] : sum0[r]);
    store(to + W, accumulate ? load(to + W) + sum1[r] : sum1[r]);
  });
}

using TileOf = void (*)(std::size_t, const float*, std::size_t, const float*, std::size_t, float*,
                        std::size_t, bool);

template <bool Packed, std::size_t... Index>
constexpr TileOf tile_with(std::size_t rows, Indices<Index...>) {
  constexpr TileOf by_rows[] = {tile_of<Index + 1, Packed>...};
  return by_rows[rows - 1];
}

void tile(std::size_t rows, std::size_t k, const float* a, std::size_t a_row, bool a_packed,
          const float* b, std::size_t b_row, float* c, std::size_t c_row, bool accumulate) {
  constexpr MakeIndices<FRYS_TILE_ROWS>::type all{};
  const TileOf run = a_packed ? tile_with<true>(rows, all) : tile_with<false>(rows, all);
  run(k, a, a_row, b, b_row, c, c_row, accumulate);
}

void pack_rows(float* out, const float* b, std::size_t b_row, std::size_t depth) {
  for (std::size_t p = 0; p < depth; ++p, b += b_row, out += 2 * W) {
    const V b0 = load(b);
    const V b1 = load(b + W);
    store(out, b0);
    store(out + W, b1);
  }
}

using V4 = ::xsimd::batch<float, ::xsimd::sse2>;
using D2 = ::xsimd::batch<double, ::xsimd::sse2>;

/// Four rows of four, transposed in registers.
FRYS_INLINE void transpose4(float* out, std::size_t stride, const float* a, std::size_t a_row) {
  const V4 r0 = V4::load_unaligned(a);
  const V4 r1 = V4::load_unaligned(a + a_row);
  const V4 r2 = V4::load_unaligned(a + 2 * a_row);
  const V4 r3 = V4::load_unaligned(a + 3 * a_row);
  const D2 low01 = ::xsimd::bitwise_cast<D2>(::xsimd::zip_lo(r0, r1));
  const D2 low23 = ::xsimd::bitwise_cast<D2>(::xsimd::zip_lo(r2, r3));
  const D2 high01 = ::xsimd::bitwise_cast<D2>(::xsimd::zip_hi(r0, r1));
  const D2 high23 = ::xsimd::bitwise_cast<D2>(::xsimd::zip_hi(r2, r3));
  ::xsimd::bitwise_cast<V4>(::xsimd::zip_lo(low01, low23)).store_unaligned(out);
  ::xsimd::bitwise_cast<V4>(::xsimd::zip_hi(low01, low23)).store_unaligned(out + stride);
  ::xsimd::bitwise_cast<V4>(::xsimd::zip_lo(high01, high23)).store_unaligned(out + 2 * stride);
  ::xsimd::bitwise_cast<V4>(::xsimd::zip_hi(high01, high23)).store_unaligned(out + 3 * stride);
}

void transpose_f32(float* out, std::size_t stride, const float* a, std::size_t a_row,
                   std::size_t rows, std::size_t depth) {
  std::size_t i = 0;
  for (; i + 4 <= rows; i += 4) {
    const float* from = a + i * a_row;
    std::size_t p = 0;
    for (; p + 4 <= depth; p += 4) transpose4(out + p * stride + i, stride, from + p, a_row);
    for (; p < depth; ++p) {
      for (std::size_t r = 0; r < 4; ++r) out[p * stride + i + r] = from[r * a_row + p];
    }
  }
  for (; i < rows; ++i) {
    for (std::size_t p = 0; p < depth; ++p) out[p * stride + i] = a[i * a_row + p];
  }
}

}  // namespace
}  // namespace frys::simd::FRYS_ISA
