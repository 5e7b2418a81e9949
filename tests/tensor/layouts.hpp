// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// One matrix in every layout a view can have: an operation must give the same for all of them.

#pragma once

#include <string>
#include <utility>

#include "tensor/tensor_fixture.hpp"

namespace frys::testing {

struct Layout {
  std::string name;
  Tensor owner;
  TensorView view;
};

/// A tensor of `shape` whose view `view` holds the elements of `matrix`.
inline void write_through(const TensorView& view, const TensorView& matrix) {
  for (std::int64_t i = 0; i < view.extent(0); ++i) {
    for (std::int64_t j = 0; j < view.extent(1); ++j) {
      const_cast<float*>(view.data<float>())[i * view.strides()[0] + j * view.strides()[1]] =
          matrix.data<float>()[i * matrix.strides()[0] + j * matrix.strides()[1]];
    }
  }
}

inline std::vector<Layout> layouts(const MemoryScope& scope, const TensorView& matrix) {
  const std::int64_t m = matrix.extent(0);
  const std::int64_t n = matrix.extent(1);
  std::vector<Layout> all;
  const auto add = [&](std::string name, const Shape& shape, auto make_view) {
    Tensor owner = unwrap(Tensor::full(scope, shape, DType::f32, -99));
    TensorView view = make_view(owner.view());
    write_through(view, matrix);
    all.push_back({std::move(name), std::move(owner), std::move(view)});
  };
  add("row-major", {m, n}, [](const TensorView& v) { return v; });
  add("transposed", {n, m}, [](const TensorView& v) { return unwrap(v.transpose(0, 1)); });
  add("columns of a wider one", {m, n + 3},
      [n](const TensorView& v) { return unwrap(v.slice(1, 2, n + 2)); });
  add("every second row", {2 * m, n},
      [m](const TensorView& v) { return unwrap(v.slice(0, 0, 2 * m, 2)); });
  add("every third column", {m, 3 * n},
      [n](const TensorView& v) { return unwrap(v.slice(1, 0, 3 * n, 3)); });
  add("one of three planes", {m, 3, n}, [](const TensorView& v) { return unwrap(v.select(1, 1)); });
  if (matrix.elements() != 0) {
    add("backwards", {m, n}, [m, n](const TensorView& v) {
      const std::int64_t strides[] = {-n, -1};
      return unwrap(TensorView::from_storage(v.storage(), DType::f32, {m, n}, strides,
                                             static_cast<std::size_t>(4 * (m * n - 1))));
    });
  }
  return all;
}

}  // namespace frys::testing
