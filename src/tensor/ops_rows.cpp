// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Inner products, norms, and what is done to each row of a matrix.

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "frys/tensor/ops/reduce.hpp"
#include "simd/dispatch.hpp"
#include "tensor/checks.hpp"
#include "tensor/strided.hpp"

namespace frys::ops {
namespace {

using namespace frys::detail;

// ---- inner products --------------------------------------------------------------------------

/// Σ block(x, y, n) over equal pieces of two sequences.
template <typename T, typename Block>
double over_blocks(const TensorView& a, const TensorView& b, Block block) noexcept {
  Reader<T> read_a(a);
  Reader<T> read_b(b);
  alignas(64) std::array<T, block_elements> stage_a;
  alignas(64) std::array<T, block_elements> stage_b;
  double total = 0;
  for (std::size_t done = 0; done < a.elements();) {
    const std::size_t part = std::min(block_elements, a.elements() - done);
    const T* x = read_a.take(part, stage_a.data());
    total += block(x, read_b.take(part, stage_b.data()), part);
    done += part;
  }
  return total;
}

/// Four sums, since one would wait for itself.
template <typename T>
double dot_in_double(const T* a, const T* b, std::size_t count) noexcept {
  double sums[4] = {};
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    for (std::size_t lane = 0; lane < 4; ++lane) {
      sums[lane] += static_cast<double>(a[i + lane]) * static_cast<double>(b[i + lane]);
    }
  }
  for (; i < count; ++i) sums[0] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/// Where the square of an f32 norm is as exact as any f32 sum: no square in it overflowed, and
/// those that underflowed do not matter.
bool is_trusted_square(double square) noexcept { return square > 1e-24 && square < 1e37; }

double norm_f64(const TensorView& a) noexcept {
  const double square = over_blocks<double>(a, a, dot_in_double<double>);
  if (square > 1e-280 && square < 1e300) return std::sqrt(square);
  // Too large or too small to be squared: scale by the largest magnitude first.
  double largest = 0;
  over_blocks<double>(a, a, [&](const double* x, const double*, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      if (std::fabs(x[i]) > largest || std::isnan(x[i])) largest = std::fabs(x[i]);
    }
    return 0.0;
  });
  if (!(largest > 0) || std::isinf(largest)) return largest;  // 0, NaN, infinity.
  const double scaled =
      over_blocks<double>(a, a, [largest](const double* x, const double*, std::size_t count) {
        double part = 0;
        for (std::size_t i = 0; i < count; ++i) part += (x[i] / largest) * (x[i] / largest);
        return part;
      });
  return largest * std::sqrt(scaled);
}

// ---- rows ------------------------------------------------------------------------------------

struct RowCount {
  std::size_t rows = 0;
  std::size_t columns = 0;
};

Result<RowCount> check_rows(std::string_view op, const Tensor& out, const TensorView& a) noexcept {
  if (Status bad = check_input(op, a, {DType::f32}); !bad.ok()) return bad;
  if (a.rank() == 0) {
    return (Message() << op << ": takes rank 1 or more, got a scalar").invalid();
  }
  if (Status bad = check_out(op, out, a.shape(), DType::f32); !bad.ok()) return bad;
  if (Status bad = check_disjoint_or_same(op, out, a); !bad.ok()) return bad;
  RowCount count;
  count.columns = static_cast<std::size_t>(a.extent(a.rank() - 1));
  count.rows = a.elements() == 0 ? 0 : a.elements() / count.columns;
  return count;
}

/// body(to, row) for every row; a row that is not contiguous is first laid out in its place in
/// `out`, where the body then works in place.
template <typename Body>
void for_rows(Tensor& out, const TensorView& a, const RowCount& count, Body body) noexcept {
  Reader<float> reader(a);
  auto* to = out.mutable_data<float>();
  for (std::size_t row = 0; row < count.rows; ++row, to += count.columns) {
    body(to, reader.take(count.columns, to));
  }
}

/// The row in f64, for norms that f32 cannot square.
void normalize_in_double(float* to, const float* row, std::size_t count) noexcept {
  const double norm = std::sqrt(dot_in_double(row, row, count));
  const double factor = norm == 0             ? 0
                        : std::isfinite(norm) ? 1 / norm
                                              : std::numeric_limits<double>::quiet_NaN();
  for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<float>(row[i] * factor);
}

void normalize_row(float* to, const float* row, std::size_t count) noexcept {
  const simd::Kernels& kernels = simd::kernels();
  const float square = kernels.dot_f32(row, row, count);
  if (is_trusted_square(square)) {
    kernels.scale_f32(to, row, 1.0f / std::sqrt(square), count);
  } else {
    normalize_in_double(to, row, count);
  }
}

}  // namespace

Result<double> dot(const TensorView& a, const TensorView& b) noexcept {
  if (is_plain(a, DType::f32) && is_plain(b, DType::f32) && a.rank() == 1 &&
      a.shape() == b.shape()) {
    return static_cast<double>(
        simd::kernels().dot_f32(a.data<float>(), b.data<float>(), a.elements()));
  }
  if (Status bad = check_input("dot", a, {DType::f32, DType::f64}); !bad.ok()) return bad;
  if (Status bad = check_host("dot", b); !bad.ok()) return bad;
  if (Status bad = check_equal_dtypes("dot", a, b); !bad.ok()) return bad;
  if (a.rank() != 1 || a.shape() != b.shape()) {
    return (Message() << "dot: takes two vectors of equal length, got " << a.shape() << " and "
                      << b.shape())
        .invalid();
  }
  if (a.elements() == 0) return 0.0;
  if (a.dtype() == DType::f64) return over_blocks<double>(a, b, dot_in_double<double>);
  // Rounded as the contiguous case is, so that the layout does not show.
  return static_cast<double>(static_cast<float>(
      over_blocks<float>(a, b, [](const float* x, const float* y, std::size_t count) {
        return static_cast<double>(simd::kernels().dot_f32(x, y, count));
      })));
}

Result<double> norm(const TensorView& a) noexcept {
  if (Status bad = check_input("norm", a, {DType::f32, DType::f64}); !bad.ok()) return bad;
  if (a.elements() == 0) return 0.0;
  if (a.dtype() == DType::f64) return norm_f64(a);
  const double square =
      over_blocks<float>(a, a, [](const float* x, const float*, std::size_t count) {
        return static_cast<double>(simd::kernels().dot_f32(x, x, count));
      });
  if (is_trusted_square(square)) return std::sqrt(square);
  return std::sqrt(over_blocks<float>(a, a, dot_in_double<float>));
}

Status l2_normalize_rows(Tensor& out, const TensorView& a) noexcept {
  const Result<RowCount> count = check_rows("l2_normalize_rows", out, a);
  if (!count) return count.error();
  for_rows(out, a, *count, [columns = count->columns](float* to, const float* row) {
    normalize_row(to, row, columns);
  });
  return {};
}
Result<Tensor> l2_normalize_rows(const MemoryScope& scope, const TensorView& a) noexcept {
  return into_new(scope, a.shape(), DType::f32,
                  [&](Tensor& out) { return l2_normalize_rows(out, a); });
}

Status softmax(Tensor& out, const TensorView& a) noexcept {
  const Result<RowCount> count = check_rows("softmax", out, a);
  if (!count) return count.error();
  const auto kernel = simd::kernels().softmax_f32;
  for_rows(out, a, *count, [kernel, columns = count->columns](float* to, const float* row) {
    kernel(to, row, columns);
  });
  return {};
}
Result<Tensor> softmax(const MemoryScope& scope, const TensorView& a) noexcept {
  return into_new(scope, a.shape(), DType::f32, [&](Tensor& out) { return softmax(out, a); });
}

}  // namespace frys::ops
