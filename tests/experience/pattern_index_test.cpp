// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/pattern_index.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <set>
#include <thread>

#include "experience/store_fixture.hpp"

namespace frys::detail {
namespace {

using testing::random_vector;
using testing::TestExecutor;

constexpr std::size_t dimension = 24;  // No multiple of a cache line.

std::vector<float> unit_vector(std::uint32_t seed) {
  const std::vector<float> vector = random_vector(dimension, seed);
  std::vector<float> unit(dimension);
  EXPECT_TRUE(normalise(vector, unit));
  return unit;
}

/// As the store would: with the sequences 1, 2, …
void add(PatternIndex& index, const float* unit_vector) {
  const auto turn = index.turn();
  ResidentRows& rows = index.rows();
  ASSERT_TRUE(rows.core.reserve(1).ok());
  rows.attributes.append(LogEntry(), rows.core.size() + 1);
  rows.core.append(unit_vector);
}

std::unique_ptr<PatternIndex> make_index(Executor& executor, std::size_t count) {
  Environment environment;
  environment.executor = &executor;
  auto index = *PatternIndex::create({dimension, 16, 100}, environment);
  for (std::uint32_t i = 0; i < count; ++i) {
    add(*index, unit_vector(i).data());
  }
  return index;
}

/// Brute force, in double.
std::vector<Neighbour> exact(const std::vector<float>& query, std::uint32_t count, std::size_t k,
                             std::uint32_t modulus = 1) {
  std::vector<Neighbour> all;
  for (std::uint32_t i = 0; i < count; i += modulus) {
    const std::vector<float> vector = unit_vector(i);
    double dot = 0;
    for (std::size_t d = 0; d < dimension; ++d) dot += static_cast<double>(query[d]) * vector[d];
    all.push_back({static_cast<float>(dot), i});
  }
  std::sort(all.begin(), all.end(), nearer);
  all.resize(std::min(all.size(), k));
  return all;
}

double recall(const std::vector<Neighbour>& found, const std::vector<Neighbour>& truth) {
  std::set<std::uint32_t> ordinals;
  for (const Neighbour& n : found) ordinals.insert(n.ordinal);
  EXPECT_EQ(ordinals.size(), found.size()) << "a neighbour came twice";
  const auto hits = std::count_if(truth.begin(), truth.end(),
                                  [&](const Neighbour& n) { return ordinals.contains(n.ordinal); });
  return static_cast<double>(hits) / static_cast<double>(truth.size());
}

TEST(NormaliseTest, GivesLengthOneOrZeros) {
  const std::vector<float> vector = {3, 4};
  std::vector<float> unit(2);
  EXPECT_TRUE(normalise(vector, unit));
  EXPECT_FLOAT_EQ(unit[0], 0.6F);
  const std::vector<float> huge = {3e38F, 3e38F};
  EXPECT_TRUE(normalise(huge, unit));
  EXPECT_NEAR(unit[0], 0.70710678, 1e-6);
  const std::vector<float> zero = {0, 0};
  EXPECT_FALSE(normalise(zero, unit));
  EXPECT_EQ(unit, zero);
}

TEST(PatternIndexTest, FewVectorsAreFoundExactly) {
  const auto index = make_index(inline_executor(), 500);
  const std::vector<float> query = unit_vector(1'000'000);
  const frys::index::SearchRequest wanted{query, 10, 64};
  const std::vector<Neighbour> truth = exact(query, 500, 10);
  EXPECT_EQ(recall(index->view()->search(wanted), truth), 1.0);
  EXPECT_EQ(index->linked(), 0U);
}

TEST(PatternIndexTest, AnEmptyOneFindsNothing) {
  const auto index = make_index(inline_executor(), 0);
  const std::vector<float> query = unit_vector(1);
  EXPECT_TRUE(index->view()->search({query, 10, 64}).empty());
}

TEST(PatternIndexTest, LinkedVectorsAreFound) {
  const auto index = make_index(inline_executor(), 5000);
  index->link_appended();
  EXPECT_GT(index->linked(), 4700U);
  double sum = 0;
  for (std::uint32_t q = 0; q < 50; ++q) {
    const std::vector<float> query = unit_vector(1'000'000 + q);
    const auto found = index->view()->search({query, 10, 100});
    EXPECT_TRUE(std::is_sorted(found.begin(), found.end(), nearer));
    sum += recall(found, exact(query, 5000, 10));
  }
  EXPECT_GT(sum / 50, 0.9);
  // Each finds itself.
  for (std::uint32_t i = 0; i < 5000; i += 97) {
    const std::vector<float> query = unit_vector(i);
    const auto found = index->view()->search({query, 1, 100});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].ordinal, i);
  }
}

TEST(PatternIndexTest, TheSameVectorsMakeTheSameGraph) {
  constexpr std::uint32_t count = 93 * index::Linker::most_at_once;
  const auto one = make_index(inline_executor(), count);
  one->link_appended();
  TestExecutor executor;
  const auto two = make_index(executor, count);
  two->link_appended();
  while (two->linked() < count) std::this_thread::yield();
  while (one->linked() < one->view()->core.size() - 256) std::this_thread::yield();
  for (std::uint32_t q = 0; q < 20; ++q) {
    const std::vector<float> query = unit_vector(1'000'000 + q);
    const frys::index::SearchRequest wanted{query, 5, 400};
    const auto a = one->view()->search(wanted);
    const auto b = two->view()->search(wanted);
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].ordinal, b[i].ordinal);
  }
}

TEST(PatternIndexTest, RepeatedVectorsAreAllFoundNewestFirst) {
  const auto index = make_index(inline_executor(), 0);
  constexpr std::uint32_t kinds = 12;
  constexpr std::uint32_t total = kinds * 1000;
  const std::vector<float> zeros(dimension);
  for (std::uint32_t i = 0; i < total; ++i) {
    // Now and then one that resembles nothing.
    add(*index, i % 100 == 99 ? zeros.data() : unit_vector(i % kinds).data());
  }
  index->link_appended();
  EXPECT_GT(index->linked(), total - 300U);
  for (std::uint32_t kind = 0; kind < kinds; ++kind) {
    const std::vector<float> query = unit_vector(kind);
    const auto found = index->view()->search({query, 16, 64});
    ASSERT_EQ(found.size(), 16U);
    std::uint32_t expected = total - kinds + kind;
    for (const Neighbour& n : found) {
      if (expected % 100 == 99) expected -= kinds;
      EXPECT_EQ(n.ordinal, expected);
      expected -= kinds;
    }
    // The oldest of all is behind the same door.
    const auto oldest = [&](std::uint32_t ordinal) { return ordinal < kinds; };
    const auto list = [](std::size_t from, std::span<std::uint32_t> out) {
      std::size_t count = 0;
      for (; count < out.size() && from + count < kinds; ++count) {
        out[count] = static_cast<std::uint32_t>(from + count);
      }
      return count;
    };
    const frys::index::NodeFilter filter{oldest, list, total};
    EXPECT_EQ(index->view()->search({query, 1, 64, &filter}).at(0).ordinal, kind);
  }
}

TEST(PatternIndexTest, AFilterHolds) {
  const auto index = make_index(inline_executor(), 4000);
  index->link_appended();
  const auto every_tenth = [](std::uint32_t ordinal) { return ordinal % 10 == 0; };
  const auto list = [](std::size_t from, std::span<std::uint32_t> out) {
    std::size_t count = 0;
    for (; count < out.size() && (from + count) * 10 < 4000; ++count) {
      out[count] = static_cast<std::uint32_t>((from + count) * 10);
    }
    return count;
  };
  const frys::index::NodeFilter filter{every_tenth, list, 400};
  double sum = 0;
  for (std::uint32_t q = 0; q < 20; ++q) {
    const std::vector<float> query = unit_vector(1'000'000 + q);
    const auto found = index->view()->search({query, 10, 64, &filter});
    ASSERT_EQ(found.size(), 10U);
    for (const Neighbour& n : found) EXPECT_EQ(n.ordinal % 10, 0U);
    sum += recall(found, exact(query, 4000, 10, 10));
  }
  EXPECT_GT(sum / 20, 0.9);
}

TEST(PatternIndexTest, TellsOneSimilarity) {
  const auto index = make_index(inline_executor(), 50);
  const std::vector<float> query = unit_vector(1'000'000);
  for (const Neighbour& n : exact(query, 50, 50)) {
    EXPECT_NEAR(index->view()->similarity(query.data(), n.ordinal), n.similarity, 1e-6);
  }
}

TEST(PatternIndexTest, ReadersFindEveryWriteWhileTheGraphGrows) {
  TestExecutor executor;
  const auto index = make_index(executor, 0);
  constexpr std::uint32_t total = 4000;
  std::vector<std::vector<float>> vectors;
  for (std::uint32_t i = 0; i < total; ++i) vectors.push_back(unit_vector(i));
  std::atomic<std::uint32_t> written{0};
  std::atomic<std::uint32_t> searches{0};
  std::atomic<std::uint32_t> missed{0};
  const auto look_for = [&](std::uint32_t wanted) {
    searches.fetch_add(1);
    const auto found = index->view()->search({vectors[wanted], 3, 150});
    if (found.empty() || found[0].ordinal != wanted) missed.fetch_add(1);
  };
  std::vector<std::thread> readers;
  for (std::uint32_t r = 0; r < 2; ++r) {
    readers.emplace_back([&, r] {
      for (std::uint32_t round = r; index->linked() < total; round += 7919) {
        const std::uint32_t known = written.load();
        if (known > 0) look_for(round % 3 == 0 ? known - 1 : round % known);
      }
    });
  }
  for (std::uint32_t i = 0; i < total; ++i) {
    add(*index, vectors[i].data());
    index->link_appended();
    written.store(i + 1);
  }
  for (std::thread& reader : readers) reader.join();
  for (std::uint32_t i = 0; i < total; i += 10) look_for(i);
  // The graph is approximate, but not to that which is in it.
  EXPECT_LE(missed.load(), searches.load() / 5000);
}

TEST(PatternIndexTest, AWriterKeepsThePaceOfTheGraph) {
  TestExecutor executor;
  const auto index = make_index(executor, 0);
  std::size_t most_waiting = 0;
  for (std::uint32_t i = 0; i < 5000; ++i) {
    add(*index, unit_vector(i).data());
    index->link_appended();
    index->keep_pace(1);
    // Nothing is linked before 1,024 are there; what waited then is caught up at two for one.
    if (i > 2500) most_waiting = std::max(most_waiting, i + 1 - index->linked());
  }
  EXPECT_LE(most_waiting, 600U);
}

TEST(PatternIndexTest, AWriterLinksWhereNobodyElseDoes) {
  TestExecutor executor(0, 0);  // No thread: what it is given waits.
  const auto index = make_index(executor, 1500);
  index->link_appended();
  index->keep_pace(0);
  EXPECT_EQ(index->linked(), 0U);
  index->keep_pace(10);
  EXPECT_EQ(index->linked(), index::Linker::most_at_once) << "two for each, in whole batches";
  for (int i = 0; i < 40; ++i) index->keep_pace(32);
  // No more than searches can bear to compare.
  EXPECT_NEAR(static_cast<double>(1500 - index->linked()), 448 - 32, 32);
  const std::size_t linked = index->linked();
  index->keep_pace(10);
  EXPECT_EQ(index->linked(), linked);
}

TEST(PatternIndexTest, NobodyIsHeldBackByAnIndexThatIsClosed) {
  TestExecutor executor(0, 0);
  const auto index = make_index(executor, 1500);
  index->close();
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) index->keep_pace(100);
  EXPECT_EQ(index->linked(), 0U);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(PatternIndexTest, ClosingEndsTheLinking) {
  TestExecutor executor;
  const auto index = make_index(executor, 5000);
  index->link_appended();
  index->close();
  const std::size_t linked = index->linked();
  EXPECT_LT(linked, 5000U);
  executor.close();
  EXPECT_EQ(index->linked(), linked);
  const std::vector<float> query = unit_vector(77);
  EXPECT_EQ(index->view()->search({query, 1, 64}).at(0).ordinal, 77U);
}

}  // namespace
}  // namespace frys::detail
