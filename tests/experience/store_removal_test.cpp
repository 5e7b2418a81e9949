// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Experiences that are taken out, amended, or have been kept long enough.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <map>
#include <set>
#include <thread>

#include "experience/store_fixture.hpp"
#include "frys/core/fault.hpp"
#include "frys/core/simulation.hpp"

namespace frys {
namespace {

using testing::numbered_experience;
using testing::random_vector;
using testing::StoreTest;

class StoreRemovalTest : public StoreTest {
 protected:
  static Experience with_vector(int number) {
    Experience e = numbered_experience(number);
    e.embedding = random_vector(32, static_cast<std::uint32_t>(number));
    return e;
  }
  static std::vector<ExperienceId> fill(ExperienceStore& store, int begin, int end) {
    std::vector<Experience> many;
    for (int i = begin; i < end; ++i) many.push_back(with_vector(i));
    const auto ids = store.store_many(many);
    EXPECT_TRUE(ids) << ids.status().to_string();
    return ids.value_or(std::vector<ExperienceId>());
  }
  static std::vector<std::uint64_t> sequences(const ExperienceStore& store) {
    std::vector<std::uint64_t> all;
    ScanQuery query;
    query.limit = 100;
    do {
      const auto page = store.scan(query);
      EXPECT_TRUE(page) << page.status().to_string();
      if (!page) return all;
      for (const ScanRow& row : page->rows) all.push_back(row.sequence);
      query.after_sequence = page->next;
    } while (query.after_sequence != 0);
    return all;
  }
  /// Whether its own vector finds it.
  static bool finds(const ExperienceStore& store, int number) {
    SimilarityQuery query{.vector = random_vector(32, static_cast<std::uint32_t>(number)), .k = 1};
    query.outcome_weight = query.recency_weight = 0;
    const auto found = store.find_similar(query);
    EXPECT_TRUE(found) << found.status().to_string();
    return found && !found->empty() && found->matches.at(0).id == *content_id(with_vector(number));
  }
  /// Whether a query or a scan answers `id`.
  static bool answers(const Result<SimilarMatches>& matches, const ExperienceId& id) {
    EXPECT_TRUE(matches) << matches.status().to_string();
    return matches && std::ranges::any_of(*matches, [&](const Match& m) { return m.id == id; });
  }
  static bool answers(const Result<ScanPage>& page, const ExperienceId& id) {
    EXPECT_TRUE(page) << page.status().to_string();
    return page && std::ranges::any_of(page->rows, [&](const ScanRow& r) { return r.id == id; });
  }
  static void wait_for_room(const ExperienceStore& store) {
    for (int tries = 0; store.stats().removed * 8 > store.size() + 3000 && tries < 20000; ++tries) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
};

TEST_F(StoreRemovalTest, WhatIsRemovedIsNowhere) {
  for (const bool reopened : {false, true}) {
    Result<ExperienceStore> store = open();
    ASSERT_TRUE(store) << store.status().to_string();
    if (!reopened) {
      const std::vector<ExperienceId> ids = fill(*store, 0, 50);
      ASSERT_TRUE(store->remove(ids[7]).ok());
      EXPECT_EQ(store->remove(ids[7]), ErrorCode::not_found);
    }
    const ExperienceId gone = *content_id(with_vector(7));
    EXPECT_EQ(store->size(), 49U);
    EXPECT_EQ(store->get(gone).status(), ErrorCode::not_found);
    EXPECT_EQ(store->look_up(gone).status(), ErrorCode::not_found);
    EXPECT_EQ(store->remove(gone), ErrorCode::not_found);
    EXPECT_EQ(store->amend(gone, {.uses = 1}), ErrorCode::not_found);
    EXPECT_FALSE(finds(*store, 7));
    EXPECT_TRUE(finds(*store, 8));
    SimilarityQuery by_type{.vector = random_vector(32, 7), .k = 100};
    by_type.step_type = with_vector(7).step_type;
    EXPECT_FALSE(answers(store->find_similar(by_type), gone));
    const std::vector<std::uint64_t> all = sequences(*store);
    EXPECT_EQ(all.size(), 49U);
    EXPECT_FALSE(std::ranges::binary_search(all, 8U));
    EXPECT_EQ(store->stats().last_sequence, 51U) << "a removal is an entry of its own";
  }
}

TEST_F(StoreRemovalTest, TheSameMayComeAgain) {
  {
    Result<ExperienceStore> store = open();
    ASSERT_TRUE(store);
    const std::vector<ExperienceId> ids = fill(*store, 0, 3);
    ASSERT_TRUE(store->remove(ids[0]).ok());
    const auto again = store->store(with_vector(0));
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, ids[0]);
    EXPECT_TRUE(finds(*store, 0));
    EXPECT_EQ(sequences(*store), (std::vector<std::uint64_t>{2, 3, 5}));
    ASSERT_TRUE(store->remove(ids[0], {.durability = Durability::synced}).ok());
    ASSERT_TRUE(store->store(with_vector(0)));
  }
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store) << store.status().to_string();
  EXPECT_EQ(sequences(*store), (std::vector<std::uint64_t>{2, 3, 7}));
  EXPECT_TRUE(finds(*store, 0));
  EXPECT_EQ(*store->get(*content_id(with_vector(0))), with_vector(0));
}

TEST_F(StoreRemovalTest, AnAmendmentChangesTheStandingAndNotTheRecord) {
  ExperienceId id;
  for (const bool reopened : {false, true}) {
    Result<ExperienceStore> store = open();
    ASSERT_TRUE(store) << store.status().to_string();
    if (!reopened) {
      id = fill(*store, 0, 20)[1];  // A failure, reward ½.
      EXPECT_TRUE(store->amend(id, {.reward = 9}).ok());
      EXPECT_TRUE(store->amend(id, {.outcome = Outcome::success, .uses = 2}).ok());
      EXPECT_TRUE(store->amend(id, {.uses = 3}).ok());
    }
    const auto row = store->look_up(id);
    ASSERT_TRUE(row);
    EXPECT_EQ(row->sequence, 2U);
    EXPECT_EQ(row->outcome, Outcome::success);
    EXPECT_EQ(row->reward, 9);
    EXPECT_EQ(row->uses, 5U);
    EXPECT_GT(row->used_at_ns, 0);
    EXPECT_EQ(*store->get(id), with_vector(1)) << "the record stays";
    SimilarityQuery query{.vector = random_vector(32, 1), .k = 1};
    query.recency_weight = 0;
    const auto match = store->find_similar(query);
    ASSERT_TRUE(match && match->size() == 1);
    EXPECT_EQ(match->matches.at(0).outcome, Outcome::success);
    EXPECT_EQ(match->matches.at(0).outcome_factor, 1);
    EXPECT_EQ(match->matches.at(0).reward, 9);
    EXPECT_EQ(match->matches.at(0).uses, 5U);
    query.outcome = Outcome::failure;
    EXPECT_FALSE(answers(store->find_similar(query), id));
    query.outcome = Outcome::success;
    EXPECT_TRUE(answers(store->find_similar(query), id));
    ScanQuery failures;
    failures.outcome = Outcome::failure;
    EXPECT_FALSE(answers(store->scan(failures), id));
  }
}

TEST_F(StoreRemovalTest, BadAmendmentsAreRefused) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  const ExperienceId id = fill(*store, 0, 1)[0];
  const Status status =
      store->amend(id, {.reward = std::numeric_limits<double>::quiet_NaN(), .uses = 1});
  EXPECT_EQ(status, ErrorCode::invalid_argument);
  EXPECT_NE(status.message().find("reward"), std::string_view::npos);
  EXPECT_EQ(store->amend(id, {.outcome = static_cast<Outcome>(3)}), ErrorCode::invalid_argument);
  EXPECT_EQ(store->look_up(id)->uses, 0U);
  EXPECT_TRUE(store->amend(id, {.uses = std::numeric_limits<std::uint64_t>::max()}).ok());
  EXPECT_TRUE(store->amend(id, {.uses = 5}).ok());
  EXPECT_EQ(store->look_up(id)->uses, std::numeric_limits<std::uint64_t>::max());
  ASSERT_TRUE(store->close().ok());
  EXPECT_EQ(store->remove(id), ErrorCode::closed);
  EXPECT_EQ(store->amend(id, {}), ErrorCode::closed);
  EXPECT_EQ(store->look_up(id).status(), ErrorCode::closed);
  EXPECT_EQ(store->remove_matching({}).status(), ErrorCode::closed);
}

TEST_F(StoreRemovalTest, AllThatMatchAreRemoved) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  fill(*store, 0, 2100);
  ScanQuery which;
  which.workflow = "workflow-1";
  which.outcome = Outcome::failure;
  which.limit = 1;                               // Not looked at,
  which.after_sequence = 2000;                   // nor this,
  which.started_from_ns = 1'000'000'000LL + 10;  // but this.
  const auto removed = store->remove_matching(which);
  ASSERT_TRUE(removed) << removed.status().to_string();
  EXPECT_EQ(*removed, 697U);  // 13, 16, … 2098 and 10.
  EXPECT_EQ(store->size(), 2100U - 697U);
  for (const int there : {1, 4, 7, 11, 12}) EXPECT_TRUE(finds(*store, there)) << there;
  for (const int gone : {10, 13, 2098}) EXPECT_FALSE(finds(*store, gone)) << gone;
  EXPECT_EQ(*store->remove_matching(which), 0U);
  EXPECT_EQ(*store->remove_matching({}), 2100U - 697U);
  EXPECT_EQ(store->size(), 0U);
  EXPECT_TRUE(store->find_similar({.vector = random_vector(32, 1)})->empty());
  fill(*store, 0, 10);
  EXPECT_EQ(store->size(), 10U);
  EXPECT_TRUE(finds(*store, 3));
}

// The set is replaced several times over.
TEST_F(StoreRemovalTest, RemovedOnesGiveTheirMemoryBack) {
  constexpr int live = 3000;
  for (const bool threads : {false, true}) {
    ExperienceStoreOptions fresh = options();
    fresh.path = folder_ / (threads ? "threads" : "inline");
    {
      Result<ExperienceStore> store =
          ExperienceStore::open(fresh, threads ? environment() : Environment());
      ASSERT_TRUE(store);
      fill(*store, 0, live);
      const std::uint64_t bytes = store->stats().index_bytes;
      for (int at = 0; at < 2 * live; at += 500) {
        for (int i = at; i < at + 500; ++i) {
          ASSERT_TRUE(store->remove(*content_id(with_vector(i))).ok());
        }
        fill(*store, live + at, live + at + 500);
        if (threads) wait_for_room(*store);
      }
      const ExperienceStoreStats stats = store->stats();
      EXPECT_EQ(stats.experiences, static_cast<std::uint64_t>(live));
      EXPECT_LE(stats.removed, live / 4);
      EXPECT_LE(stats.index_bytes, bytes + bytes / 4);
      for (int i = 2 * live; i < 3 * live; i += 7) EXPECT_TRUE(finds(*store, i)) << i;
      for (int i = 0; i < 2 * live; i += 97) EXPECT_FALSE(finds(*store, i)) << i;
      ASSERT_TRUE(store->close().ok());
    }
    // Its graph was saved with some that were removed: it is mended as it is loaded.
    SimulatedExecutor nothing_runs;
    Environment still;
    still.executor = &nothing_runs;
    Result<ExperienceStore> store = ExperienceStore::open(fresh, still);
    ASSERT_TRUE(store) << store.status().to_string();
    EXPECT_GT(store->stats().indexed, live / 2U);
    EXPECT_EQ(store->stats().removed, 0U);
    EXPECT_EQ(store->size(), static_cast<std::uint64_t>(live));
    int missed = 0;
    for (int i = 2 * live; i < 3 * live; i += 7) missed += finds(*store, i) ? 0 : 1;
    EXPECT_LE(missed, 2);
  }
}

TEST_F(StoreRemovalTest, TheSameCallsMakeTheSameAnswers) {
  const auto run = [&](const std::string& name, const Environment& where) {
    ExperienceStoreOptions fresh = options();
    fresh.path = folder_ / name;
    Result<ExperienceStore> store = ExperienceStore::open(fresh, where);
    EXPECT_TRUE(store);
    for (int i = 0; i < 4000; ++i) {
      EXPECT_TRUE(store->store(with_vector(i)));
      if (i % 3 == 2) {
        EXPECT_TRUE(store->remove(*content_id(with_vector(i / 3))).ok());
      }
    }
    while (store->stats().indexed + 300 < store->size()) std::this_thread::yield();
    std::vector<std::vector<std::uint64_t>> answers;
    for (std::uint32_t q = 0; q < 40; ++q) {
      SimilarityQuery query{.vector = random_vector(32, 100'000 + q), .k = 10, .effort = 10};
      query.outcome_weight = query.recency_weight = 0;
      answers.emplace_back();
      const auto found = store->find_similar(query);
      for (const Match& match : *found) answers.back().push_back(match.sequence);
    }
    return answers;
  };
  EXPECT_EQ(run("inline", Environment()), run("inline again", Environment()));
}

TEST_F(StoreRemovalTest, WhatWasKeptLongEnoughGoes) {
  ManualClock clock(1'000'000'000);
  Environment timed = environment();
  timed.clock = &clock;
  ExperienceStoreOptions forgetful = options();
  forgetful.keep_for_ns = 1'000'000'000;
  {
    Result<ExperienceStore> store = ExperienceStore::open(forgetful, timed);
    ASSERT_TRUE(store) << store.status().to_string();
    fill(*store, 0, 700);
    clock.advance(600'000'000);
    fill(*store, 700, 800);
    EXPECT_EQ(store->size(), 800U);
    clock.advance(600'000'000);
    ASSERT_TRUE(store->store(with_vector(800)));
    EXPECT_EQ(store->size(), 801U - 256U) << "some at a time";
    ASSERT_TRUE(store->store(with_vector(801)));
    ASSERT_TRUE(store->store(with_vector(802)));
    EXPECT_EQ(store->size(), 103U);
    EXPECT_FALSE(finds(*store, 699));
    EXPECT_TRUE(finds(*store, 700));
  }
  clock.advance(600'000'000);
  Result<ExperienceStore> store = ExperienceStore::open(forgetful, timed);
  ASSERT_TRUE(store) << store.status().to_string();
  EXPECT_EQ(store->size(), 3U);
  // What was removed and came again is as old as that.
  const ExperienceId id = *store->store(with_vector(900));
  clock.advance(600'000'000);
  ASSERT_TRUE(store->remove(id).ok());
  ASSERT_TRUE(store->store(with_vector(900)));
  clock.advance(600'000'000);
  ASSERT_TRUE(store->store(with_vector(901)));
  EXPECT_TRUE(store->look_up(id));
  clock.advance(600'000'000);
  ASSERT_TRUE(store->store(with_vector(902)));
  EXPECT_FALSE(store->look_up(id));
  ASSERT_TRUE(store->close().ok());
  // A disk that takes nothing does not keep a store closed.
  clock.advance(2'000'000'000);
  FaultInjector faults;
  faults.fail("experience.write", 1, Status(ErrorCode::io_error, "refused by the test"));
  timed.faults = &faults;
  store = ExperienceStore::open(forgetful, timed);
  ASSERT_TRUE(store) << store.status().to_string();
  EXPECT_EQ(store->size(), 2U);
  ASSERT_TRUE(store->store(with_vector(903)));
  EXPECT_EQ(store->size(), 1U);
  ExperienceStoreOptions wrong = options();
  wrong.keep_for_ns = -1;
  EXPECT_EQ(ExperienceStore::open(wrong, timed).status(), ErrorCode::invalid_argument);
}

TEST_F(StoreRemovalTest, WhatComesAgainMeanwhileIsNoError) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->store(with_vector(0)));
  std::atomic<bool> done{false};
  std::thread replacer([&] {
    for (int i = 0; i < 3000; ++i) {
      EXPECT_TRUE(store->remove(*content_id(with_vector(0))).ok());
      EXPECT_TRUE(store->store(with_vector(0)));
    }
    done = true;
  });
  ScanQuery scan;
  scan.with_experience = true;
  while (!done.load()) {
    const Result<ScanPage> page = store->scan(scan);
    EXPECT_TRUE(page) << page.status().to_string();
    if (!page) break;
  }
  replacer.join();
}

TEST_F(StoreRemovalTest, WritersReadersAndRemoversTogether) {
  constexpr int each = 1200;
  std::map<int, bool> is_there;
  {
    Result<ExperienceStore> store = open();
    ASSERT_TRUE(store);
    std::atomic<bool> done{false};
    std::atomic<int> problems{0};
    std::vector<std::thread> threads;
    for (int w = 0; w < 3; ++w) {
      threads.emplace_back([&, w] {
        for (int i = 0; i < each; ++i) {
          const int number = w * each + i;
          const auto id = store->store(with_vector(number));
          if (!id || !finds(*store, number)) ++problems;
          // Each removes what it stored some time ago, but for every fourth.
          const int old = number - 100;
          if (i < 100 || old % 4 == 0) continue;
          if (!store->remove(*content_id(with_vector(old))).ok()) ++problems;
          if (finds(*store, old)) ++problems;
        }
      });
    }
    for (std::uint32_t r = 0; r < 2; ++r) {
      threads.emplace_back([&, r] {
        for (std::uint32_t seed = r; !done.load(); ++seed) {
          SimilarityQuery query{.vector = random_vector(32, seed), .k = 5};
          query.with_experience = seed % 2 == 0;
          query.step_type = seed % 3 == 0 ? "type-3" : "";
          const auto found = store->find_similar(query);
          if (!found) ++problems;
          ScanQuery scan;
          scan.after_sequence = seed % 1000;
          scan.with_experience = seed % 4 == 0;
          if (!store->scan(scan)) ++problems;
        }
      });
    }
    for (int w = 0; w < 3; ++w) threads[w].join();
    done = true;
    threads[3].join();
    threads[4].join();
    EXPECT_EQ(problems.load(), 0);
    EXPECT_TRUE(store->close().ok());
  }
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store) << store.status().to_string();
  std::size_t there = 0;
  for (int number = 0; number < 3 * each; ++number) {
    const bool kept = number % each >= each - 100 || number % 4 == 0;
    there += kept ? 1 : 0;
    EXPECT_EQ(store->get(*content_id(with_vector(number))).has_value(), kept) << number;
  }
  EXPECT_EQ(store->size(), there);
}

}  // namespace
}  // namespace frys
