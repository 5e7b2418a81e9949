// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Every kernel, written once and compiled once an instruction set. Included only by
// kernels_<isa>.cpp, which defines FRYS_ISA (the namespace), FRYS_ARCH (xsimd's name for it) and
// FRYS_TILE_ROWS, and has renamed xsimd's namespace.
//
// Everything is in an anonymous namespace or a template of one, and no function of the standard
// library is called: a function that the linker may merge with another file's copy could put AVX
// instructions where there is no AVX. For the same reason no include stands here that defines one.
//
// All loads and stores are unaligned ones, which cost the same where the address is aligned.
// A tail shorter than a vector is computed by the same vector code as the rest, so that an
// element's result does not depend on where in the array it stands.

#include "simd/dispatch.hpp"

#define FRYS_INLINE inline __attribute__((always_inline))
#define FRYS_INLINE_LAMBDA __attribute__((always_inline))

namespace frys::simd::FRYS_ISA {
namespace {

using V = ::xsimd::batch<float, FRYS_ARCH>;
using I = ::xsimd::batch<std::int32_t, FRYS_ARCH>;

constexpr std::size_t W = V::size;
// Partial sums in float stay short, so that the error of a long sum is that of a short one.
constexpr std::size_t block = 4096;

FRYS_INLINE V load(const float* p) { return V::load_unaligned(p); }
FRYS_INLINE void store(float* p, V v) { v.store_unaligned(p); }

/// The first `count` < W floats; the other lanes are `rest`.
FRYS_INLINE V load_part(const float* p, std::size_t count, float rest) {
  alignas(64) float lanes[W];
  for (std::size_t i = 0; i < W; ++i) lanes[i] = i < count ? p[i] : rest;
  return V::load_aligned(lanes);
}

FRYS_INLINE void store_part(float* p, std::size_t count, V v) {
  alignas(64) float lanes[W];
  v.store_aligned(lanes);
  for (std::size_t i = 0; i < count; ++i) p[i] = lanes[i];
}

template <std::size_t... Index>
struct Indices {};
template <std::size_t N, std::size_t... Index>
struct MakeIndices : MakeIndices<N - 1, N - 1, Index...> {};
template <std::size_t... Index>
struct MakeIndices<0, Index...> {
  using type = Indices<Index...>;
};
template <std::size_t N>
struct Constant {
  static constexpr std::size_t value = N;
};

/// f(Constant<0>), …, f(Constant<N - 1>): loops over registers must be gone before any optimiser
/// looks, else the registers become memory.
template <typename F, std::size_t... Index>
FRYS_INLINE void unrolled(F f, Indices<Index...>) {
  (f(Constant<Index>{}), ...);
}
template <std::size_t N, typename F>
FRYS_INLINE void unroll(F f) {
  unrolled(f, typename MakeIndices<N>::type{});
}

// ---- element-wise ----------------------------------------------------------------------------

/// out[i] = op(a[i]). The last, overlapping vector is loaded before anything is stored, so that
/// `out` may be `a`.
template <typename Op>
FRYS_INLINE void map1(float* out, const float* a, std::size_t count, Op op) {
  if (count < W) {
    if (count != 0) store_part(out, count, op(load_part(a, count, 1.0f)));
    return;
  }
  const V last = load(a + count - W);
  std::size_t i = 0;
  for (; i + 4 * W <= count; i += 4 * W) {
    const V v0 = op(load(a + i));
    const V v1 = op(load(a + i + W));
    const V v2 = op(load(a + i + 2 * W));
    const V v3 = op(load(a + i + 3 * W));
    store(out + i, v0);
    store(out + i + W, v1);
    store(out + i + 2 * W, v2);
    store(out + i + 3 * W, v3);
  }
  for (; i + W <= count; i += W) store(out + i, op(load(a + i)));
  if (i < count) store(out + count - W, op(last));
}

/// out[i] = op(a[i], b[i]); `out` may be `a` or `b`.
template <typename Op>
FRYS_INLINE void map2(float* out, const float* a, const float* b, std::size_t count, Op op) {
  if (count < W) {
    if (count != 0) {
      store_part(out, count, op(load_part(a, count, 1.0f), load_part(b, count, 1.0f)));
    }
    return;
  }
  const V last_a = load(a + count - W);
  const V last_b = load(b + count - W);
  std::size_t i = 0;
  for (; i + 4 * W <= count; i += 4 * W) {
    const V v0 = op(load(a + i), load(b + i));
    const V v1 = op(load(a + i + W), load(b + i + W));
    const V v2 = op(load(a + i + 2 * W), load(b + i + 2 * W));
    const V v3 = op(load(a + i + 3 * W), load(b + i + 3 * W));
    store(out + i, v0);
    store(out + i + W, v1);
    store(out + i + 2 * W, v2);
    store(out + i + 3 * W, v3);
  }
  for (; i + W <= count; i += W) store(out + i, op(load(a + i), load(b + i)));
  if (i < count) store(out + count - W, op(last_a, last_b));
}

void add_f32(float* out, const float* a, const float* b, std::size_t count) {
  map2(out, a, b, count, [](V x, V y) FRYS_INLINE_LAMBDA { return x + y; });
}
void sub_f32(float* out, const float* a, const float* b, std::size_t count) {
  map2(out, a, b, count, [](V x, V y) FRYS_INLINE_LAMBDA { return x - y; });
}
void mul_f32(float* out, const float* a, const float* b, std::size_t count) {
  map2(out, a, b, count, [](V x, V y) FRYS_INLINE_LAMBDA { return x * y; });
}
void div_f32(float* out, const float* a, const float* b, std::size_t count) {
  map2(out, a, b, count, [](V x, V y) FRYS_INLINE_LAMBDA { return x / y; });
}
void scale_f32(float* out, const float* a, float factor, std::size_t count) {
  const V f(factor);
  map1(out, a, count, [f](V x) FRYS_INLINE_LAMBDA { return x * f; });
}
void axpy_f32(float* out, float alpha, const float* x, const float* y, std::size_t count) {
  const V f(alpha);
  map2(out, x, y, count, [f](V u, V v) FRYS_INLINE_LAMBDA { return ::xsimd::fma(f, u, v); });
}
void relu_f32(float* out, const float* a, std::size_t count) {
  const V zero(0.0f);
  // Not max(x, 0): which operand that returns for NaN differs between machines.
  map1(out, a, count,
       [zero](V x) FRYS_INLINE_LAMBDA { return ::xsimd::select(x < zero, zero, x); });
}
void fill_f32(float* out, float value, std::size_t count) {
  const V v(value);
  std::size_t i = 0;
  for (; i + W <= count; i += W) store(out + i, v);
  for (; i < count; ++i) out[i] = value;
}

// ---- exponential -----------------------------------------------------------------------------

constexpr float log2_e = 1.44269504088896341f;
constexpr float ln2_high = 0.693359375f;  // Few enough bits that n · ln2_high is exact.
constexpr float ln2_low = -2.12194440e-4f;
constexpr float round_magic = 12582912.0f;  // 1.5 · 2^23: adding it rounds to an integer.

/// e^r on |r| ≤ ln 2 / 2, and the integer n with x = n · ln 2 + r.
/// Source: Cephes expf (Moshier); the polynomial's relative error is below 2e-8.
FRYS_INLINE V exp_reduced(V x, I& n) {
  const V shifted = ::xsimd::fma(x, V(log2_e), V(round_magic));
  const V n_float = shifted - V(round_magic);
  n = ::xsimd::bitwise_cast<I>(shifted) - ::xsimd::bitwise_cast<I>(V(round_magic));
  V r = ::xsimd::fnma(n_float, V(ln2_high), x);
  r = ::xsimd::fnma(n_float, V(ln2_low), r);
  V p = ::xsimd::fma(V(1.9875691500e-4f), r, V(1.3981999507e-3f));
  p = ::xsimd::fma(p, r, V(8.3334519073e-3f));
  p = ::xsimd::fma(p, r, V(4.1665795894e-2f));
  p = ::xsimd::fma(p, r, V(1.6666665459e-1f));
  p = ::xsimd::fma(p, r, V(5.0000001201e-1f));
  return ::xsimd::fma(p, r * r, r) + V(1.0f);
}

/// 2^n for -127 ≤ n ≤ 127; 0 for -127.
FRYS_INLINE V power_of_two(I n) { return ::xsimd::bitwise_cast<V>((n + I(127)) << 23); }

/// e^x for x ≤ 0: results below the normal range become 0. NaN stays NaN, since min and max return
/// their second operand then.
FRYS_INLINE V exp_of_nonpositive(V x) {
  I n;
  const V p = exp_reduced(::xsimd::max(V(-88.0f), x), n);
  return p * power_of_two(n);
}

void exp_f32(float* out, const float* a, std::size_t count) {
  map1(out, a, count, [](V x) FRYS_INLINE_LAMBDA {
    I n;
    const V clamped = ::xsimd::min(V(89.0f), ::xsimd::max(V(-104.0f), x));
    const V p = exp_reduced(clamped, n);
    // 2^n in two halves: n reaches beyond the exponents of a float at both ends.
    const I half = n >> 1;
    return p * power_of_two(half) * power_of_two(n - half);
  });
}

// ---- reductions ------------------------------------------------------------------------------

/// Σ of one block; `term(i)` is the vector at i, `rest(i)` the part after the last whole vector.
/// Eight accumulators hide the latency of the addition.
template <typename Term, typename Rest>
FRYS_INLINE float accumulate(std::size_t count, Term term, Rest rest) {
  V s[8] = {V(0.0f), V(0.0f), V(0.0f), V(0.0f), V(0.0f), V(0.0f), V(0.0f), V(0.0f)};
  std::size_t i = 0;
  for (; i + 8 * W <= count; i += 8 * W) {
    unroll<8>([&](auto lane) FRYS_INLINE_LAMBDA {
      constexpr std::size_t l = decltype(lane)::value;
      s[l] = term(s[l], i + l * W);
    });
  }
  for (; i + W <= count; i += W) s[0] = term(s[0], i);
  if (i < count) s[1] = rest(s[1], i);
  return ::xsimd::hadd(((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7])));
}

/// Σ over blocks, in double.
template <typename Block>
FRYS_INLINE double in_blocks(std::size_t count, Block of_block) {
  if (count <= block) return of_block(0, count);
  double total = 0;
  for (std::size_t begin = 0; begin < count; begin += block) {
    total += of_block(begin, count - begin < block ? count - begin : block);
  }
  return total;
}

double sum_f32(const float* a, std::size_t count) {
  return in_blocks(count, [a](std::size_t begin, std::size_t n) FRYS_INLINE_LAMBDA {
    const float* x = a + begin;
    return accumulate(
        n, [x](V s, std::size_t i) FRYS_INLINE_LAMBDA { return s + load(x + i); },
        [x, n](V s, std::size_t i) FRYS_INLINE_LAMBDA { return s + load_part(x + i, n - i, 0); });
  });
}

float dot_f32(const float* a, const float* b, std::size_t count) {
  const double total =
      in_blocks(count, [a, b](std::size_t begin, std::size_t n) FRYS_INLINE_LAMBDA {
        const float* x = a + begin;
        const float* y = b + begin;
        return accumulate(
            n,
            [x, y](V s, std::size_t i)
                FRYS_INLINE_LAMBDA { return ::xsimd::fma(load(x + i), load(y + i), s); },
            [x, y, n](V s, std::size_t i) FRYS_INLINE_LAMBDA {
              return ::xsimd::fma(load_part(x + i, n - i, 0), load_part(y + i, n - i, 0), s);
            });
      });
  return static_cast<float>(total);
}

float l2_squared_f32(const float* a, const float* b, std::size_t count) {
  const double total =
      in_blocks(count, [a, b](std::size_t begin, std::size_t n) FRYS_INLINE_LAMBDA {
        const float* x = a + begin;
        const float* y = b + begin;
        return accumulate(
            n,
            [x, y](V s, std::size_t i) FRYS_INLINE_LAMBDA {
              const V d = load(x + i) - load(y + i);
              return ::xsimd::fma(d, d, s);
            },
            [x, y, n](V s, std::size_t i) FRYS_INLINE_LAMBDA {
              const V d = load_part(x + i, n - i, 0) - load_part(y + i, n - i, 0);
              return ::xsimd::fma(d, d, s);
            });
      });
  return static_cast<float>(total);
}

constexpr float infinity = __builtin_inff();

FRYS_INLINE float largest_lane(V v) {
  alignas(64) float lanes[W];
  v.store_aligned(lanes);
  float best = lanes[0];
  for (std::size_t i = 1; i < W; ++i) best = lanes[i] > best ? lanes[i] : best;
  return best;
}

/// The largest element that is not NaN; `nan` becomes true if one is. (Not x != x: xsimd 8.1's
/// comparison is ordered on AVX, false for NaN.)
template <bool WatchNan>
FRYS_INLINE float max_of(const float* a, std::size_t count, bool& nan) {
  V m[4] = {V(-infinity), V(-infinity), V(-infinity), V(-infinity)};
  ::xsimd::batch_bool<float, FRYS_ARCH> odd(false);
  std::size_t i = 0;
  for (; i + 4 * W <= count; i += 4 * W) {
    unroll<4>([&](auto lane) FRYS_INLINE_LAMBDA {
      constexpr std::size_t l = decltype(lane)::value;
      const V x = load(a + i + l * W);
      if constexpr (WatchNan) odd = odd | ::xsimd::isnan(x);
      m[l] = ::xsimd::max(x, m[l]);
    });
  }
  for (; i < count; i += W) {
    const V x = count - i >= W ? load(a + i) : load_part(a + i, count - i, -infinity);
    if constexpr (WatchNan) odd = odd | ::xsimd::isnan(x);
    m[0] = ::xsimd::max(x, m[0]);
  }
  if constexpr (WatchNan) nan = ::xsimd::any(odd);
  return largest_lane(::xsimd::max(::xsimd::max(m[0], m[1]), ::xsimd::max(m[2], m[3])));
}

float max_f32(const float* a, std::size_t count) {
  bool nan = false;
  const float best = max_of<true>(a, count, nan);
  return nan ? __builtin_nanf("") : best;
}

void softmax_f32(float* out, const float* a, std::size_t count) {
  if (count == 0) return;
  bool unused = false;
  const V top(max_of<false>(a, count, unused));
  V s[4] = {V(0.0f), V(0.0f), V(0.0f), V(0.0f)};
  std::size_t i = 0;
  for (; i + 4 * W <= count; i += 4 * W) {
    unroll<4>([&](auto lane) FRYS_INLINE_LAMBDA {
      constexpr std::size_t l = decltype(lane)::value;
      const V e = exp_of_nonpositive(load(a + i + l * W) - top);
      store(out + i + l * W, e);
      s[l] += e;
    });
  }
  for (; i + W <= count; i += W) {
    const V e = exp_of_nonpositive(load(a + i) - top);
    store(out + i, e);
    s[0] += e;
  }
  if (i < count) {
    const V e = exp_of_nonpositive(load_part(a + i, count - i, -infinity) - top);
    store_part(out + i, count - i, e);
    s[1] += e;
  }
  const float total = ::xsimd::hadd((s[0] + s[1]) + (s[2] + s[3]));
  scale_f32(out, out, 1.0f / total, count);
}

}  // namespace
}  // namespace frys::simd::FRYS_ISA

#include "simd/convert_body.hpp"
#include "simd/distances_body.hpp"
#include "simd/matmul_body.hpp"

namespace frys::simd::FRYS_ISA {

extern const Kernels table;
constinit const Kernels table = {
    .isa = Isa::FRYS_ISA,
    .width = W,
    .add_f32 = add_f32,
    .sub_f32 = sub_f32,
    .mul_f32 = mul_f32,
    .div_f32 = div_f32,
    .scale_f32 = scale_f32,
    .axpy_f32 = axpy_f32,
    .relu_f32 = relu_f32,
    .exp_f32 = exp_f32,
    .fill_f32 = fill_f32,
    .sum_f32 = sum_f32,
    .max_f32 = max_f32,
    .dot_f32 = dot_f32,
    .l2_squared_f32 = l2_squared_f32,
    .softmax_f32 = softmax_f32,
    .f32_from_f16 = f32_from_f16,
    .f16_from_f32 = f16_from_f32,
    .f32_from_bf16 = f32_from_bf16,
    .bf16_from_f32 = bf16_from_f32,
    .transpose_f32 = transpose_f32,
    .matmul = {.mr = FRYS_TILE_ROWS, .nr = 2 * W, .tile = tile, .pack_rows = pack_rows},
    .l2_rows_u4 = l2_rows_u4,
    .l2_rows_u8 = l2_rows_u8,
    .l2_rows_f16 = l2_rows_f16,
    .l2_rows_f32 = l2_rows_f32,
    .split_u8 = split_u8,
    .join_u8 = join_u8,
};

}  // namespace frys::simd::FRYS_ISA
