// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/commit_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "experience/operation_gate.hpp"
#include "experience/store_fixture.hpp"

namespace frys {
namespace {

using testing::numbered_experience;
using testing::random_vector;
using testing::StoreTest;

class StoreConcurrencyTest : public StoreTest {};

TEST_F(StoreConcurrencyTest, WritersAndReadersTogether) {
  constexpr int writers = 4;
  constexpr int each = 400;
  std::vector<std::vector<ExperienceId>> ids(writers);
  {
    Result<ExperienceStore> store = open();
    ASSERT_TRUE(store);
    std::atomic<bool> done{false};
    std::atomic<int> problems{0};
    std::vector<std::thread> threads;
    for (int w = 0; w < writers; ++w) {
      threads.emplace_back([&, w] {
        for (int i = 0; i < each; ++i) {
          Experience e = numbered_experience(i);
          e.agent = "writer-" + std::to_string(w);
          e.embedding = random_vector(32, static_cast<std::uint32_t>(w * each + i));
          const auto durability = i % 50 == 0 ? Durability::synced : Durability::buffered;
          const auto id = store->store(e, {.durability = durability});
          if (!id) {
            ++problems;
            continue;
          }
          ids[w].push_back(*id);
          // A write that returned is seen at once.
          SimilarityQuery query{.vector = e.embedding, .k = 1};
          query.agent = e.agent;
          const auto found = store->find_similar(query);
          if (!found || found->empty() || found->matches.at(0).id != *id) ++problems;
        }
      });
    }
    for (int r = 0; r < 2; ++r) {
      threads.emplace_back([&, r] {
        std::uint32_t seed = static_cast<std::uint32_t>(r);
        while (!done.load()) {
          SimilarityQuery query{.vector = random_vector(32, seed++), .k = 5};
          query.with_experience = seed % 2 == 0;
          query.step_type = seed % 3 == 0 ? "type-3" : "";
          const auto found = store->find_similar(query);
          if (!found) ++problems;
          (void)store->stats();
        }
      });
    }
    for (int w = 0; w < writers; ++w) threads[w].join();
    done = true;
    threads[writers].join();
    threads[writers + 1].join();
    EXPECT_EQ(problems.load(), 0);
    EXPECT_EQ(store->size(), static_cast<std::uint64_t>(writers * each));
  }
  Result<ExperienceStore> store = open();  // Also checks that the log has no gap.
  ASSERT_TRUE(store) << store.error().to_string();
  EXPECT_EQ(store->size(), static_cast<std::uint64_t>(writers * each));
  std::set<std::uint64_t> sequences;
  SimilarityQuery all{.text = "situation", .k = 10'000};
  all.minimum_score = -1;
  const auto matches = store->find_similar(all);
  ASSERT_TRUE(matches);
  for (const Match& match : *matches) sequences.insert(match.sequence);
  EXPECT_GT(sequences.size(), static_cast<std::size_t>(writers * each) * 9 / 10);
  for (const auto& list : ids) {
    for (const ExperienceId& id : list) EXPECT_TRUE(store->get(id));
  }
}

TEST_F(StoreConcurrencyTest, TheSameContentFromManyThreadsIsStoredOnce) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  std::vector<std::thread> threads;
  std::atomic<int> problems{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        if (!store->store(numbered_experience(i))) ++problems;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(problems.load(), 0);
  EXPECT_EQ(store->size(), 100U);
}

TEST_F(StoreConcurrencyTest, ClosingWaitsForWhoIsInside) {
  for (int round = 0; round < 5; ++round) {
    ExperienceStoreOptions fresh = options();
    fresh.path = folder_ / ("store-" + std::to_string(round));
    Result<ExperienceStore> store = ExperienceStore::open(fresh, environment());
    ASSERT_TRUE(store);
    std::atomic<int> acknowledged{0};
    std::atomic<int> problems{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0;; ++i) {
          const auto id = store->store(numbered_experience(t * 100'000 + i));
          if (!id) {
            if (!(id.error() == ErrorCode::closed)) ++problems;
            return;
          }
          ++acknowledged;
        }
      });
    }
    while (acknowledged.load() < 200) std::this_thread::yield();
    EXPECT_TRUE(store->close().ok());
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(problems.load(), 0);
    Result<ExperienceStore> again = ExperienceStore::open(fresh, environment());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->size(), static_cast<std::uint64_t>(acknowledged.load()));
  }
}

TEST_F(StoreConcurrencyTest, WritersDoNotOutrunTheGraph) {
  ExperienceStoreOptions slow_to_link = options();
  slow_to_link.graph_build_effort = 200;
  Result<ExperienceStore> store = ExperienceStore::open(slow_to_link, environment());
  ASSERT_TRUE(store);
  constexpr int writers = 3;
  std::vector<std::thread> threads;
  std::atomic<int> problems{0};
  for (int w = 0; w < writers; ++w) {
    threads.emplace_back([&, w] {
      std::vector<Experience> some(4);
      for (int i = 0; i < 250; ++i) {
        for (std::size_t j = 0; j < some.size(); ++j) {
          some[j] = numbered_experience((w * 250 + i) * 4 + static_cast<int>(j));
          some[j].embedding = random_vector(32, static_cast<std::uint32_t>(some[j].duration_ns));
        }
        if (!store->store_many(some)) ++problems;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const ExperienceStoreStats stats = store->stats();
  EXPECT_EQ(problems.load(), 0);
  EXPECT_EQ(stats.experiences, 3000U);
  // Nothing is linked before 1,024 are there; what waits then gets less with every write.
  EXPECT_LE(stats.experiences - stats.indexed, 800U);
}

TEST(OperationGateTest, LetsNobodyInOnceClosed) {
  detail::OperationGate gate;
  ASSERT_TRUE(gate.enter());
  std::atomic<bool> closed{false};
  std::thread closer([&] {
    gate.close();
    closed = true;
  });
  while (!gate.closed()) std::this_thread::yield();
  EXPECT_FALSE(gate.enter());
  EXPECT_FALSE(closed.load());
  gate.leave();
  closer.join();
  EXPECT_TRUE(closed.load());
  gate.close();
}

}  // namespace
}  // namespace frys
