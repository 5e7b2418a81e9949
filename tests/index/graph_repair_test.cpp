// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "index/graph_repair.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

#include "index/index_core.hpp"
#include "index/made_vectors.hpp"

namespace frys::index {
namespace {

constexpr std::size_t dimension = 40;
constexpr std::size_t rows = 4000;
constexpr std::size_t k = 10;
using Core = std::unique_ptr<IndexCore>;
using Stays = std::function<bool(std::size_t)>;

const MadeVectors& made() {
  static const MadeVectors vectors(dimension, rows, 100, false);
  return vectors;
}

Core make_core() {
  auto core = std::make_unique<IndexCore>(
      VectorIndexOptions{.dimension = dimension, .metric = Metric::cosine, .links = 6}, 5);
  EXPECT_TRUE(core->open().ok());
  EXPECT_TRUE(core->reserve(rows).ok());
  return core;
}

void link(IndexCore& core) {
  while (core.can_link()) ASSERT_TRUE(core.link_next().ok());
}

/// One whose node i is made().row(which[i]).
Core make_linked(const std::vector<std::size_t>& which) {
  Core core = make_core();
  for (const std::size_t row : which) core->append(made().row(row).data());
  link(*core);
  return core;
}

std::vector<std::size_t> all_rows() {
  std::vector<std::size_t> which(rows);
  for (std::size_t i = 0; i < rows; ++i) which[i] = i;
  return which;
}

/// `core` without the nodes that don't stay; `which` becomes what is left.
Core without(const IndexCore& core, std::vector<std::size_t>& which, const Stays& stays) {
  Core smaller = make_core();
  std::vector<std::uint32_t> numbers(which.size(), nobody);
  std::vector<std::size_t> left;
  for (std::size_t i = 0; i < which.size(); ++i) {
    if (!stays(i)) continue;
    numbers[i] = static_cast<std::uint32_t>(left.size());
    left.push_back(which[i]);
    smaller->append(made().row(which[i]).data());
  }
  EXPECT_TRUE(smaller->take_graph(core, numbers).ok());
  EXPECT_EQ(smaller->linked(), left.size());
  which = std::move(left);
  return smaller;
}

/// The share of the k nearest that walks find, of those that exact comparison finds.
double recall(const IndexCore& core, std::size_t effort) {
  std::size_t found = 0;
  for (std::size_t q = 0; q < made().queries(); ++q) {
    VectorNeighbour near[k];
    VectorNeighbour exact[k];
    EXPECT_EQ(core.search({made().query(q), k, effort}, near).value_or(0), k);
    EXPECT_EQ(core.search({made().query(q), k, rows}, exact).value_or(0), k);
    for (const VectorNeighbour& n : near) found += n.distance <= exact[k - 1].distance ? 1 : 0;
  }
  return static_cast<double>(found) / static_cast<double>(k * made().queries());
}

std::vector<std::byte> image_of(const IndexCore& core) {
  std::vector<std::byte> image;
  EXPECT_TRUE(core.save_graph([](std::uint32_t node) { return std::uint64_t{node}; },
                              [&](std::span<const std::byte> part) {
                                image.insert(image.end(), part.begin(), part.end());
                                return Status();
                              })
                  .ok());
  return image;
}

// So few that a walk is made, and is not exact.
constexpr std::size_t effort = 24;

TEST(GraphRepair, HoweverManyGoItIsAsGoodAsOneMadeOfTheOthers) {
  std::vector<std::size_t> which = all_rows();
  Core repaired = make_linked(which);
  for (int round = 0; round < 3; ++round) {
    repaired = without(*repaired, which, [](std::size_t i) { return i % 10 > 2; });
    EXPECT_GE(recall(*repaired, effort), recall(*make_linked(which), effort) - 0.005) << round;
  }
}

TEST(GraphRepair, WhateverIsLeftIsReachedFromAnywhere) {
  std::vector<std::size_t> which = all_rows();
  const Core whole = make_linked(which);
  // The nearest half of one vector's neighbours go at once, and most of the others.
  std::vector<VectorNeighbour> near(rows / 2);
  ASSERT_EQ(whole->search({made().row(3), near.size(), near.size()}, near).value_or(0), rows / 2);
  std::vector<bool> goes(rows, false);
  for (const VectorNeighbour& n : near) goes[n.ordinal] = n.ordinal != 3;
  const Core repaired = without(*whole, which, [&](std::size_t i) { return !goes[i]; });
  std::size_t missed = 0;
  for (std::size_t i = 0; i < which.size(); ++i) {
    VectorNeighbour own[1];
    ASSERT_EQ(repaired->search({made().row(which[i]), 1, 30}, own).value_or(0), 1U);
    missed += own[0].ordinal != i ? 1 : 0;
  }
  EXPECT_LE(missed, which.size() / 1000);
}

// Ten times the whole set goes and comes again, a tenth at a time.
TEST(GraphRepair, RecallStaysHoweverOftenAllIsReplaced) {
  std::vector<std::size_t> which;
  for (std::size_t i = 0; i < rows / 2; ++i) which.push_back(i);
  Core core = make_linked(which);
  const double before = recall(*core, effort);
  std::size_t next = rows / 2;
  for (int round = 0; round < 100; ++round) {
    core = without(*core, which, [&](std::size_t i) { return i >= rows / 20; });
    for (std::size_t i = 0; i < rows / 20; ++i, ++next) {
      which.push_back(next % rows);
      core->append(made().row(next % rows).data());
    }
    link(*core);
    ASSERT_EQ(core->linked(), rows / 2);
  }
  const double after = recall(*core, effort);
  EXPECT_GE(after, before - 0.005) << "it was " << before;
}

TEST(GraphRepair, OthersOfTheSameVectorTakeTheLinks) {
  std::vector<std::size_t> which;
  for (std::size_t i = 0; i < 2000; ++i) which.push_back(i % 500);
  const Core whole = make_linked(which);
  // All but the third of each four.
  const Core repaired = without(*whole, which, [](std::size_t i) { return i / 500 != 0; });
  ASSERT_EQ(repaired->linked(), 1500U);
  for (std::size_t i = 0; i < 500; ++i) {
    VectorNeighbour same[3];
    ASSERT_EQ(repaired->search({made().row(i), 3, 20}, same).value_or(0), 3U);
    for (std::size_t n = 0; n < 3; ++n) EXPECT_EQ(same[n].ordinal, (2 - n) * 500 + i);
  }
}

TEST(GraphRepair, WhatIsLoadedIsRepairedAlike) {
  std::vector<std::size_t> which = all_rows();
  const Core whole = make_linked(which);
  const std::vector<std::byte> image = image_of(*whole);
  const auto stays = [](std::size_t i) { return i % 5 != 2; };
  const Core repaired = without(*whole, which, stays);
  Core loaded = make_core();
  for (const std::size_t row : which) loaded->append(made().row(row).data());
  const auto old_number = [&](std::uint32_t node) { return std::uint64_t{which[node]}; };
  const Status status = loaded->load_graph(image, old_number);
  ASSERT_TRUE(status.ok()) << status.to_string();
  EXPECT_EQ(image_of(*loaded), image_of(*repaired));
}

TEST(GraphRepair, WithoutAnyGoneItIsACopy) {
  std::vector<std::size_t> which = all_rows();
  const Core whole = make_linked(which);
  const Core copy = without(*whole, which, [](std::size_t) { return true; });
  VectorNeighbour here[k];
  VectorNeighbour there[k];
  for (std::size_t q = 0; q < made().queries(); ++q) {
    ASSERT_EQ(whole->search({made().query(q), k, effort}, here).value_or(0), k);
    ASSERT_EQ(copy->search({made().query(q), k, effort}, there).value_or(0), k);
    for (std::size_t i = 0; i < k; ++i) EXPECT_EQ(here[i].ordinal, there[i].ordinal);
  }
}

TEST(GraphRepair, NothingNewIsLinkedToWhatIsRetired) {
  Core core = make_core();
  for (std::size_t i = 0; i < 2000; ++i) core->append(made().row(i).data());
  link(*core);
  for (std::uint32_t node = 0; node < 2000; node += 2) core->retire(node);
  EXPECT_EQ(core->retired(), 1000U);
  for (std::size_t i = 2000; i < 3000; ++i) core->append(made().row(i).data());
  link(*core);
  std::vector<std::size_t> which = all_rows();
  which.resize(3000);
  const Core repaired =
      without(*core, which, [](std::size_t i) { return i >= 2000 || i % 2 == 1; });
  EXPECT_GE(recall(*repaired, effort), recall(*make_linked(which), effort) - 0.02);
}

// Doubles of what is hidden fill a walk, and are no answers.
TEST(GraphRepair, BehindManyHiddenDoublesTheOthersAreFound) {
  Core core = make_core();
  std::vector<VectorNeighbour> near(300);
  {
    const Core whole = make_linked(all_rows());
    ASSERT_EQ(whole->search({made().query(0), 300, 300}, near).value_or(0), 300U);
  }
  for (std::size_t i = 0; i < 3000; ++i) core->append(made().row(i).data());
  std::vector<std::uint32_t> doubles;
  for (const VectorNeighbour& n : near) {
    if (n.ordinal >= 3000) continue;
    doubles.push_back(n.ordinal);
    doubles.push_back(static_cast<std::uint32_t>(core->size()));
    core->append(made().row(n.ordinal).data());
  }
  link(*core);
  for (const std::uint32_t node : doubles) core->hide(node);
  VectorNeighbour found[k];
  ASSERT_EQ(core->search({made().query(0), k, effort}, found).value_or(0), k);
  VectorNeighbour exact[k];
  ASSERT_EQ(core->search({made().query(0), k, rows}, exact).value_or(0), k);
  EXPECT_LE(found[k - 1].distance, exact[k - 1].distance * 1.05F);
}

TEST(GraphRepair, WhatIsHiddenIsNoAnswer) {
  Core core = make_core();
  for (std::size_t i = 0; i < rows; ++i) {
    core->append(made().row(i).data());
    if (i == rows - 300) link(*core);
  }
  VectorNeighbour before[k];
  for (std::size_t q = 0; q < made().queries(); ++q) {
    for (const std::size_t wide : {effort, rows}) {
      ASSERT_EQ(core->search({made().query(q), k, wide}, before).value_or(0), k);
      EXPECT_TRUE(core->hide(before[0].ordinal));
      EXPECT_FALSE(core->hide(before[0].ordinal));
      VectorNeighbour after[k];
      ASSERT_EQ(core->search({made().query(q), k, wide}, after).value_or(0), k);
      for (const VectorNeighbour& n : after) EXPECT_NE(n.ordinal, before[0].ordinal);
    }
  }
  // All but five that are far apart.
  for (std::uint32_t node = 0; node < rows; ++node) {
    if (node % 800 != 17) core->hide(node);
  }
  VectorNeighbour left[k];
  const std::size_t shown = rows - core->hidden();
  EXPECT_EQ(core->search({made().query(0), k, effort}, left).value_or(0), shown);
  EXPECT_GT(shown, 0U);
}

}  // namespace
}  // namespace frys::index
