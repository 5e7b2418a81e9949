// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "index/index_core.hpp"
#include "index/made_vectors.hpp"

namespace frys::index {
namespace {

constexpr std::size_t dimension = 24;
constexpr std::size_t rows = 6000;

/// The vectors of which every `every`th may be an answer, and some of which are linked.
class FilteredSearch : public ::testing::TestWithParam<std::uint32_t> {
 protected:
  FilteredSearch() : made_(dimension, rows, 40, false), core_({.dimension = dimension}, 1) {
    EXPECT_TRUE(core_.open().ok());
  }

  void append(std::size_t begin, std::size_t end) {
    ASSERT_TRUE(core_.reserve(end - begin).ok());
    for (std::size_t i = begin; i < end; ++i) core_.append(made_.row(i).data());
  }
  void link(std::size_t end) {
    while (core_.linked() < end) ASSERT_TRUE(core_.link_next().ok());
  }

  [[nodiscard]] double recall(std::uint32_t every, std::size_t effort, bool marked = false) const {
    const auto accepts = [&](std::uint32_t node) { return node % every == 0; };
    const auto list = [&](std::size_t from, std::span<std::uint32_t> out) {
      std::size_t count = 0;
      for (; count < out.size() && (from + count) * every < rows; ++count) {
        out[count] = static_cast<std::uint32_t>((from + count) * every);
      }
      return count;
    };
    std::vector<std::uint64_t> marks(marked ? rows / 64 + 1 : 0);
    for (std::size_t i = 0; marked && i < rows; i += every) marks[i / 64] |= 1ULL << (i % 64);
    const auto no_list = [](std::size_t, std::span<std::uint32_t>) {
      ADD_FAILURE() << "this is about walks";
      return std::size_t{0};
    };
    NodeFilter filter{accepts, list, (rows + every - 1) / every, {marks}};
    if (marked) filter.list = no_list;
    std::size_t found = 0;
    std::size_t wanted = 0;
    for (std::size_t q = 0; q < made_.queries(); ++q) {
      std::vector<float> truths;
      for (std::size_t i = 0; i < core_.size(); i += every) {
        truths.push_back(exact_distance(Metric::l2, made_.query(q), made_.row(i)));
      }
      std::ranges::sort(truths);
      const std::size_t count = std::min<std::size_t>(10, truths.size());
      wanted += count;
      VectorNeighbour nearest[10];
      const Result<std::size_t> answers =
          core_.search({made_.query(q), 10, effort, &filter}, nearest);
      EXPECT_TRUE(answers) << answers.status().to_string();
      for (const VectorNeighbour& n : std::span(nearest).first(answers.value_or(0))) {
        EXPECT_EQ(n.ordinal % every, 0U);
        const float truth = exact_distance(Metric::l2, made_.query(q), made_.row(n.ordinal));
        found += truth <= truths[count - 1] * 1.00001F ? 1 : 0;
      }
    }
    return static_cast<double>(found) / static_cast<double>(wanted);
  }

  MadeVectors made_;
  IndexCore core_;
};

TEST_P(FilteredSearch, FindsTheNearestThatAreLetThrough) {
  append(0, rows);
  link(rows);
  EXPECT_GE(recall(GetParam(), 40), 0.95);
}

TEST_P(FilteredSearch, FindsThoseThatAreNotLinkedYet) {
  append(0, rows);
  EXPECT_EQ(recall(GetParam(), 40), 1) << "none is linked";
  link(2000);
  EXPECT_GE(recall(GetParam(), 40), 0.95);
}

INSTANTIATE_TEST_SUITE_P(OneOf, FilteredSearch, ::testing::Values(1, 2, 10, 100, 1000, 7000));

// By way of neighbours that are not let through, since those that are have few in common.
TEST_F(FilteredSearch, WalksAmongTheMarked) {
  append(0, rows);
  link(rows);
  EXPECT_GE(recall(4, 15, true), 0.95);
}

// The list was made, and its marks with it, before the last nodes came.
TEST_F(FilteredSearch, MarksMayEndBeforeTheNodesDo) {
  append(0, rows);
  link(rows);
  std::vector<std::uint64_t> marks(32);
  for (std::size_t i = 0; i < 64 * marks.size(); ++i) marks[i / 64] |= 1ULL << (i % 64);
  const auto accepts = [](std::uint32_t node) { return node < 2048; };
  const auto list = [](std::size_t from, std::span<std::uint32_t> out) {
    std::size_t count = 0;
    for (; count < out.size() && from + count < 2048; ++count) {
      out[count] = static_cast<std::uint32_t>(from + count);
    }
    return count;
  };
  const NodeFilter filter{accepts, list, 1999, {marks}};
  VectorNeighbour nearest[10];
  ASSERT_EQ(core_.search({made_.query(0), 10, 10, &filter}, nearest).value_or(0), 10U);
  for (const VectorNeighbour& n : nearest) EXPECT_LT(n.ordinal, 2048U);
}

// Twins share a node of the graph, whose own vector may be one that is not let through.
TEST_F(FilteredSearch, FindsOneOfManyWithTheSameVector) {
  append(0, 3000);
  ASSERT_TRUE(core_.reserve(300).ok());
  for (int i = 0; i < 300; ++i) core_.append(made_.row(7).data());
  link(3300);
  const auto accepts = [](std::uint32_t node) { return node != 7; };
  bool compared = false;
  const auto list = [&](std::size_t, std::span<std::uint32_t>) {
    compared = true;
    return std::size_t{0};
  };
  const NodeFilter filter{accepts, list, 3300};
  VectorNeighbour nearest[1];
  ASSERT_EQ(core_.search({made_.row(7), 1, 20, &filter}, nearest).value_or(0), 1U);
  EXPECT_FALSE(compared) << "this is about walks";
  EXPECT_GE(nearest[0].ordinal, 3000U);
  EXPECT_EQ(nearest[0].distance, 0);
}

TEST_F(FilteredSearch, FindsAMarkedTwinOfOneThatIsNot) {
  append(0, rows);
  ASSERT_TRUE(core_.reserve(1).ok());
  core_.append(made_.row(8).data());
  link(rows + 1);
  const auto accepts = [](std::uint32_t node) { return node % 4 == 1 || node == rows; };
  const auto list = [](std::size_t, std::span<std::uint32_t>) { return std::size_t{0}; };
  std::vector<std::uint64_t> marks(rows / 64 + 1, 0x2222222222222222);
  marks[rows / 64] |= 1ULL << (rows % 64);
  const NodeFilter filter{accepts, list, rows / 4, {marks}};
  VectorNeighbour nearest[1];
  ASSERT_EQ(core_.search({made_.row(8), 1, 15, &filter}, nearest).value_or(0), 1U);
  EXPECT_EQ(nearest[0].ordinal, rows);
}

// Several conditions at once let less through than the list of the rarest has.
TEST_F(FilteredSearch, FindsTheFewOfALongList) {
  append(0, rows);
  link(rows);
  const auto accepts = [](std::uint32_t node) { return node % 500 == 1; };
  const auto list = [](std::size_t from, std::span<std::uint32_t> out) {
    std::size_t count = 0;
    for (; count < out.size() && from + count < rows; ++count) {
      out[count] = static_cast<std::uint32_t>(from + count);
    }
    return count;
  };
  const NodeFilter filter{accepts, list, rows};
  VectorNeighbour nearest[12];
  ASSERT_EQ(core_.search({made_.query(0), 12, 12, &filter}, nearest).value_or(0), 12U);
  for (const VectorNeighbour& n : nearest) EXPECT_EQ(n.ordinal % 500, 1U);
}

TEST_F(FilteredSearch, AnyEffortIsOne) {
  append(0, 3000);
  link(3000);
  const auto accepts = [](std::uint32_t node) { return node % 2 == 0; };
  const auto list = [](std::size_t from, std::span<std::uint32_t> out) {
    std::size_t count = 0;
    for (; count < out.size() && 2 * (from + count) < 3000; ++count) {
      out[count] = static_cast<std::uint32_t>(2 * (from + count));
    }
    return count;
  };
  const NodeFilter filter{accepts, list, 1500};
  const NodeFilter* none = nullptr;
  for (const NodeFilter* some : {none, &filter}) {
    for (const std::size_t effort :
         {std::size_t{0}, std::size_t{1}, std::size_t{1} << 61, ~std::size_t{0}}) {
      VectorNeighbour nearest[10];
      EXPECT_EQ(core_.search({made_.query(0), 10, effort, some}, nearest).value_or(0), 10U);
    }
  }
}

// When they are linked makes no difference.
TEST_F(FilteredSearch, TheGraphIsThatOfTheSameVectorsLinkedAtOnce) {
  IndexCore other({.dimension = dimension}, 1);
  ASSERT_TRUE(other.open().ok());
  constexpr std::size_t all = 93 * Linker::most_at_once;
  ASSERT_TRUE(other.add(made_.rows(0, all)));
  append(0, 1100);
  link(500);
  append(1100, 2500);
  link(1700);
  append(2500, all);
  link(all);
  for (std::size_t q = 0; q < made_.queries(); ++q) {
    VectorNeighbour here[5];
    VectorNeighbour there[5];
    ASSERT_EQ(core_.search({made_.query(q), 5, 5}, here).value_or(0), 5U);
    ASSERT_EQ(other.search({made_.query(q), 5, 5}, there).value_or(0), 5U);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(here[i].ordinal, there[i].ordinal);
  }
}

}  // namespace
}  // namespace frys::index
