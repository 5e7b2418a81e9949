// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Runs a test once for each instruction set; those that this machine lacks are skipped.

#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "frys/core/random.hpp"
#include "simd/dispatch.hpp"

namespace frys::simd {

class TierTest : public ::testing::TestWithParam<Isa> {
 protected:
  void SetUp() override {
    table_ = kernels_for(GetParam());
    if (table_ == nullptr) GTEST_SKIP() << "no " << to_string(GetParam()) << " on this machine";
  }
  const Kernels& k() const { return *table_; }

 private:
  const Kernels* table_ = nullptr;
};

inline std::string tier_name(const ::testing::TestParamInfo<Isa>& info) {
  return std::string(to_string(info.param));
}

/// Lengths around every vector width and block of the kernels.
inline const std::vector<std::size_t>& lengths() {
  static const std::vector<std::size_t> all = {
      0,  1,  2,  3,   4,   5,   7,   8,   9,   15,   16,   17,   31,   32,   33,
      63, 64, 65, 100, 127, 129, 255, 256, 257, 1000, 4095, 4096, 4097, 10007};
  return all;
}

/// Uniform in [-scale, scale), starting one float off any vector alignment.
inline std::vector<float> random_floats(std::size_t count, std::uint64_t seed, float scale = 1) {
  SeededRandom random(seed);
  std::vector<float> values(count);
  for (float& value : values) {
    value = static_cast<float>((random.next_unit() * 2 - 1) * static_cast<double>(scale));
  }
  return values;
}

/// Distance of `value` from `truth` in units of the last place of `truth` as a float.
inline double ulps(float value, double truth) {
  const auto nearest = static_cast<float>(truth);
  if (value == nearest) return 0;
  const float next = std::nextafter(std::fabs(nearest), std::numeric_limits<float>::infinity());
  const double unit = static_cast<double>(next) - static_cast<double>(std::fabs(nearest));
  return std::fabs(static_cast<double>(value) - truth) / unit;
}

#define FRYS_FOR_EACH_TIER(suite)                                                              \
  INSTANTIATE_TEST_SUITE_P(Tiers, suite, ::testing::Values(Isa::sse2, Isa::avx2, Isa::avx512), \
                           tier_name)

}  // namespace frys::simd
