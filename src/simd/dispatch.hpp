// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The arithmetic kernels, one table of function pointers per instruction set. Which table is used
// is decided once, at run time, by our own cpuid and xgetbv reading; FRYS_SIMD=sse2|avx2|avx512
// forces one.
//
//   float similarity = frys::simd::dot_f32(a, b, dimension);
//
// Every kernel takes contiguous memory of any alignment and any length, zero included, does not
// allocate and does not throw. `out` may be the same pointer as an input, but not overlap one
// otherwise. Threads: safe on disjoint outputs.
//
// The tables live in kernels_<isa>.cpp, each compiled with its own flags. Those files share no
// inline code: kernels_body.hpp is instantiated in a namespace of each file's own, on an xsimd
// whose namespace is renamed, so that the linker never picks an AVX copy of a function for a
// machine without AVX.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace frys::simd {

enum class Isa : std::uint8_t { sse2, avx2, avx512 };

/// The register tile of the matrix product.
struct MatmulKernel {
  std::size_t mr;  ///< Most rows of a tile.
  std::size_t nr;  ///< Columns of a tile, a multiple of the vector width.

  /// C[rows × nr] = A[rows × k] · B[k × nr], or += when `accumulate`; 1 ≤ rows ≤ mr.
  /// A is row-major with `a_row` floats a row, or, when `a_packed`, [k × mr] without gaps.
  /// B is row-major with `b_row` floats a row, C with `c_row`.
  void (*tile)(std::size_t rows, std::size_t k, const float* a, std::size_t a_row, bool a_packed,
               const float* b, std::size_t b_row, float* c, std::size_t c_row, bool accumulate);
  /// Copies `depth` rows of `nr` floats, `b_row` floats apart, to `out` without gaps.
  void (*pack_rows)(float* out, const float* b, std::size_t b_row, std::size_t depth);
};

/// Some rows of a table of codes: `ids` names them. A row is `row_bytes` from the next.
struct CodeRows {
  const void* base;
  const void* low_base;  ///< For l2_rows_u8: of the table of the lower halves.
  std::size_t row_bytes;
  std::size_t length;  ///< Codes a row; a multiple of 64 of u4 and u8, of 16 otherwise.
  const std::uint32_t* ids;
  std::size_t count;
};

/// Writes Σ (query − row)² of each of `rows` to `out`: of u4 and u8 an integer (below 2^32 up to
/// 65536 codes), else the bits of a float, which sort as the float does since it is not negative.
using L2OfRows = void (*)(std::uint32_t* out, const void* query, const CodeRows& rows);

/// One instruction set's kernels. Float results of a reduction are summed in blocks of 4096
/// elements in several float accumulators, the blocks in double.
struct Kernels {
  Isa isa;
  std::size_t width;  ///< Floats a vector.

  void (*add_f32)(float* out, const float* a, const float* b, std::size_t count);
  void (*sub_f32)(float* out, const float* a, const float* b, std::size_t count);
  void (*mul_f32)(float* out, const float* a, const float* b, std::size_t count);
  void (*div_f32)(float* out, const float* a, const float* b, std::size_t count);
  void (*scale_f32)(float* out, const float* a, float factor, std::size_t count);
  /// out = alpha · x + y.
  void (*axpy_f32)(float* out, float alpha, const float* x, const float* y, std::size_t count);
  /// max(a, 0); NaN stays NaN.
  void (*relu_f32)(float* out, const float* a, std::size_t count);
  /// e^a within 2 ulp over the whole range, subnormal results included; NaN stays NaN.
  void (*exp_f32)(float* out, const float* a, std::size_t count);
  void (*fill_f32)(float* out, float value, std::size_t count);

  double (*sum_f32)(const float* a, std::size_t count);
  /// The largest element; NaN if any is NaN; -infinity for count 0.
  float (*max_f32)(const float* a, std::size_t count);
  float (*dot_f32)(const float* a, const float* b, std::size_t count);
  /// Σ (a - b)².
  float (*l2_squared_f32)(const float* a, const float* b, std::size_t count);
  /// e^(a - max a) / Σ; a row with NaN or +infinity becomes NaN, as does one of only -infinity.
  void (*softmax_f32)(float* out, const float* a, std::size_t count);

  /// IEEE binary16 and bfloat16 as bit patterns; to the narrow type rounds to nearest even.
  void (*f32_from_f16)(float* out, const std::uint16_t* a, std::size_t count);
  void (*f16_from_f32)(std::uint16_t* out, const float* a, std::size_t count);
  void (*f32_from_bf16)(float* out, const std::uint16_t* a, std::size_t count);
  void (*bf16_from_f32)(std::uint16_t* out, const float* a, std::size_t count);

  /// out[p * stride + i] = a[i * a_row + p] for i < rows, p < depth: the transposing copy that
  /// packs rows of a row-major matrix into a panel.
  void (*transpose_f32)(float* out, std::size_t stride, const float* a, std::size_t a_row,
                        std::size_t rows, std::size_t depth);
  MatmulKernel matmul;

  /// A row has the upper halves of bytes, two in one; the query has bytes below 64. A half h stands
  /// for 4 × h.
  L2OfRows l2_rows_u4;
  /// A row has the upper halves of bytes in one table, the lower ones in another; the query bytes.
  L2OfRows l2_rows_u8;
  L2OfRows l2_rows_f16;
  L2OfRows l2_rows_f32;
  /// `length` bytes to their upper and lower halves, as rows have them, and back.
  void (*split_u8)(std::uint8_t* high, std::uint8_t* low, const std::uint8_t* bytes,
                   std::size_t length);
  void (*join_u8)(std::uint8_t* bytes, const std::uint8_t* high, const std::uint8_t* low,
                  std::size_t length);
};

/// Null until the first call of kernels().
extern constinit std::atomic<const Kernels*> chosen_kernels;
const Kernels& choose_kernels() noexcept;

/// The table in use. Chosen at the first call. Cost: a load and a branch.
inline const Kernels& kernels() noexcept {
  const Kernels* chosen = chosen_kernels.load(std::memory_order_acquire);
  return chosen != nullptr ? *chosen : choose_kernels();
}

/// The table of `isa`, or null when this machine cannot run it.
const Kernels* kernels_for(Isa isa) noexcept;

/// The instruction set in use, the best this machine runs unless FRYS_SIMD names another.
Isa active_isa() noexcept;

/// Why the active instruction set is not the one FRYS_SIMD asked for; empty when it is.
std::string_view isa_note() noexcept;

std::string_view to_string(Isa isa) noexcept;

/// What FRYS_SIMD=`wanted` chooses where `best` is the best the machine runs; `note` as isa_note().
struct IsaChoice {
  Isa isa;
  std::string_view note;
};
IsaChoice choose_isa(const char* wanted, Isa best) noexcept;

/// Distances for indexes; inputs of any alignment.
inline float dot_f32(const float* a, const float* b, std::size_t count) noexcept {
  return kernels().dot_f32(a, b, count);
}
inline float l2_squared_f32(const float* a, const float* b, std::size_t count) noexcept {
  return kernels().l2_squared_f32(a, b, count);
}

}  // namespace frys::simd
