// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What an answer says of itself: which writes it has seen, and how much of the nearest it found.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <map>
#include <set>
#include <thread>
#include <vector>

#include "experience/store_fixture.hpp"

namespace frys::testing {
namespace {

constexpr std::size_t batch = 96;   // Experiences that are stored at one go,
constexpr std::size_t removed = 8;  // of which the first are removed,
constexpr std::size_t amended = 8;  // and the next amended.
constexpr std::size_t writes_of_batch = batch + removed + amended;
constexpr std::size_t batches = 40;

/// The writes of one thread, each of which has the sequence after the last.
class SimilarMatchesTest : public StoreTest {
 protected:
  SimilarMatchesTest() {
    for (std::size_t i = 0; i < batches * batch; ++i) {
      Experience e = numbered_experience(static_cast<int>(i));
      e.workflow = batch_name(i / batch);
      e.embedding = random_vector(4, static_cast<std::uint32_t>(i));
      experiences_.push_back(std::move(e));
    }
  }
  [[nodiscard]] ExperienceStoreOptions small() const {
    ExperienceStoreOptions small = options();
    small.dimension = 4;
    return small;
  }
  [[nodiscard]] static std::string batch_name(std::size_t number) {
    return "batch-" + std::to_string(number);
  }
  [[nodiscard]] static SimilarityQuery all() {
    SimilarityQuery query{.vector = {1, 0, 0, 0}, .k = batches * batch};
    query.minimum_score = -1;
    return query;
  }
  [[nodiscard]] static SimilarityQuery all_of(std::size_t number) {
    SimilarityQuery query = all();
    query.workflow = batch_name(number);
    return query;
  }
  [[nodiscard]] ExperienceId id_of(std::size_t number) const {
    return *content_id(experiences_[number]);
  }
  /// Returns the sequence of the last write.
  std::uint64_t write(ExperienceStore& store, std::size_t number) {
    const std::size_t first = number * batch;
    EXPECT_TRUE(store.store_many(std::span(experiences_).subspan(first, batch)));
    last_.store(number * writes_of_batch + batch);
    for (std::size_t i = 0; i < removed; ++i, ++last_) {
      EXPECT_TRUE(store.remove(id_of(first + i)).ok());
    }
    for (std::size_t i = 0; i < amended; ++i, ++last_) {
      EXPECT_TRUE(store.amend(id_of(first + removed + i), {.reward = -1}).ok());
    }
    return last_;
  }
  /// How much of what batch `number` wrote until then the answer does not show.
  static std::size_t unseen(const SimilarMatches& answer, std::size_t number) {
    std::map<std::uint64_t, double> rewards;
    for (const Match& match : answer) rewards[match.sequence] = match.reward;
    std::size_t unseen = 0;
    const std::uint64_t begin = number * writes_of_batch + 1;
    for (std::size_t i = 0; i < writes_of_batch && begin + i <= answer.sees_through; ++i) {
      if (i < batch) {
        unseen += i >= removed && rewards.count(begin + i) == 0 ? 1U : 0U;
      } else if (i < batch + removed) {
        unseen += rewards.count(begin + i - batch);
      } else {
        unseen += rewards[begin + i - batch] == -1 ? 0U : 1U;
      }
    }
    return unseen;
  }

  std::vector<Experience> experiences_;
  std::atomic<std::uint64_t> last_{0};  // That was acknowledged.
};

TEST_F(SimilarMatchesTest, SeesEveryWriteUpToItsSequenceBesideAWriter) {
  auto store = ExperienceStore::open(small(), environment());
  ASSERT_TRUE(store) << store.status().to_string();
  std::atomic<bool> ended{false};
  std::thread writer([&] {
    for (std::size_t i = 0; i < batches; ++i) write(*store, i);
    ended.store(true);
  });
  std::size_t missed = 0;
  std::size_t behind = 0;
  while (!ended.load()) {
    const std::uint64_t acknowledged = last_.load();
    const std::size_t number = acknowledged / writes_of_batch;
    const auto answer = store->find_similar(all_of(number));
    ASSERT_TRUE(answer) << answer.status().to_string();
    missed += unseen(*answer, number);
    behind += answer->sees_through < acknowledged ? 1U : 0U;
  }
  writer.join();
  EXPECT_EQ(missed, 0U) << "it claims to have seen what it has not";
  EXPECT_EQ(behind, 0U) << "a write had returned before the call";
  EXPECT_EQ(store->find_similar(all())->sees_through, batches * writes_of_batch);
}

TEST_F(SimilarMatchesTest, SeesWhatAnEarlierProcessWrote) {
  std::uint64_t last = 0;
  {
    auto store = ExperienceStore::open(small(), environment());
    ASSERT_TRUE(store) << store.status().to_string();
    EXPECT_EQ(store->find_similar(all())->sees_through, 0U);
    last = write(*store, 0);
  }
  const auto store = ExperienceStore::open(small(), environment());
  ASSERT_TRUE(store) << store.status().to_string();
  const auto answer = store->find_similar(all());
  ASSERT_TRUE(answer) << answer.status().to_string();
  EXPECT_EQ(answer->sees_through, last);
  EXPECT_EQ(unseen(*answer, 0), 0U);
  EXPECT_EQ(store->find_similar(all_of(batches))->sees_through, last);
}

TEST_F(SimilarMatchesTest, IsARangeOfItsMatches) {
  auto store = ExperienceStore::open(small(), environment());
  ASSERT_TRUE(store) << store.status().to_string();
  EXPECT_TRUE(store->find_similar(all())->empty());
  write(*store, 0);
  const auto answer = store->find_similar(all());
  ASSERT_TRUE(answer) << answer.status().to_string();
  ASSERT_EQ(answer->size(), batch - removed);
  std::set<std::uint64_t> sequences;
  for (const Match& match : *answer) sequences.insert(match.sequence);
  EXPECT_EQ(sequences.size(), answer->size());
  EXPECT_EQ(answer->front().sequence, answer->matches[0].sequence);
  EXPECT_EQ((*answer)[1].sequence, answer->matches[1].sequence);
}

TEST_F(SimilarMatchesTest, IsExactWhereAllAreCompared) {
  auto store = ExperienceStore::open(small(), environment());
  ASSERT_TRUE(store) << store.status().to_string();
  EXPECT_EQ(store->find_similar(all())->estimated_recall, 1);
  write(*store, 0);
  EXPECT_EQ(store->find_similar(all())->estimated_recall, 1);
  EXPECT_EQ(store->find_similar(all_of(batches))->estimated_recall, 1);
}

constexpr std::size_t many = 5000;
constexpr std::size_t dimension = 16;

/// A store that is searched through its graph.
class EstimatedRecallTest : public StoreTest {
 protected:
  [[nodiscard]] ExperienceStoreOptions coarse() const {
    ExperienceStoreOptions coarse = options();
    coarse.dimension = dimension;
    coarse.graph_links = 6;
    coarse.graph_build_effort = 24;
    return coarse;
  }
  static void fill(ExperienceStore& store, std::size_t from, std::size_t to) {
    std::vector<Experience> some;
    for (std::size_t i = from; i < to; ++i) {
      some.push_back(numbered_experience(static_cast<int>(i)));
      some.back().embedding = random_vector(dimension, static_cast<std::uint32_t>(i));
    }
    ASSERT_TRUE(store.store_many(some));
  }
  /// One that was filled before it was opened: what is linked then is measured once.
  Result<ExperienceStore> filled(std::size_t count) {
    auto store = ExperienceStore::open(coarse(), environment());
    if (!store) return store;
    fill(*store, 0, count);
    const Status status = store->close();
    if (!status.ok()) return status;
    return ExperienceStore::open(coarse(), environment());
  }
  [[nodiscard]] static SimilarityQuery query(std::size_t number, std::size_t effort) {
    SimilarityQuery query;
    query.vector = random_vector(dimension, static_cast<std::uint32_t>(many + number));
    query.outcome_weight = 0;
    query.recency_weight = 0;
    query.effort = effort;
    return query;
  }
  /// What the store expects when it has measured itself; −1 when it does not.
  [[nodiscard]] static double wait_for_estimate(const ExperienceStore& store, std::size_t effort) {
    const auto latest = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < latest) {
      const auto answer = store.find_similar(query(0, effort));
      if (answer && answer->estimated_recall) return *answer->estimated_recall;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return -1;
  }
};

TEST_F(EstimatedRecallTest, IsWhatQueriesFind) {
  const auto store = filled(many);
  ASSERT_TRUE(store) << store.status().to_string();
  ASSERT_GT(wait_for_estimate(*store, 0), 0);
  double before = 0;
  for (const std::size_t effort : {12U, 24U, 96U}) {
    const double expected = wait_for_estimate(*store, effort);
    std::size_t found = 0;
    for (std::size_t i = 0; i < 100; ++i) {
      const auto all = store->find_similar(query(i, 4096));  // All codes are compared.
      const auto some = store->find_similar(query(i, effort));
      ASSERT_TRUE(all && some);
      std::set<std::uint64_t> nearest;
      for (const Match& match : *all) nearest.insert(match.sequence);
      for (const Match& match : *some) found += nearest.count(match.sequence);
    }
    const double recall = static_cast<double>(found) / 1000;
    EXPECT_NEAR(expected, recall, 0.02 + 0.3 * (1 - recall)) << "effort " << effort;
    EXPECT_GE(expected, before);
    before = expected;
  }
  EXPECT_GT(before, 0.95);
  EXPECT_LT(wait_for_estimate(*store, 12), 0.95) << "else there was nothing to estimate";
}

TEST_F(EstimatedRecallTest, IsOneThroughANarrowFilter) {
  const auto store = filled(3000);
  ASSERT_TRUE(store) << store.status().to_string();
  const double expected = wait_for_estimate(*store, 12);
  ASSERT_TRUE(expected > 0 && expected < 1) << expected;
  SimilarityQuery narrow = query(0, 12);
  narrow.workflow = "workflow-1";
  EXPECT_EQ(store->find_similar(narrow)->estimated_recall, 1);
}

/// Ranking by more than likeness keeps 64 candidates at least; so much is expected then.
TEST_F(EstimatedRecallTest, IsThatOfTheEffortTaken) {
  const auto store = filled(many);
  ASSERT_TRUE(store) << store.status().to_string();
  const double expected = wait_for_estimate(*store, 64);
  ASSERT_GT(expected, wait_for_estimate(*store, 12));
  SimilarityQuery ranked = query(0, 12);
  ranked.recency_weight = 0.1;
  EXPECT_EQ(store->find_similar(ranked)->estimated_recall, expected);
}

TEST_F(EstimatedRecallTest, ComesWithAGraphThatIsLoaded) {
  const auto store = filled(2000);
  ASSERT_TRUE(store) << store.status().to_string();
  EXPECT_GT(wait_for_estimate(*store, 12), 0) << "though nothing is written";
}

TEST_F(EstimatedRecallTest, ComesWhileTheStoreGrows) {
  auto store = ExperienceStore::open(coarse(), environment());
  ASSERT_TRUE(store) << store.status().to_string();
  fill(*store, 0, 2000);
  EXPECT_GT(wait_for_estimate(*store, 12), 0);
}

TEST_F(EstimatedRecallTest, IsMeasuredByWritersWhereThereIsNoBackground) {
  Environment alone = environment();
  alone.executor = &inline_executor();
  auto store = ExperienceStore::open(coarse(), alone);
  ASSERT_TRUE(store) << store.status().to_string();
  fill(*store, 0, 1024);
  EXPECT_FALSE(store->find_similar(query(0, 12))->estimated_recall) << "it takes more steps";
  std::size_t stored = 1024;
  for (; stored < many && !store->find_similar(query(0, 12))->estimated_recall; stored += 256) {
    fill(*store, stored, stored + 256);
  }
  EXPECT_LT(stored, 3U * 1024U);
}

}  // namespace
}  // namespace frys::testing
