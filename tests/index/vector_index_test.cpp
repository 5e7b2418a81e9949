// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/index/vector_index.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <set>
#include <thread>

#include "index/made_vectors.hpp"

namespace frys {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float inf = std::numeric_limits<float>::infinity();

bool same(const std::vector<VectorNeighbour>& a, const std::vector<VectorNeighbour>& b) {
  return std::ranges::equal(a, b, [](const VectorNeighbour& x, const VectorNeighbour& y) {
    return x.ordinal == y.ordinal && x.distance == y.distance;
  });
}

TEST(VectorIndex, RefusesOptionsOutOfRange) {
  const auto code = [](const VectorIndexOptions& options) {
    return VectorIndex::create(options).status().code();
  };
  EXPECT_EQ(code({}), ErrorCode::invalid_argument);
  EXPECT_EQ(code({.dimension = 1}), ErrorCode::invalid_argument);
  EXPECT_EQ(code({.dimension = 4097}), ErrorCode::invalid_argument);
  EXPECT_EQ(code({.dimension = 8, .links = 3}), ErrorCode::invalid_argument);
  EXPECT_EQ(code({.dimension = 8, .links = 65}), ErrorCode::invalid_argument);
  EXPECT_EQ(code({.dimension = 8, .build_effort = 15}), ErrorCode::invalid_argument);
  EXPECT_EQ(code({.dimension = 8, .max_vectors = 0}), ErrorCode::invalid_argument);
  EXPECT_EQ(code({.dimension = 8, .metric = static_cast<Metric>(9)}), ErrorCode::invalid_argument);
  EXPECT_EQ(code({.dimension = 8, .metric = Metric::cosine, .codes = VectorCodes::exact_u8}),
            ErrorCode::invalid_argument);
  EXPECT_EQ(code({.dimension = 4096}), ErrorCode::ok);
}

TEST(VectorIndex, EmptyFindsNothing) {
  const VectorIndex index = make_index({.dimension = 4});
  EXPECT_TRUE(search(index, std::vector<float>(4), 10).empty());
  EXPECT_EQ(index.size(), 0u);
  EXPECT_EQ(index.dimension(), 4u);
}

TEST(VectorIndex, FewerThanAskedForAreAllFound) {
  const MadeVectors made(6, 2000, 1, false);
  VectorIndex index = make_index({.dimension = 6});
  ASSERT_TRUE(index.add(made.rows(0, 7)));
  EXPECT_EQ(search(index, made.query(0), 10).size(), 7u);
  ASSERT_TRUE(index.add(made.rows(7, 2000)));
  std::set<std::uint32_t> ordinals;
  for (const VectorNeighbour& n : search(index, made.query(0), 3000)) ordinals.insert(n.ordinal);
  EXPECT_GE(ordinals.size(), 1990u);
  EXPECT_TRUE(search(index, made.query(0), 0).empty());
}

TEST(VectorIndex, RefusesWhatIsNoVectorAndAddsNothingThen) {
  for (const VectorCodes codes : {VectorCodes::f32, VectorCodes::f16, VectorCodes::u8}) {
    VectorIndex index = make_index({.dimension = 3, .codes = codes});
    const std::vector<std::vector<float>> bad = {{1, 2},      {1, 2, 3, 4},          {1, nan, 3},
                                                 {1, 2, inf}, {1, 2, 3, -inf, 5, 6}, {1e20F, 2, 3}};
    for (const std::vector<float>& rows : bad) {
      EXPECT_EQ(index.add(rows).status(), ErrorCode::invalid_argument);
    }
    EXPECT_EQ(index.size(), 0u);
    const Result<std::uint32_t> first = index.add(std::vector<float>{1, 2, 3, 4, 5, 6});
    EXPECT_EQ(first.value_or(9), 0u);
    EXPECT_EQ(index.add(std::vector<float>{7, 8, 9}).value_or(9), 2u);
    EXPECT_EQ(index.size(), 3u);
  }
}

TEST(VectorIndex, ExactBytesTakeBytesOnly) {
  VectorIndex index = make_index({.dimension = 2, .codes = VectorCodes::exact_u8});
  for (const float value : {-1.0F, 256.0F, 0.5F}) {
    EXPECT_EQ(index.add(std::vector<float>{1, value}).status(), ErrorCode::invalid_argument);
  }
  EXPECT_TRUE(index.add(std::vector<float>{0, 255}));
}

TEST(VectorIndex, RefusesBadQueries) {
  VectorIndex index = make_index({.dimension = 3});
  ASSERT_TRUE(index.add(std::vector<float>{1, 2, 3}));
  std::vector<VectorNeighbour> out(2);
  const auto code = [&](const std::vector<float>& query, std::size_t count) {
    return index.search(query, count, 10, out).status().code();
  };
  EXPECT_EQ(code({1, 2}, 2), ErrorCode::invalid_argument);
  EXPECT_EQ(code({1, 2, nan}, 2), ErrorCode::invalid_argument);
  EXPECT_EQ(code({1, 2, inf}, 2), ErrorCode::invalid_argument);
  EXPECT_EQ(code({1, 2, 3}, 3), ErrorCode::invalid_argument);
  EXPECT_EQ(code({1, 2, 3}, 2), ErrorCode::ok);
}

TEST(VectorIndex, NoMoreThanItWasMadeFor) {
  const MadeVectors made(4, 1500, 1, false);
  VectorIndex index = make_index({.dimension = 4, .max_vectors = 1200});
  ASSERT_TRUE(index.add(made.rows(0, 1150)));
  const Status status = index.add(made.rows(1150, 1201)).status();
  EXPECT_EQ(status, ErrorCode::failed_precondition);
  EXPECT_NE(status.message().find("at most 1200 (max_vectors): 51 more"), std::string_view::npos)
      << status.to_string();
  EXPECT_EQ(index.size(), 1150U) << "nothing was added";
  EXPECT_TRUE(index.add(made.rows(1150, 1200)));
  EXPECT_EQ(index.size(), 1200U);
  EXPECT_EQ(search(index, made.query(0), 10).size(), 10u);
}

// Also when portions differ, and where the graph begins inside one.
TEST(VectorIndex, TheSameVectorsMakeTheSameIndex) {
  const MadeVectors made(20, 3000, 50, false);
  Environment environment;
  environment.seed = 7;
  VectorIndex whole = make_index({.dimension = 20}, environment);
  ASSERT_TRUE(whole.add(made.rows()));
  VectorIndex parts = make_index({.dimension = 20}, environment);
  for (std::size_t at = 0; at < 3000; at += 375) {
    ASSERT_EQ(parts.add(made.rows(at, at + 375)).value_or(1), at);
  }
  EXPECT_EQ(whole.bytes(), parts.bytes());
  for (std::size_t q = 0; q < made.queries(); ++q) {
    // With little effort the answers show the links.
    EXPECT_TRUE(same(search(whole, made.query(q), 8, 8), search(parts, made.query(q), 8, 8)));
  }
}

TEST(VectorIndex, AnotherSeedMakesAnotherGraph) {
  const MadeVectors made(20, 3000, 50, false);
  Environment environment;
  environment.seed = 7;
  VectorIndex one = make_index({.dimension = 20}, environment);
  environment.seed = 8;
  VectorIndex other = make_index({.dimension = 20}, environment);
  ASSERT_TRUE(one.add(made.rows()));
  ASSERT_TRUE(other.add(made.rows()));
  EXPECT_NE(one.bytes(), other.bytes());
}

TEST(VectorIndex, ManyOfTheSameHideNobody) {
  const MadeVectors made(12, 1500, 1, false);
  for (const VectorCodes codes : {VectorCodes::f32, VectorCodes::u8}) {
    VectorIndex index = make_index({.dimension = 12, .codes = codes});
    ASSERT_TRUE(index.add(made.rows(0, 1200)));
    for (int i = 0; i < 300; ++i) ASSERT_TRUE(index.add(made.row(5)));
    ASSERT_TRUE(index.add(made.rows(1200, 1500)));
    std::set<std::uint32_t> ordinals;
    for (const VectorNeighbour& n : search(index, made.row(5), 301, 301)) {
      EXPECT_NEAR(n.distance, 0, 1e-5);
      ordinals.insert(n.ordinal);
    }
    EXPECT_EQ(ordinals.size(), 301u);
    for (std::size_t i = 0; i < 1500; i += 30) {
      const std::vector<VectorNeighbour> found = search(index, made.row(i), 1, 30);
      ASSERT_EQ(found.size(), 1u);
      EXPECT_NEAR(found[0].distance, 0, 1e-5) << i;
    }
  }
}

TEST(VectorIndex, ZeroIsFarFromAllByCosine) {
  const MadeVectors made(12, 1500, 1, false);
  for (const VectorCodes codes : {VectorCodes::f32, VectorCodes::f16, VectorCodes::u8}) {
    VectorIndex index = make_index({.dimension = 12, .metric = Metric::cosine, .codes = codes});
    const std::vector<float> zero(12);
    ASSERT_TRUE(index.add(zero));
    ASSERT_TRUE(index.add(made.rows()));
    ASSERT_TRUE(index.add(zero));
    for (const VectorNeighbour& n : search(index, zero, 10)) EXPECT_EQ(n.distance, 1);
    for (const VectorNeighbour& n : search(index, made.query(0), 5)) {
      EXPECT_NE(n.ordinal, 0u);
      EXPECT_NE(n.ordinal, 1501u);
    }
  }
}

TEST(VectorIndex, VectorsThatAreAllTheSame) {
  VectorIndex index = make_index({.dimension = 5});
  ASSERT_TRUE(index.add(std::vector<float>(5 * 1300, 3.0F)));
  const std::vector<VectorNeighbour> found = search(index, std::vector<float>(5, 3.0F), 20);
  ASSERT_EQ(found.size(), 20u);
  for (const VectorNeighbour& n : found) EXPECT_EQ(n.distance, 0);
}

TEST(VectorIndex, ExactBytesAreFoundByQueriesThatAreNoBytes) {
  const MadeVectors made(16, 2000, 20, true);
  VectorIndex index = make_index({.dimension = 16, .codes = VectorCodes::exact_u8});
  ASSERT_TRUE(index.add(made.rows()));
  for (std::size_t q = 0; q < made.queries(); ++q) {
    std::vector<float> query(made.query(q).begin(), made.query(q).end());
    for (float& value : query) value = value * 1.1F - 20.3F;
    float nearest = inf;
    for (std::size_t i = 0; i < made.count(); ++i) {
      nearest = std::min(nearest, exact_distance(Metric::l2, query, made.row(i)));
    }
    EXPECT_NEAR(search(index, query, 1)[0].distance, nearest, nearest * 1e-5F);
  }
}

TEST(VectorIndex, SmallCodesTakeLittleMemory) {
  const MadeVectors made(128, 5000, 1, true);
  VectorIndex index = make_index({.dimension = 128, .codes = VectorCodes::exact_u8});
  ASSERT_TRUE(index.add(made.rows()));
  EXPECT_LE(index.bytes(), 280u * 5000u);
  EXPECT_GE(index.bytes(), 256u * 5000u);
}

TEST(VectorIndex, Moves) {
  VectorIndex one = make_index({.dimension = 2});
  ASSERT_TRUE(one.add(std::vector<float>{1, 2}));
  VectorIndex other = std::move(one);
  EXPECT_EQ(other.size(), 1u);
  one = std::move(other);
  EXPECT_EQ(search(one, std::vector<float>{1, 2}, 1).size(), 1u);
}

// From before the graph begins until after it: what was added before a search began is found.
void search_beside_a_writer(Metric metric, VectorCodes codes) {
  constexpr std::size_t rows = 1500;
  const MadeVectors made(24, rows, 1, codes == VectorCodes::exact_u8);
  VectorIndex index = make_index({.dimension = 24, .metric = metric, .codes = codes});
  std::atomic<std::size_t> added{0};
  std::atomic<int> missed{0};
  std::atomic<int> asked{0};
  const auto read = [&](std::uint64_t seed) {
    SeededRandom random(seed);
    while (added.load() < rows) {
      const std::size_t size = added.load();
      if (size == 0) continue;
      const std::size_t i = random.next_below(size);
      const float own = exact_distance(metric, made.row(i), made.row(i));
      const std::vector<VectorNeighbour> found = search(index, made.row(i), 1, 20);
      ++asked;
      if (found.empty() || found[0].distance > own + 1e-4F) ++missed;
    }
  };
  std::thread first(read, 1);
  std::thread second(read, 2);
  for (std::size_t i = 0; i < rows; ++i) {
    EXPECT_EQ(index.add(made.row(i)).value_or(0), i);
    added.store(i + 1);
  }
  first.join();
  second.join();
  EXPECT_GT(asked.load(), 0);
  EXPECT_LE(missed.load() * 100, asked.load()) << missed.load() << " of " << asked.load();
}

TEST(VectorIndex, SearchesBesideAWriterSeeWhatWasAdded) {
  search_beside_a_writer(Metric::inner_product, VectorCodes::f32);
  search_beside_a_writer(Metric::l2, VectorCodes::u8);
  search_beside_a_writer(Metric::l2, VectorCodes::exact_u8);
}

}  // namespace
}  // namespace frys
