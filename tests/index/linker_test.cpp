// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "index/linker.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "index/index_core.hpp"
#include "index/made_vectors.hpp"
#include "support/four_threads.hpp"

namespace frys::index {
namespace {

constexpr std::size_t dimension = 12;
constexpr std::size_t rows = 3000;
using Image = std::vector<std::byte>;

const MadeVectors& made() {
  static const MadeVectors vectors(dimension, rows, 30, false);
  return vectors;
}

/// Every seventh is like the one before it, every hundredth like the first.
std::span<const float> with_twins(std::size_t row) {
  if (row % 100 == 0) return made().row(0);
  return made().row(row % 7 == 0 ? row - 1 : row);
}

void append(IndexCore& core, std::size_t count) {
  ASSERT_TRUE(core.reserve(count).ok());
  for (std::size_t i = 0; i < count; ++i) core.append(with_twins(core.size()).data());
}

Image image_of(const IndexCore& core) {
  Image image;
  const auto keep = [&](std::span<const std::byte> part) {
    image.insert(image.end(), part.begin(), part.end());
    return Status();
  };
  EXPECT_TRUE(core.save_graph([](std::uint32_t node) { return std::uint64_t{node}; }, keep).ok());
  return image;
}

VectorIndexOptions options(std::size_t links) {
  return {.dimension = dimension, .metric = Metric::cosine, .links = links};
}

TEST(Linker, MakesTheSameGraphOnAnyNumberOfThreads) {
  for (const std::size_t links : {4, 16}) {  // Few links make many levels.
    IndexCore alone(options(links), 5);
    testing::FourThreads executor;
    IndexCore helped(options(links), 5, {.executor = &executor});
    for (IndexCore* core : {&alone, &helped}) {
      ASSERT_TRUE(core->open().ok());
      append(*core, rows);
      while (core->can_link()) ASSERT_TRUE(core->link_next().ok());
    }
    EXPECT_GE(executor.calls, static_cast<int>(rows / Linker::most_at_once));
    EXPECT_EQ(image_of(alone), image_of(helped)) << links << " links";
  }
}

TEST(Linker, MakesTheSameGraphWheneverBatchesAreLinked) {
  IndexCore at_once(options(16), 5);
  IndexCore bit_by_bit(options(16), 5);
  ASSERT_TRUE(at_once.open().ok());
  ASSERT_TRUE(bit_by_bit.open().ok());
  append(at_once, rows);
  while (at_once.can_link()) ASSERT_TRUE(at_once.link_next().ok());
  while (bit_by_bit.size() < rows) {
    append(bit_by_bit, std::min<std::size_t>(17, rows - bit_by_bit.size()));
    while (bit_by_bit.can_link() && bit_by_bit.next_batch() <= bit_by_bit.size()) {
      ASSERT_TRUE(bit_by_bit.link_next().ok());
    }
  }
  while (bit_by_bit.can_link()) ASSERT_TRUE(bit_by_bit.link_next().ok());
  EXPECT_EQ(image_of(at_once), image_of(bit_by_bit));
}

/// Vectors that are alike come one after another, as experiences do: the nearest of each are in
/// its own batch.
TEST(Linker, FindsWhatCameInTheSameBatch) {
  constexpr std::size_t alike = Linker::most_at_once / 2;
  constexpr std::size_t clusters = 100;
  IndexCore core(options(16), 5);
  ASSERT_TRUE(core.open().ok());
  ASSERT_TRUE(core.reserve(clusters * alike).ok());
  std::vector<std::vector<float>> queries;
  SeededRandom random(3);
  for (std::size_t cluster = 0; cluster < clusters; ++cluster) {
    std::vector<float> vector(dimension);
    for (float& value : vector) value = static_cast<float>(random.next_unit() - 0.5);
    queries.push_back(vector);
    for (std::size_t i = 0; i < alike; ++i) {
      for (float& value : vector) value += static_cast<float>(random.next_unit() - 0.5) * 0.02F;
      core.append(vector.data());
    }
  }
  while (core.can_link()) ASSERT_TRUE(core.link_next().ok());
  std::size_t found = 0;
  for (std::size_t cluster = 0; cluster < clusters; ++cluster) {
    VectorNeighbour nearest[alike];
    ASSERT_EQ(core.search({queries[cluster], alike, 24}, nearest).value_or(0), alike);
    for (const VectorNeighbour& n : nearest) found += n.ordinal / alike == cluster ? 1 : 0;
  }
  EXPECT_GE(found, clusters * alike * 98 / 100);
}

/// The first of those that are equal stands for them, in whichever batches they are.
TEST(Linker, EveryTwinIsFound) {
  IndexCore core(options(16), 5);
  ASSERT_TRUE(core.open().ok());
  append(core, 2000);
  while (core.can_link()) ASSERT_TRUE(core.link_next().ok());
  VectorNeighbour nearest[20];
  ASSERT_EQ(core.search({made().row(0), 20, 20}, nearest).value_or(0), 20U);
  std::set<std::uint32_t> found;
  for (const VectorNeighbour& n : nearest) found.insert(n.ordinal);
  for (std::uint32_t node = 0; node < 2000; node += 100) EXPECT_TRUE(found.contains(node)) << node;
}

}  // namespace
}  // namespace frys::index
