// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Every kernel of every instruction set against a reference in double.

#include <algorithm>
#include <functional>

#include "simd/tiers.hpp"

namespace frys::simd {
namespace {

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

class KernelsTest : public TierTest {};
FRYS_FOR_EACH_TIER(KernelsTest);

/// Bits, so that NaN equals NaN and -0 differs from 0.
std::uint32_t bits(float value) {
  std::uint32_t word;
  std::memcpy(&word, &value, sizeof word);
  return word;
}

TEST_P(KernelsTest, ArithmeticIsExactAtEveryLength) {
  using Kernel = void (*)(float*, const float*, const float*, std::size_t);
  const struct {
    Kernel kernel;
    std::function<float(float, float)> truth;
  } cases[] = {{k().add_f32, [](float a, float b) { return a + b; }},
               {k().sub_f32, [](float a, float b) { return a - b; }},
               {k().mul_f32, [](float a, float b) { return a * b; }},
               {k().div_f32, [](float a, float b) { return a / b; }}};
  for (const auto& [kernel, truth] : cases) {
    for (const std::size_t n : lengths()) {
      // One element in, so that nothing is aligned; one behind, so that it shows if it is touched.
      std::vector<float> a = random_floats(n + 1, n, 100);
      const std::vector<float> b = random_floats(n + 1, n + 1, 100);
      std::vector<float> out(n + 2, -7.0f);
      kernel(out.data() + 1, a.data() + 1, b.data() + 1, n);
      for (std::size_t i = 0; i < n; ++i) {
        ASSERT_EQ(out[i + 1], truth(a[i + 1], b[i + 1])) << "length " << n << " at " << i;
      }
      EXPECT_EQ(out[0], -7.0f);
      EXPECT_EQ(out[n + 1], -7.0f);
      kernel(a.data() + 1, a.data() + 1, b.data() + 1, n);  // In place.
      EXPECT_TRUE(std::equal(a.begin() + 1, a.end(), out.begin() + 1));
    }
  }
}

TEST_P(KernelsTest, ScaleAxpyReluFill) {
  for (const std::size_t n : lengths()) {
    const std::vector<float> x = random_floats(n, n);
    const std::vector<float> y = random_floats(n, n + 5);
    std::vector<float> out(n);
    k().scale_f32(out.data(), x.data(), 2.5f, n);
    for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(out[i], x[i] * 2.5f);
    k().axpy_f32(out.data(), 2.5f, x.data(), y.data(), n);
    for (std::size_t i = 0; i < n; ++i) {
      const double truth = 2.5 * static_cast<double>(x[i]) + static_cast<double>(y[i]);
      ASSERT_NEAR(static_cast<double>(out[i]), truth, 4e-7);
    }
    k().relu_f32(out.data(), x.data(), n);
    for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(out[i], x[i] > 0 ? x[i] : 0.0f);
    k().fill_f32(out.data(), 3.5f, n);
    EXPECT_EQ(std::count(out.begin(), out.end(), 3.5f), static_cast<std::ptrdiff_t>(n));
  }
}

TEST_P(KernelsTest, ReluKeepsNanAndInfinities) {
  for (std::size_t n : {5u, 40u}) {
    std::vector<float> x(n, nan);
    x[0] = inf;
    x[1] = -inf;
    std::vector<float> out(n);
    k().relu_f32(out.data(), x.data(), n);
    EXPECT_EQ(out[0], inf);
    EXPECT_EQ(out[1], 0);
    for (std::size_t i = 2; i < n; ++i) EXPECT_TRUE(std::isnan(out[i])) << i;
  }
}

TEST_P(KernelsTest, ExpIsWithinTwoUlpsEverywhere) {
  std::vector<float> x;
  for (float v = -104; v < 89; v += 0.0037f) x.push_back(v);
  for (float v = 1e-30f; v < 1; v *= 1.7f) x.insert(x.end(), {v, -v});
  std::vector<float> out(x.size());
  k().exp_f32(out.data(), x.data(), x.size());
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double truth = std::exp(static_cast<double>(x[i]));
    if (truth > static_cast<double>(std::numeric_limits<float>::max())) {
      EXPECT_EQ(out[i], inf) << x[i];
    } else {
      worst = std::max(worst, ulps(out[i], truth));
    }
  }
  EXPECT_LE(worst, 2.0);
}

TEST_P(KernelsTest, ExpOfSpecialValues) {
  const std::vector<float> x = {inf, -inf, nan, 1000, -1000, 0, -0.0f, 88.72f, -103.9f, -87.5f};
  std::vector<float> out(x.size());
  k().exp_f32(out.data(), x.data(), x.size());
  EXPECT_EQ(out[0], inf);
  EXPECT_EQ(out[1], 0);
  EXPECT_TRUE(std::isnan(out[2]));
  EXPECT_EQ(out[3], inf);
  EXPECT_EQ(out[4], 0);
  EXPECT_EQ(out[5], 1);
  EXPECT_EQ(out[6], 1);
  EXPECT_TRUE(std::isfinite(out[7]));
  EXPECT_GT(out[8], 0);
  EXPECT_GT(out[9], 0);
}

TEST_P(KernelsTest, ReductionsAgreeWithDouble) {
  for (const std::size_t n : lengths()) {
    const std::vector<float> a = random_floats(n + 1, 3 * n);
    const std::vector<float> b = random_floats(n + 1, 3 * n + 1);
    double sum = 0;
    double dot = 0;
    double l2 = 0;
    float top = -inf;
    for (std::size_t i = 1; i <= n; ++i) {
      const double x = a[i];
      const double y = b[i];
      sum += x;
      dot += x * y;
      l2 += (x - y) * (x - y);
      top = std::max(top, a[i]);
    }
    const double tolerance = 1e-6 * (1 + std::sqrt(static_cast<double>(n)));
    EXPECT_NEAR(k().sum_f32(a.data() + 1, n), sum, tolerance) << n;
    EXPECT_NEAR(static_cast<double>(k().dot_f32(a.data() + 1, b.data() + 1, n)), dot, tolerance);
    EXPECT_NEAR(static_cast<double>(k().l2_squared_f32(a.data() + 1, b.data() + 1, n)), l2,
                1e-6 * (1 + l2));
    EXPECT_EQ(k().max_f32(a.data() + 1, n), top) << n;
  }
}

TEST_P(KernelsTest, ALongSumStaysAsExactAsAShortOne) {
  const std::vector<float> a(3'000'000, 0.1f);
  const double truth = static_cast<double>(0.1f) * static_cast<double>(a.size());
  EXPECT_NEAR(k().sum_f32(a.data(), a.size()) / truth, 1.0, 2e-6);
}

TEST_P(KernelsTest, MaxFindsNanWhereverItIs) {
  for (const std::size_t n : {1u, 7u, 33u, 200u}) {
    for (std::size_t at = 0; at < n; at += n > 50 ? 13 : 1) {
      std::vector<float> a = random_floats(n, n);
      a[at] = nan;
      EXPECT_TRUE(std::isnan(k().max_f32(a.data(), n))) << n << " at " << at;
      a[at] = inf;
      EXPECT_EQ(k().max_f32(a.data(), n), inf);
      std::fill(a.begin(), a.end(), -inf);
      EXPECT_EQ(k().max_f32(a.data(), n), -inf);
    }
  }
}

TEST_P(KernelsTest, SoftmaxAgreesWithDouble) {
  for (const std::size_t n : lengths()) {
    std::vector<float> a = random_floats(n, n + 77, 20);
    if (n > 3) a[2] = -inf;
    std::vector<float> out(n + 1, -7.0f);
    k().softmax_f32(out.data(), a.data(), n);
    EXPECT_EQ(out[n], -7.0f);
    if (n == 0) continue;
    const double top = *std::max_element(a.begin(), a.end());
    double total = 0;
    for (const float x : a) total += std::exp(static_cast<double>(x) - top);
    for (std::size_t i = 0; i < n; ++i) {
      const double truth = std::exp(static_cast<double>(a[i]) - top) / total;
      ASSERT_NEAR(static_cast<double>(out[i]), truth, 4e-6 * truth + 1e-37) << n << " at " << i;
    }
    if (n > 3) {
      EXPECT_EQ(out[2], 0);
    }
    k().softmax_f32(a.data(), a.data(), n);  // In place.
    EXPECT_TRUE(std::equal(a.begin(), a.end(), out.begin()));
  }
}

TEST_P(KernelsTest, SoftmaxOfImpossibleRowsIsNan) {
  for (const std::size_t n : {3u, 50u}) {
    for (const float bad : {nan, inf}) {
      std::vector<float> a(n, 1.0f);
      a[n - 1] = bad;
      std::vector<float> out(n);
      k().softmax_f32(out.data(), a.data(), n);
      EXPECT_TRUE(std::all_of(out.begin(), out.end(), [](float x) { return std::isnan(x); }));
    }
    const std::vector<float> a(n, -inf);
    std::vector<float> out(n);
    k().softmax_f32(out.data(), a.data(), n);
    EXPECT_TRUE(std::all_of(out.begin(), out.end(), [](float x) { return std::isnan(x); }));
  }
}

TEST_P(KernelsTest, Transpose) {
  for (std::size_t rows : {1u, 3u, 4u, 7u, 16u}) {
    for (std::size_t depth : {0u, 1u, 4u, 5u, 31u}) {
      const std::size_t a_row = depth + 3;
      const std::size_t stride = rows + 2;
      const std::vector<float> a = random_floats(rows * a_row, rows * 100 + depth);
      std::vector<float> out(depth * stride, -7.0f);
      k().transpose_f32(out.data(), stride, a.data(), a_row, rows, depth);
      for (std::size_t p = 0; p < depth; ++p) {
        for (std::size_t i = 0; i < stride; ++i) {
          ASSERT_EQ(out[p * stride + i], i < rows ? a[i * a_row + p] : -7.0f);
        }
      }
    }
  }
}

TEST_P(KernelsTest, TileOfTheProduct) {
  const MatmulKernel& kernel = k().matmul;
  for (std::size_t rows = 1; rows <= kernel.mr; ++rows) {
    for (const std::size_t depth : {0u, 1u, 7u, 64u, 256u}) {
      for (const bool packed : {false, true}) {
        const std::size_t a_row = depth + 5;
        const std::size_t b_row = kernel.nr + 3;
        const std::size_t c_row = kernel.nr + 1;
        const std::vector<float> a =
            random_floats(packed ? depth * kernel.mr : rows * a_row, depth + rows);
        const std::vector<float> b = random_floats(depth * b_row + kernel.nr, depth);
        std::vector<float> c(rows * c_row, 2.0f);
        for (const bool accumulate : {false, true}) {
          const std::vector<float> before = c;
          kernel.tile(rows, depth, a.data(), a_row, packed, b.data(), b_row, c.data(), c_row,
                      accumulate);
          for (std::size_t i = 0; i < rows; ++i) {
            for (std::size_t j = 0; j < c_row; ++j) {
              double truth = accumulate ? before[i * c_row + j] : 0.0;
              for (std::size_t p = 0; p < depth; ++p) {
                const float x = packed ? a[p * kernel.mr + i] : a[i * a_row + p];
                truth += static_cast<double>(x) * static_cast<double>(b[p * b_row + j]);
              }
              if (j >= kernel.nr) truth = 2.0;  // Beyond the tile: untouched.
              ASSERT_NEAR(static_cast<double>(c[i * c_row + j]), truth, 2e-5);
            }
          }
        }
      }
    }
  }
}

TEST_P(KernelsTest, PackRows) {
  const std::size_t nr = k().matmul.nr;
  const std::vector<float> b = random_floats(7 * (nr + 5), 1);
  std::vector<float> out(7 * nr);
  k().matmul.pack_rows(out.data(), b.data(), nr + 5, 7);
  for (std::size_t i = 0; i < out.size(); ++i) ASSERT_EQ(out[i], b[i / nr * (nr + 5) + i % nr]);
}

// The same element gives the same bits in the vector loop, in the tail and alone.
TEST_P(KernelsTest, ThePlaceInTheArrayDoesNotShow) {
  const std::vector<float> a = random_floats(77, 9, 50);
  std::vector<float> together(a.size());
  k().exp_f32(together.data(), a.data(), a.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    float alone;
    k().exp_f32(&alone, &a[i], 1);
    ASSERT_EQ(bits(alone), bits(together[i])) << i;
  }
}

}  // namespace
}  // namespace frys::simd
