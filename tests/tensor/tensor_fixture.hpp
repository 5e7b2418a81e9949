// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A scope to allocate from, and tensors of known values, for the tests of this room.

#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "frys/core/environment.hpp"
#include "frys/core/random.hpp"
#include "frys/memory/copies.hpp"
#include "frys/memory/manager.hpp"
#include "frys/tensor/ops.hpp"
#include "frys/tensor/tensor.hpp"

namespace frys::testing {

inline constexpr float inf = std::numeric_limits<float>::infinity();
inline constexpr float nan = std::numeric_limits<float>::quiet_NaN();

template <typename T>
T unwrap(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << result.error().to_string();
    std::abort();
  }
  return *std::move(result);
}

class TensorTest : public ::testing::Test {
 protected:
  TensorTest()
      : manager_(unwrap(TensorMemoryManager::create({.budget_bytes = 256 << 20}, Environment{}))),
        scope_(manager_.root()) {}

  const MemoryScope& scope() const { return scope_; }

  Tensor empty(const Shape& shape, DType dtype = DType::f32) const {
    return unwrap(Tensor::empty(scope_, shape, dtype));
  }
  template <typename T>
  Tensor make(const Shape& shape, const std::vector<T>& values) const {
    return unwrap(Tensor::from_span<T>(scope_, shape, values));
  }
  /// 0, 1, 2, … in row-major order.
  Tensor iota(const Shape& shape) const {
    Tensor tensor = empty(shape);
    for (std::size_t i = 0; i < tensor.elements(); ++i) {
      tensor.mutable_data<float>()[i] = static_cast<float>(i);
    }
    return tensor;
  }
  /// Uniform in [-scale, scale).
  Tensor random(const Shape& shape, std::uint64_t seed, double scale = 1) const {
    Tensor tensor = empty(shape);
    SeededRandom source(seed);
    for (std::size_t i = 0; i < tensor.elements(); ++i) {
      tensor.mutable_data<float>()[i] = static_cast<float>((source.next_unit() * 2 - 1) * scale);
    }
    return tensor;
  }

 private:
  TensorMemoryManager manager_;
  MemoryScope scope_;
};

/// The element at a flat row-major position, found by the strides and by nothing the library does.
template <typename T>
T element(const TensorView& view, std::size_t flat) {
  std::int64_t offset = 0;
  for (std::size_t dim = view.rank(); dim-- > 0;) {
    const auto extent = static_cast<std::size_t>(view.extent(dim));
    offset += static_cast<std::int64_t>(flat % extent) * view.strides()[dim];
    flat /= extent;
  }
  return static_cast<const T*>(view.data())[offset];
}

template <typename T>
std::vector<T> values(const TensorView& view) {
  std::vector<T> result;
  for (std::size_t i = 0; i < view.elements(); ++i) result.push_back(element<T>(view, i));
  return result;
}

inline std::vector<float> floats(const TensorView& view) { return values<float>(view); }

}  // namespace frys::testing
