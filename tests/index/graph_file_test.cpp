// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "index/graph_file.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "core/crc32c.hpp"
#include "index/index_core.hpp"
#include "index/made_vectors.hpp"

namespace frys::index {
namespace {

constexpr std::size_t dimension = 12;
constexpr std::size_t rows = 3000;
using Image = std::vector<std::byte>;

const MadeVectors& made() {
  static const MadeVectors vectors(dimension, rows, 30, false);
  return vectors;
}

VectorIndexOptions options() { return {.dimension = dimension, .metric = Metric::cosine}; }

constexpr auto key_of = [](std::uint32_t node) { return std::uint64_t{node}; };

struct Core {
  explicit Core(std::size_t count, const VectorIndexOptions& of = options(), std::uint64_t seed = 5)
      : core(of, seed) {
    EXPECT_TRUE(core.open().ok());
    append(count);
  }
  void append(std::size_t count) {
    EXPECT_TRUE(core.reserve(count).ok());
    for (std::size_t i = 0; i < count; ++i) core.append(made().row(core.size()).data());
  }
  void link() {
    while (core.can_link()) EXPECT_TRUE(core.link_next().ok());
  }
  [[nodiscard]] Image save() const {
    Image image;
    EXPECT_TRUE(core.save_graph(key_of,
                                [&](std::span<const std::byte> part) {
                                  image.insert(image.end(), part.begin(), part.end());
                                  return Status();
                                })
                    .ok());
    return image;
  }
  IndexCore core;
};

TEST(GraphFile, AGraphThatWasLoadedGrowsAsItWouldHave) {
  constexpr std::size_t linked = 62 * Linker::most_at_once;
  Core first(linked);
  first.link();
  const Image image = first.save();
  Core second(2200);
  const Status status = second.core.load_graph(image, key_of);
  ASSERT_TRUE(status.ok()) << status.to_string();
  EXPECT_EQ(second.core.linked(), linked);
  EXPECT_EQ(second.save(), image);
  second.append(rows - 2200);
  second.link();
  Core whole(rows);
  whole.link();
  EXPECT_EQ(second.save(), whole.save()) << "bit for bit";
  for (std::size_t q = 0; q < made().queries(); ++q) {
    VectorNeighbour here[5];
    VectorNeighbour there[5];
    ASSERT_EQ(second.core.search({made().query(q), 5, 20}, here).value_or(0), 5U);
    ASSERT_EQ(whole.core.search({made().query(q), 5, 20}, there).value_or(0), 5U);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(here[i].ordinal, there[i].ordinal);
  }
}

TEST(GraphFile, EveryDamageIsFoundAndNothingTaken) {
  Core first(1100);
  first.link();
  const Image image = first.save();
  Core second(1100);
  SeededRandom random(1);
  for (std::size_t round = 0; round < 2000; ++round) {
    Image damaged = image;
    // All of the header, then anywhere.
    const std::size_t at = round < 80 ? round : random.next_below(image.size());
    damaged[at] ^= std::byte(1 << random.next_below(8));
    EXPECT_EQ(second.core.load_graph(damaged, key_of), ErrorCode::corruption) << "byte " << at;
  }
  for (std::size_t round = 0; round < 200; ++round) {
    const std::size_t length = round < 100 ? round : random.next_below(image.size());
    const Image cut(image.begin(), image.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_EQ(second.core.load_graph(cut, key_of), ErrorCode::corruption) << length << " bytes";
  }
  EXPECT_EQ(second.core.linked(), 0U);
  second.link();
  EXPECT_EQ(second.save(), image);
}

/// A section of `image`, its check sum behind it made anew after `change`.
template <typename Change>
Image changed(Image image, std::size_t begin, std::size_t bytes, Change change) {
  change(image.data() + begin);
  const std::uint32_t crc = detail::crc32c({image.data() + begin, bytes});
  std::memcpy(image.data() + begin + bytes, &crc, sizeof(crc));
  return image;
}

// What was written wrongly has the right check sums.
TEST(GraphFile, WhatAWalkWouldLeaveTheTablesByIsRefused) {
  Core first(1100);
  first.link();
  const Image image = first.save();
  Core second(1100);
  const auto put = [](std::size_t at, std::uint32_t value) {
    return [=](std::byte* section) { std::memcpy(section + at, &value, sizeof(value)); };
  };
  const std::size_t nodes = 80 + dimension * 4 + 4 + 1100 * 8 + 4 + 1100 * 4 + 4;
  const std::size_t levels = nodes + 1100 * 8 + 4;
  const std::size_t links = levels + 1100 + 4;
  const std::size_t blocks = links + 1100 * 128 + 4;
  const std::size_t block_bytes = image.size() - blocks - 4;
  const auto refused = [&](const Image& wrong) {
    EXPECT_EQ(second.core.load_graph(wrong, key_of), ErrorCode::corruption);
  };
  refused(changed(image, 80, dimension * 4, put(8, 0x7fc00000)));    // a mean that is no number
  refused(changed(image, nodes, 1100 * 8, put(8 * 7, 1100)));        // a twin that is not there
  refused(changed(image, nodes, 1100 * 8, put(8 * 7, 7)));           // its own twin
  refused(changed(image, nodes, 1100 * 8, put(8 * 7 + 4, 100000)));  // a block that is not there
  refused(changed(image, levels, 1100, put(8, 0x11111111)));         // levels that are not there
  refused(changed(image, links, 1100 * 128, put(128 * 1099, 1100)));
  refused(changed(image, blocks, block_bytes, put(4, 0xfffffffe)));
  refused(changed(image, links, 1100 * 128, put(128 * 5, nobody)));  // a link behind the last
  refused(changed(image, nodes, 1100 * 8, [](std::byte* section) {   // twins in a ring
    const std::uint32_t ring[] = {9, 0, 8, 0};
    std::memcpy(section + 8 * 8, ring, sizeof(ring));
  }));
  refused(changed(image, 0, 76, put(56, 1100)));  // the entry
  refused(changed(image, 0, 76, put(60, 17)));    // its level
  refused(changed(image, 0, 76, put(68, 0)));     // a scale of no width
  refused(changed(image, 0, 76, put(52, 1)));     // blocks beyond counting
  EXPECT_EQ(second.core.linked(), 0U);
  EXPECT_TRUE(second.core.load_graph(changed(image, 0, 76, put(72, 0)), key_of).ok());
}

TEST(GraphFile, AnothersGraphIsNotTaken) {
  Core first(1200);
  first.link();
  const Image image = first.save();
  const auto refused = [&](Core& by) {
    EXPECT_EQ(by.core.load_graph(image, key_of), ErrorCode::failed_precondition);
    EXPECT_EQ(by.core.linked(), 0U);
  };
  Core fewer(IndexCore::graph_begins - 1);
  refused(fewer);
  Core seed(1200, options(), 6);
  refused(seed);
  VectorIndexOptions other = options();
  other.links = 8;
  Core links(1200, other);
  refused(links);
  Core changed(0);
  ASSERT_TRUE(changed.core.reserve(1200).ok());
  for (std::size_t i = 0; i < 1200; ++i) {
    changed.core.append(made().row(i == 1100 ? 0 : i).data());
  }
  refused(changed);
}

}  // namespace
}  // namespace frys::index
