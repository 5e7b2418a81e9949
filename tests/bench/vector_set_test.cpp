// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "support/vector_set.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <set>
#include <string>

#include "support/temporary_folder.hpp"

namespace frys::bench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

VectorTable table_of(std::size_t columns, std::vector<float> values) {
  VectorTable table;
  table.columns = columns;
  table.values = std::move(values);
  return table;
}

/// 0 to 19 on a line, and two places on it.
Result<VectorSet> line(const BenchCache& cache, float last = 19) {
  std::vector<float> values(20);
  std::iota(values.begin(), values.end(), 0.f);
  values.back() = last;
  return make_set("line", Metric::l2, table_of(1, values), table_of(1, {0, 30}), cache);
}

TEST(VectorSetOf, PartsWithTheirTrueNeighbours) {
  const auto set = line(BenchCache(""));
  ASSERT_TRUE(set) << set.error().to_string();
  EXPECT_EQ(set->size(), 20u);
  EXPECT_EQ(set->query_count(), 2u);
  EXPECT_TRUE(set->bytes);
  EXPECT_THAT(set->kth_distances, ElementsAre(81, 400));
  EXPECT_THAT(set->vector(7), ElementsAre(7));
  EXPECT_FALSE(line(BenchCache(""), 19.5f)->bytes);
  EXPECT_FALSE(line(BenchCache(""), 256)->bytes);
  EXPECT_FALSE(line(BenchCache(""), -1)->bytes);
  EXPECT_FALSE(make_set("", Metric::l2, table_of(1, std::vector<float>(20)), table_of(1, {0, -3}),
                        BenchCache(""))
                   ->bytes);
}

TEST(VectorSetOf, TheFirstQueriesOfMany) {
  std::vector<float> queries(1'500);
  std::iota(queries.begin(), queries.end(), 0.f);
  std::vector<float> values(20);
  const auto set =
      make_set("", Metric::l2, table_of(1, values), table_of(1, queries), BenchCache(""));
  ASSERT_TRUE(set);
  EXPECT_EQ(set->query_count(), max_queries);
  EXPECT_EQ(set->queries.back(), 999);
  EXPECT_EQ(set->kth_distances.size(), max_queries);
}

TEST(VectorSetOf, PartsThatDoNotFit) {
  const auto refusal = [](VectorTable vectors, VectorTable queries) {
    const auto set =
        make_set("", Metric::l2, std::move(vectors), std::move(queries), BenchCache(""));
    return set ? "was made" : std::string(set.error().message());
  };
  EXPECT_THAT(refusal(table_of(1, std::vector<float>(9)), table_of(1, {0})),
              HasSubstr("the set has 9 vectors, and 10 neighbours"));
  EXPECT_THAT(refusal(table_of(2, std::vector<float>(20)), table_of(1, {0})),
              HasSubstr("the vectors have 2 dimensions, and the queries 1"));
  EXPECT_THAT(refusal(table_of(2, std::vector<float>(20)), table_of(2, {})), HasSubstr("no query"));
}

TEST(VectorSetOf, TrueNeighboursComeFromTheCacheOfTheSameSetOnly) {
  const testing::TemporaryFolder folder;
  const BenchCache cache(folder.path());
  ASSERT_TRUE(line(cache));
  std::string kept;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    if (entry.path().extension() != ".seal") kept = entry.path().filename();
  }
  ASSERT_THAT(kept, HasSubstr("truth-"));
  const auto keep = [&](std::vector<double> distances) {
    return cache.keep(kept, [&](const std::string& path) {
      std::ofstream(path, std::ios::binary)
          .write(reinterpret_cast<const char*>(distances.data()),
                 static_cast<std::streamsize>(distances.size() * sizeof(double)));
      return Status();
    });
  };
  ASSERT_TRUE(keep({1, 2}).ok());
  EXPECT_THAT(line(cache)->kth_distances, ElementsAre(1, 2));
  EXPECT_THAT(line(cache, 18)->kth_distances, ElementsAre(81, 400));
  ASSERT_TRUE(keep({1, 2, 3}).ok());
  EXPECT_THAT(line(cache)->kth_distances, ElementsAre(81, 400));
}

TEST(VectorSetOf, TwoFiles) {
  const testing::TemporaryFolder folder;
  const auto write = [&](const char* name, std::size_t rows) {
    std::ofstream file(folder / name, std::ios::binary);
    for (std::size_t i = 0; i < rows; ++i) {
      const char row[] = {1, 0, 0, 0, static_cast<char>(i)};
      file.write(row, sizeof(row));
    }
    return folder / name;
  };
  const auto set = read_set(write("a.bvecs", 30), write("q.bvecs", 3), Metric::l2, BenchCache(""));
  ASSERT_TRUE(set) << set.error().to_string();
  EXPECT_EQ(set->name, "a.bvecs");
  EXPECT_EQ(set->size(), 30u);
  EXPECT_THAT(set->kth_distances, ElementsAre(81, 64, 49));
  EXPECT_THAT(
      std::string(read_set(folder / "a.bvecs", folder / "none.bvecs", Metric::l2, BenchCache(""))
                      .error()
                      .message()),
      HasSubstr("none.bvecs"));
}

TEST(ClusteredVectors, AreOfUnitLengthAndTheSameEachTime) {
  const VectorTable table = clustered_vectors(50, 16, 3);
  ASSERT_EQ(table.rows(), 50u);
  for (std::size_t i = 0; i < table.rows(); ++i) {
    double squares = 0;
    for (std::size_t d = 0; d < 16; ++d) squares += table.row(i)[d] * table.row(i)[d];
    EXPECT_NEAR(squares, 1, 1e-5);
  }
  EXPECT_EQ(clustered_vectors(50, 16, 3).values, table.values);
  EXPECT_NE(clustered_vectors(50, 16, 4).values, table.values);
}

TEST(HoldOut, TakesEachNthRowAway) {
  VectorTable table = table_of(2, {0, 0, 1, 1, 2, 2, 3, 3, 4, 4});
  const VectorTable held = hold_out(table, 3);
  EXPECT_EQ(held.columns, 2u);
  EXPECT_THAT(held.values, ElementsAre(0, 0, 3, 3));
  EXPECT_THAT(table.values, ElementsAre(1, 1, 2, 2, 4, 4));
}

/// An image whose every pixel is `value`, but those of `blank` leading rows, which are zero.
std::vector<float> image(float value, std::size_t blank) {
  std::vector<float> pixels(28 * 28, value);
  std::fill_n(pixels.begin(), 28 * blank, 0.f);
  return pixels;
}

TEST(ImageWindows, AreCutAtTwentyPlacesAndEachIsThereOnce) {
  // Each pixel another byte: of 784 windows are all different.
  std::vector<float> pixels(784);
  for (std::size_t i = 0; i < 784; ++i) pixels[i] = static_cast<float>(1 + (i * i + i / 28) % 255);
  const VectorTable windows = image_windows(table_of(784, pixels), 1);
  EXPECT_EQ(windows.columns, 128u);
  EXPECT_EQ(windows.element, ElementType::u8);
  ASSERT_EQ(windows.rows(), 20u);
  std::multiset<std::vector<float>> expected, found;
  for (std::size_t top = 0; top <= 12; top += 4) {
    for (std::size_t left = 0; left <= 20; left += 5) {
      std::vector<float> window;
      for (std::size_t r = 0; r < 16; ++r) {
        for (std::size_t c = 0; c < 8; ++c) window.push_back(pixels[(top + r) * 28 + left + c]);
      }
      expected.insert(window);
    }
  }
  for (std::size_t i = 0; i < 20; ++i) found.emplace(windows.row(i), windows.row(i) + 128);
  EXPECT_EQ(found, expected);
}

TEST(ImageWindows, LeaveOutTheBlankAndTheDoubled) {
  // All windows at one height are equal.
  EXPECT_EQ(image_windows(table_of(784, image(9, 0)), 1).rows(), 1u);
  EXPECT_EQ(image_windows(table_of(784, image(0, 0)), 1).rows(), 0u);
  // With eight blank rows the topmost window has 64 pixels, with nine it has 56.
  EXPECT_EQ(image_windows(table_of(784, image(9, 8)), 1).rows(), 3u);
  EXPECT_EQ(image_windows(table_of(784, image(9, 9)), 1).rows(), 3u);
  EXPECT_EQ(image_windows(table_of(784, image(9, 20)), 1).rows(), 1u);
  // One more blank pixel, in the leftmost column of three heights: 63 in the first is too few.
  std::vector<float> pixels = image(9, 8);
  pixels[8 * 28] = 0;
  EXPECT_EQ(image_windows(table_of(784, pixels), 1).rows(), 5u);
  EXPECT_EQ(image_windows(table_of(784, image(9, 21)), 1).rows(), 0u);
}

TEST(ImageWindows, ComeInAnOrderDrawnByTheSeed) {
  std::vector<float> pixels;
  for (int i = 1; i <= 100; ++i) {
    const std::vector<float> one = image(static_cast<float>(i), 0);
    pixels.insert(pixels.end(), one.begin(), one.end());
  }
  const VectorTable images = table_of(784, pixels);
  const VectorTable windows = image_windows(images, 1);
  ASSERT_EQ(windows.rows(), 100u);
  EXPECT_FALSE(std::is_sorted(windows.values.begin(), windows.values.end()));
  EXPECT_EQ(image_windows(images, 1).values, windows.values);
  EXPECT_NE(image_windows(images, 2).values, windows.values);
  const VectorTable first = image_windows(images, 1, 10);
  ASSERT_EQ(first.rows(), 10u);
  EXPECT_TRUE(std::equal(first.values.begin(), first.values.end(), windows.values.begin()));
}

}  // namespace
}  // namespace frys::bench
