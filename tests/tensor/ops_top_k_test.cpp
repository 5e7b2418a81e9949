// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <numeric>

#include "tensor/layouts.hpp"

namespace frys {
namespace {

using ::testing::ElementsAre;
using testing::floats;
using ::testing::HasSubstr;
using testing::inf;
using testing::nan;
using testing::unwrap;
using testing::values;

class OpsTopK : public testing::TensorTest {};

TEST_F(OpsTopK, AgreesWithSortingOnEveryLayout) {
  SeededRandom source(3);
  for (const std::int64_t columns : {1, 7, 128, 129, 1000}) {
    Tensor a = empty({4, columns});
    // Few distinct values, so that ties are common; some NaN.
    for (std::size_t i = 0; i < a.elements(); ++i) {
      const auto draw = static_cast<float>(source.next_below(60));
      a.mutable_data<float>()[i] = draw == 59 ? nan : draw;
    }
    for (const std::size_t k :
         {std::size_t{0}, std::size_t{1}, std::size_t{5}, static_cast<std::size_t>(columns)}) {
      if (k > static_cast<std::size_t>(columns)) continue;
      const ops::TopK best = unwrap(ops::top_k(scope(), a, k));
      ASSERT_EQ(best.values.shape(), (Shape{4, static_cast<std::int64_t>(k)}));
      for (std::size_t row = 0; row < 4; ++row) {
        const float* x = a.data<float>() + row * static_cast<std::size_t>(columns);
        std::vector<std::int64_t> order(static_cast<std::size_t>(columns));
        std::iota(order.begin(), order.end(), 0);
        std::sort(order.begin(), order.end(), [x](std::int64_t p, std::int64_t q) {
          if (std::isnan(x[p]) != std::isnan(x[q])) return std::isnan(x[q]);
          return x[p] != x[q] && !std::isnan(x[p]) ? x[p] > x[q] : p < q;
        });
        order.resize(k);
        const std::int64_t* found = best.indices.data<std::int64_t>() + row * k;
        ASSERT_EQ(std::vector<std::int64_t>(found, found + k), order) << columns << " " << k;
      }
      for (const testing::Layout& x : testing::layouts(scope(), a)) {
        ASSERT_EQ(values<std::int64_t>(unwrap(ops::top_k(scope(), x.view, k)).indices),
                  values<std::int64_t>(best.indices))
            << x.name;
      }
    }
  }
}

TEST_F(OpsTopK, VectorsInfinitiesAndNothingButNan) {
  const ops::TopK best = unwrap(ops::top_k(scope(), make<float>({4}, {-inf, 2, inf, nan}), 3));
  EXPECT_THAT(floats(best.values), ElementsAre(inf, 2, -inf));
  EXPECT_THAT(values<std::int64_t>(best.indices), ElementsAre(2, 1, 0));
  const ops::TopK nans = unwrap(ops::top_k(scope(), make<float>({3}, {nan, nan, nan}), 2));
  EXPECT_THAT(values<std::int64_t>(nans.indices), ElementsAre(0, 1));
}

TEST_F(OpsTopK, BadInputIsNamed) {
  const struct {
    Status status;
    const char* says;
  } cases[] = {
      {ops::top_k(scope(), iota({2, 3}), 4).status(), "asked for 4 of the 3 columns"},
      {ops::top_k(scope(), iota({2, 3, 4}), 1).status(), "a vector or a matrix"},
      {ops::top_k(scope(), iota({}), 1).status(), "a vector or a matrix"},
      {ops::top_k(scope(), make<double>({1}, {1}), 1).status(), "not defined for f64"},
  };
  for (const auto& [status, says] : cases) {
    EXPECT_EQ(status.code(), ErrorCode::invalid_argument) << says;
    EXPECT_THAT(std::string(status.message()), HasSubstr(says));
  }
}

}  // namespace
}  // namespace frys
