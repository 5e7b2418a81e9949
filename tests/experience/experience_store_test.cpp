// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/experience/experience_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <fstream>
#include <future>
#include <limits>
#include <random>
#include <thread>

#include "experience/store_fixture.hpp"
#include "frys/core/simulation.hpp"

namespace frys {
namespace {

using ::testing::HasSubstr;
using testing::numbered_experience;
using testing::random_vector;
using testing::StoreTest;

class ExperienceStoreTest : public StoreTest {};

TEST_F(ExperienceStoreTest, StoresFindsAndGets) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store) << store.error().to_string();
  Experience experience = numbered_experience(1);
  experience.payload = {std::byte{1}, std::byte{0}, std::byte{255}};
  experience.tags = {"a", "b"};
  const Result<ExperienceId> id = store->store(experience);
  ASSERT_TRUE(id) << id.error().to_string();
  EXPECT_EQ(store->size(), 1U);
  EXPECT_EQ(*id, *content_id(experience));

  const Result<Experience> back = store->get(*id);
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, experience);

  const auto matches = store->find_similar({.text = experience.situation});
  ASSERT_TRUE(matches) << matches.error().to_string();
  ASSERT_EQ(matches->size(), 1U);
  EXPECT_EQ((*matches)[0].id, *id);
  EXPECT_NEAR((*matches)[0].similarity, 1.0, 1e-5);
  EXPECT_EQ((*matches)[0].sequence, 1U);
  EXPECT_FALSE((*matches)[0].experience.has_value());
}

TEST_F(ExperienceStoreTest, TheSameContentIsOneExperience) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  const auto first = store->store(numbered_experience(1));
  const auto second = store->store(numbered_experience(1), {.durability = Durability::synced});
  ASSERT_TRUE(first);
  ASSERT_TRUE(second);
  EXPECT_EQ(*first, *second);
  EXPECT_EQ(store->size(), 1U);
  ASSERT_TRUE(store->store(numbered_experience(2)));
  EXPECT_EQ(store->size(), 2U);
}

TEST_F(ExperienceStoreTest, EverythingIsThereAfterReopening) {
  std::vector<ExperienceId> ids;
  {
    Result<ExperienceStore> store = open();
    ASSERT_TRUE(store);
    for (int i = 0; i < 50; ++i) ids.push_back(*store->store(numbered_experience(i)));
    EXPECT_TRUE(store->close().ok());
    EXPECT_TRUE(store->close().ok());
  }
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store) << store.error().to_string();
  EXPECT_EQ(store->size(), 50U);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(*store->get(ids[i]), numbered_experience(i));
    SimilarityQuery query{.text = numbered_experience(i).situation, .k = 1};
    query.outcome_weight = 0;
    query.recency_weight = 0;
    const auto matches = store->find_similar(query);
    ASSERT_TRUE(matches);
    ASSERT_EQ(matches->size(), 1U);
    EXPECT_EQ((*matches)[0].id, ids[i]);
    EXPECT_EQ((*matches)[0].sequence, i + 1U);
  }
  EXPECT_EQ(*store->store(numbered_experience(7)), ids[7]);
  EXPECT_EQ(store->size(), 50U);
}

TEST_F(ExperienceStoreTest, FiltersHold) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  for (int i = 0; i < 210; ++i) ASSERT_TRUE(store->store(numbered_experience(i)));
  SimilarityQuery query{.text = "situation of the test", .k = 1000};
  query.workflow = "workflow-1";
  EXPECT_EQ(store->find_similar(query)->size(), 70U);
  query.agent = "agent-2";
  EXPECT_EQ(store->find_similar(query)->size(), 14U);
  query.step_type = "type-3";
  EXPECT_EQ(store->find_similar(query)->size(), 2U);  // i ≡ 52 (mod 105).
  query.step_type = "type-99";
  EXPECT_EQ(store->find_similar(query)->size(), 0U);
  SimilarityQuery failures{.text = "situation of the test", .k = 1000};
  failures.outcome = Outcome::failure;
  const auto matches = store->find_similar(failures);
  EXPECT_EQ(matches->size(), 70U);
  for (const Match& match : *matches) EXPECT_EQ(match.outcome, Outcome::failure);
}

TEST_F(ExperienceStoreTest, RankingIsTheProductItSaysItIs) {
  ManualClock clock(1'000'000'000'000);
  Environment with_clock = environment();
  with_clock.clock = &clock;
  Result<ExperienceStore> store = ExperienceStore::open(options(), with_clock);
  ASSERT_TRUE(store);
  Experience experience;
  experience.embedding = random_vector(32, 1);
  for (const Outcome outcome : {Outcome::failure, Outcome::partial, Outcome::success}) {
    experience.outcome = outcome;
    experience.started_at_ns = outcome == Outcome::success ? 500'000'000'000 : clock.wall_ns();
    ASSERT_TRUE(store->store(experience));
  }
  SimilarityQuery query{.vector = experience.embedding, .k = 3};
  query.outcome_weight = 0.5;
  query.recency_weight = 0.8;
  query.recency_half_life_ns = 500'000'000'000;
  const auto matches = store->find_similar(query);
  ASSERT_TRUE(matches);
  ASSERT_EQ(matches->size(), 3U);
  // Success, one half-life old: 1 × 1 × 0.6. Partial: 0.75. Failure: 0.5.
  EXPECT_EQ((*matches)[0].outcome, Outcome::partial);
  EXPECT_NEAR((*matches)[0].score, 0.75, 1e-6);
  EXPECT_EQ((*matches)[1].outcome, Outcome::success);
  EXPECT_NEAR((*matches)[1].score, 0.6, 1e-6);
  EXPECT_EQ((*matches)[2].outcome, Outcome::failure);
  EXPECT_NEAR((*matches)[2].score, 0.5, 1e-6);
  for (const Match& m : *matches) {
    EXPECT_DOUBLE_EQ(m.score, m.similarity * m.outcome_factor * m.recency_factor);
  }
  query.minimum_score = 0.55;
  EXPECT_EQ(store->find_similar(query)->size(), 2U);
  query.with_experience = true;
  query.k = 1;
  const auto full = store->find_similar(query);
  ASSERT_EQ(full->size(), 1U);
  EXPECT_EQ((*full)[0].experience->outcome, Outcome::partial);
}

/// The same situation again and again, as steps of one type and agent make it.
std::vector<Experience> repeated_situation(int count, int failures) {
  std::vector<Experience> all(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    all[i].workflow = "w";
    all[i].situation = "review by the critic";
    all[i].outcome = i < failures ? Outcome::failure : Outcome::success;
    all[i].started_at_ns = 1'700'000'000'000'000'000 + i;
  }
  return all;
}

TEST_F(ExperienceStoreTest, OfARepeatedSituationTheBestAreFound) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  // Failures first, so that they are the older; then last, so that they are the newer.
  std::vector<Experience> all = repeated_situation(300, 100);
  ASSERT_TRUE(store->store_many(all));
  SimilarityQuery query{.text = "review by the critic", .k = 16};
  for (const char* workflow : {"w", ""}) {
    query.workflow = workflow;
    const auto matches = store->find_similar(query);
    ASSERT_TRUE(matches);
    ASSERT_EQ(matches->size(), 16U);
    for (const Match& m : *matches) EXPECT_EQ(m.outcome, Outcome::success);
  }
  for (Experience& e : all) {
    e.outcome = Outcome::failure;
    e.started_at_ns += 1000;
  }
  ASSERT_TRUE(store->store_many(all));
  query.workflow = "w";
  const auto matches = store->find_similar(query);
  for (const Match& m : *matches) EXPECT_EQ(m.outcome, Outcome::success);
}

TEST_F(ExperienceStoreTest, OfEqualMatchesTheNewerComeFirst) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->store_many(repeated_situation(300, 0)));
  SimilarityQuery query{.text = "review by the critic", .k = 3};
  query.recency_weight = 0;
  for (const char* workflow : {"w", ""}) {
    query.workflow = workflow;
    const auto matches = store->find_similar(query);
    ASSERT_TRUE(matches);
    ASSERT_EQ(matches->size(), 3U);
    for (std::uint64_t i = 0; i < 3; ++i) EXPECT_EQ(matches->matches.at(i).sequence, 300 - i);
  }
}

TEST_F(ExperienceStoreTest, AWideFilterThatLetsLittleThroughFindsIt) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  std::vector<Experience> all(10'000);
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].embedding = random_vector(32, static_cast<std::uint32_t>(i));
    all[i].workflow = i % 2 == 0 ? "even" : "odd";
    all[i].agent = i % 2 == 0 ? "one" : "two";
  }
  all[77].agent = "one";
  const auto ids = store->store_many(all);
  ASSERT_TRUE(ids);
  while (store->stats().indexed + 256 < all.size()) std::this_thread::yield();
  SimilarityQuery query{.vector = random_vector(32, 1'000'000), .workflow = "odd", .agent = "one"};
  query.minimum_score = -1;
  auto matches = store->find_similar(query);
  ASSERT_TRUE(matches);
  ASSERT_EQ(matches->size(), 1U);
  EXPECT_EQ(matches->matches.at(0).id, ids->at(77));
  query.outcome = Outcome::failure;
  EXPECT_TRUE(store->find_similar(query)->empty());
  query.outcome = static_cast<Outcome>(9);
  EXPECT_TRUE(store->find_similar(query)->empty());
}

TEST_F(ExperienceStoreTest, OppositesAreFoundAndScoreZero) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  Experience experience;
  experience.embedding = random_vector(32, 1);
  ASSERT_TRUE(store->store(experience));
  SimilarityQuery query{.vector = experience.embedding};
  for (float& value : query.vector) value = -value;
  const auto matches = store->find_similar(query);
  ASSERT_EQ(matches->size(), 1U);
  EXPECT_NEAR((*matches)[0].similarity, -1, 1e-6);
  EXPECT_EQ((*matches)[0].score, 0);
}

TEST_F(ExperienceStoreTest, StoresManyAtOnce) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  std::vector<Experience> experiences;
  for (int i = 0; i < 700; ++i) experiences.push_back(numbered_experience(i));
  experiences.push_back(numbered_experience(5));  // Once more.
  const auto ids = store->store_many(experiences, {.durability = Durability::synced});
  ASSERT_TRUE(ids) << ids.error().to_string();
  ASSERT_EQ(ids->size(), 701U);
  EXPECT_EQ(store->size(), 700U);
  EXPECT_EQ(ids->at(700), ids->at(5));
  for (std::size_t i = 0; i < 700; ++i) EXPECT_EQ(*store->get(ids->at(i)), experiences[i]);
  EXPECT_TRUE(store->store_many({})->empty());

  experiences = {numbered_experience(800), numbered_experience(801)};
  experiences[1].reward = std::nan("");
  const Status status = store->store_many(experiences).status();
  EXPECT_EQ(status, ErrorCode::invalid_argument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("experience 1"));
  EXPECT_EQ(store->size(), 700U);
}

TEST_F(ExperienceStoreTest, CallbacksAnswerOnce) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  std::promise<Result<ExperienceId>> stored;
  store->store(numbered_experience(1), {.durability = Durability::synced},
               [&](Result<ExperienceId> id) { stored.set_value(std::move(id)); });
  const Result<ExperienceId> id = stored.get_future().get();
  ASSERT_TRUE(id);
  std::promise<Result<SimilarMatches>> found;
  store->find_similar({.text = "situation number 1"},
                      [&](auto matches) { found.set_value(std::move(matches)); });
  const auto matches = found.get_future().get();
  ASSERT_TRUE(matches);
  EXPECT_EQ(matches->matches.at(0).id, *id);
}

TEST_F(ExperienceStoreTest, CallbacksAnswerWhenTheExecutorIsClosed) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  executor_.close();
  ErrorCode stored = ErrorCode::ok;
  store->store(numbered_experience(1), {}, [&](auto id) { stored = id.status().code(); });
  EXPECT_EQ(stored, ErrorCode::closed);
  // Without background work, calls do it themselves.
  for (int i = 0; i < 2000; ++i) ASSERT_TRUE(store->store(numbered_experience(i)));
  EXPECT_TRUE(store->close().ok());
}

TEST_F(ExperienceStoreTest, CallbacksAnswerWhenTheExecutorNeverRunsThem) {
  auto asleep = std::make_unique<SimulatedExecutor>();
  Environment simulated;
  simulated.executor = asleep.get();
  Result<ExperienceStore> store = ExperienceStore::open(options(), simulated);
  ASSERT_TRUE(store);
  ErrorCode stored = ErrorCode::ok;
  ErrorCode found = ErrorCode::ok;
  store->store(numbered_experience(1), {}, [&](auto id) { stored = id.status().code(); });
  store->find_similar({.text = "situation"}, [&](auto ms) { found = ms.status().code(); });
  EXPECT_TRUE(store->close().ok());
  EXPECT_EQ(stored, ErrorCode::ok);
  asleep.reset();
  EXPECT_EQ(stored, ErrorCode::closed);
  EXPECT_EQ(found, ErrorCode::closed);
}

TEST_F(ExperienceStoreTest, MayBeClosedInsideACallback) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  std::promise<Status> closed;
  store->store(numbered_experience(1), {},
               [&](Result<ExperienceId>) { closed.set_value(store->close()); });
  EXPECT_TRUE(closed.get_future().get().ok());
  EXPECT_EQ(store->store(numbered_experience(2)).status(), ErrorCode::closed);
}

TEST_F(ExperienceStoreTest, AClosedStoreSaysSo) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  const ExperienceId id = *store->store(numbered_experience(1));
  ASSERT_TRUE(store->close().ok());
  EXPECT_EQ(store->store(numbered_experience(2)).status(), ErrorCode::closed);
  EXPECT_EQ(store->find_similar({.text = "x"}).status(), ErrorCode::closed);
  EXPECT_EQ(store->get(id).status(), ErrorCode::closed);
  EXPECT_EQ(store->sync(), ErrorCode::closed);
  EXPECT_EQ(store->size(), 0U);
  EXPECT_EQ(store->stats().experiences, 0U);
}

TEST_F(ExperienceStoreTest, LeavesNoThreadBehindAndStartsNone) {
  const std::size_t before = testing::thread_count();
  {
    Result<ExperienceStore> store = open();
    ASSERT_TRUE(store);
    for (int i = 0; i < 1500; ++i) ASSERT_TRUE(store->store(numbered_experience(i)));
    EXPECT_EQ(testing::thread_count(), before);
  }
  EXPECT_EQ(testing::thread_count(), before);
}

TEST_F(ExperienceStoreTest, WorksWithoutThreads) {
  Environment single;  // The inline executor.
  ExperienceStoreOptions small = options();
  small.write_buffer_bytes = 1 << 20;
  std::vector<ExperienceId> ids;
  {
    Result<ExperienceStore> store = ExperienceStore::open(small, single);
    ASSERT_TRUE(store);
    Experience experience;
    experience.payload.resize(100'000);
    // Enough for several buffers to fill, to be written out and to be merged.
    for (int i = 0; i < 400; ++i) {
      experience.reward = i;
      experience.situation = "large experience " + std::to_string(i);
      ids.push_back(*store->store(experience));
    }
    for (int i = 0; i < 1500; ++i) ASSERT_TRUE(store->store(numbered_experience(i)));
    EXPECT_GT(store->stats().indexed, 1000U);
  }
  Result<ExperienceStore> store = ExperienceStore::open(small, single);
  ASSERT_TRUE(store);
  EXPECT_EQ(store->size(), 1900U);
  for (const ExperienceId& id : ids) EXPECT_TRUE(store->get(id));
}

TEST_F(ExperienceStoreTest, WorksOnAnExecutorWhoseTimeStands) {
  SimulatedExecutor simulation;
  Environment simulated;
  simulated.executor = &simulation;
  simulated.clock = &simulation.clock();
  ExperienceStoreOptions small = options();
  small.write_buffer_bytes = 1 << 20;
  Result<ExperienceStore> store = ExperienceStore::open(small, simulated);
  ASSERT_TRUE(store);
  Experience experience;
  experience.payload.resize(100'000);
  for (int i = 0; i < 200; ++i) {
    experience.reward = i;
    ASSERT_TRUE(store->store(experience));
  }
  EXPECT_TRUE(store->close().ok());
  simulation.run();
}

/// Some hundred kilobytes that no compression makes smaller.
Experience bulky_experience(int number) {
  Experience experience = numbered_experience(number);
  std::minstd_rand random(static_cast<std::uint32_t>(number) + 1);
  experience.payload.resize(100'000);
  for (std::byte& byte : experience.payload) byte = static_cast<std::byte>(random() >> 8);
  return experience;
}

TEST_F(ExperienceStoreTest, WritersDoTheMergingThatNobodyElseDoes) {
  SimulatedExecutor asleep;
  Environment simulated;
  simulated.executor = &asleep;
  ExperienceStoreOptions small = options();
  small.write_buffer_bytes = 1 << 20;
  Result<ExperienceStore> store = ExperienceStore::open(small, simulated);
  ASSERT_TRUE(store);
  // So many tables that RocksDB would let 16 KiB a second through, and then nothing.
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(store->store(bulky_experience(i)));
  EXPECT_TRUE(store->close().ok());
  asleep.run();
}

TEST_F(ExperienceStoreTest, CallbacksThatFillTheBackgroundDoNotStarveTheTables) {
  ExperienceStoreOptions small = options();
  small.write_buffer_bytes = 1 << 20;
  Result<ExperienceStore> store = ExperienceStore::open(small, environment());
  ASSERT_TRUE(store);
  constexpr int total = 400;
  std::atomic<int> stored{0};
  std::promise<void> all;
  for (int i = 0; i < total; ++i) {
    store->store(bulky_experience(i), {}, [&](const Result<ExperienceId>& id) {
      EXPECT_TRUE(id) << id.error().to_string();
      if (stored.fetch_add(1) + 1 == total) all.set_value();
    });
  }
  ASSERT_EQ(all.get_future().wait_for(std::chrono::seconds(60)), std::future_status::ready)
      << stored.load() << " of " << total;
}

TEST_F(ExperienceStoreTest, ASecondStoreOnTheFolderIsTurnedAway) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  const Result<ExperienceStore> second = open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), ErrorCode::already_open) << second.error().to_string();
  EXPECT_THAT(std::string(second.error().message()), HasSubstr("this process"));

  // Also by another name of the folder.
  std::filesystem::create_directory_symlink(folder_ / "store", folder_ / "alias");
  ExperienceStoreOptions alias = options();
  alias.path = folder_ / "alias";
  EXPECT_EQ(ExperienceStore::open(alias, environment()).status(), ErrorCode::already_open);
  ASSERT_TRUE(store->store(numbered_experience(1)));
}

TEST_F(ExperienceStoreTest, BadPathsAreNamed) {
  ExperienceStoreOptions bad = options();
  bad.path = folder_ / "file";
  std::ofstream(bad.path) << "x";
  const Status file = ExperienceStore::open(bad, environment()).status();
  EXPECT_EQ(file, ErrorCode::invalid_argument);
  EXPECT_THAT(std::string(file.message()), HasSubstr("this is a file"));

  bad.path = "";
  EXPECT_EQ(ExperienceStore::open(bad, environment()).status(), ErrorCode::invalid_argument);
  bad.path = folder_ / "no/such/parent";
  EXPECT_EQ(ExperienceStore::open(bad, environment()).status(), ErrorCode::io_error);
  bad.path = "/proc/frys";  // Read-only to everybody, root included.
  EXPECT_EQ(ExperienceStore::open(bad, environment()).status(), ErrorCode::io_error);
  bad.path = "/proc/self";
  EXPECT_EQ(ExperienceStore::open(bad, environment()).status(), ErrorCode::io_error);
}

TEST_F(ExperienceStoreTest, AStoreKeepsItsVectorSpace) {
  {
    ASSERT_TRUE(open());
  }
  ExperienceStoreOptions other = options();
  other.dimension = 64;
  const Status status = ExperienceStore::open(other, environment()).status();
  EXPECT_EQ(status, ErrorCode::failed_precondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("frys-hashing-1/32"));
  EXPECT_TRUE(open());
}

TEST_F(ExperienceStoreTest, SmallDimensionsTakeVectorsOnly) {
  ExperienceStoreOptions tiny = options();
  tiny.dimension = 2;
  Result<ExperienceStore> store = ExperienceStore::open(tiny, environment());
  ASSERT_TRUE(store) << store.error().to_string();
  Experience experience;
  experience.embedding = {1, 0};
  ASSERT_TRUE(store->store(experience));
  EXPECT_EQ(store->find_similar({.vector = {1, 1}})->size(), 1U);
  EXPECT_EQ(store->find_similar({.text = "words"}).status(), ErrorCode::failed_precondition);
}

struct BadOption {
  const char* name;
  void (*spoil)(ExperienceStoreOptions&);
};

class BadOptionTest : public StoreTest, public ::testing::WithParamInterface<BadOption> {};

TEST_P(BadOptionTest, IsRefusedByName) {
  ExperienceStoreOptions bad = options();
  GetParam().spoil(bad);
  const Status status = ExperienceStore::open(bad, environment()).status();
  EXPECT_EQ(status, ErrorCode::invalid_argument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().name));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadOptionTest,
    ::testing::Values(
        BadOption{"dimension", [](auto& o) { o.dimension = 1; }},
        BadOption{"dimension", [](auto& o) { o.dimension = 4097; }},
        BadOption{"dimension", [](auto& o) { o.embedder = std::make_shared<HashingEmbedder>(64); }},
        BadOption{"graph_links", [](auto& o) { o.graph_links = 3; }},
        BadOption{"graph_links", [](auto& o) { o.graph_links = 65; }},
        BadOption{"graph_build_effort", [](auto& o) { o.graph_build_effort = 4; }},
        BadOption{"write_buffer_bytes", [](auto& o) { o.write_buffer_bytes = 1000; }}));

struct BadExperience {
  const char* name;
  void (*spoil)(Experience&);
};

class BadExperienceTest : public StoreTest, public ::testing::WithParamInterface<BadExperience> {};

TEST_P(BadExperienceTest, IsRefusedByNameAndLeavesNothing) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  Experience bad = numbered_experience(1);
  GetParam().spoil(bad);
  const Status status = store->store(bad).status();
  EXPECT_EQ(status, ErrorCode::invalid_argument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().name));
  EXPECT_EQ(store->size(), 0U);
}

constexpr float nan_f = std::numeric_limits<float>::quiet_NaN();

INSTANTIATE_TEST_SUITE_P(
    All, BadExperienceTest,
    ::testing::Values(
        BadExperience{"reward", [](auto& e) { e.reward = std::nan(""); }},
        BadExperience{"reward", [](auto& e) { e.reward = HUGE_VAL; }},
        BadExperience{"input_size", [](auto& e) { e.input_size = -HUGE_VAL; }},
        BadExperience{"duration_ns", [](auto& e) { e.duration_ns = -1; }},
        BadExperience{"outcome", [](auto& e) { e.outcome = static_cast<Outcome>(9); }},
        BadExperience{"embedding has 3", [](auto& e) { e.embedding = {1, 2, 3}; }},
        BadExperience{"embedding[31]",
                      [](auto& e) {
                        e.embedding.assign(32, 1);
                        e.embedding[31] = nan_f;
                      }},
        BadExperience{"all zeros", [](auto& e) { e.embedding.assign(32, 0); }},
        BadExperience{"unknown_fields", [](auto& e) { e.unknown_fields.resize(3); }}));

struct BadQuery {
  const char* name;
  void (*spoil)(SimilarityQuery&);
};

class BadQueryTest : public StoreTest, public ::testing::WithParamInterface<BadQuery> {};

TEST_P(BadQueryTest, IsRefusedByName) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->store(numbered_experience(1)));
  SimilarityQuery bad{.text = "situation"};
  GetParam().spoil(bad);
  const Status status = store->find_similar(bad).status();
  EXPECT_EQ(status, ErrorCode::invalid_argument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().name));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadQueryTest,
    ::testing::Values(
        BadQuery{"empty", [](auto& q) { q.text.clear(); }},
        BadQuery{"both", [](auto& q) { q.vector.assign(32, 1); }},
        BadQuery{"nothing in the text", [](auto& q) { q.text = " \n\t., "; }},
        BadQuery{"k is 0", [](auto& q) { q.k = 0; }},
        BadQuery{"k is 10001", [](auto& q) { q.k = 10001; }},
        BadQuery{"effort", [](auto& q) { q.effort = 65537; }},
        BadQuery{"outcome_weight", [](auto& q) { q.outcome_weight = 1.5; }},
        BadQuery{"recency_weight", [](auto& q) { q.recency_weight = std::nan(""); }},
        BadQuery{"diversity", [](auto& q) { q.diversity = -0.1; }},
        BadQuery{"diversity", [](auto& q) { q.diversity = std::nan(""); }},
        BadQuery{"recency_half_life_ns", [](auto& q) { q.recency_half_life_ns = 0; }},
        BadQuery{"minimum_score", [](auto& q) { q.minimum_score = HUGE_VAL; }},
        BadQuery{"31", [](auto& q) { q.text.clear(), q.vector.assign(31, 1); }},
        BadQuery{"vector[0]", [](auto& q) { q.text.clear(), q.vector.assign(32, nan_f); }},
        BadQuery{"all zeros", [](auto& q) { q.text.clear(), q.vector.assign(32, 0); }}));

}  // namespace
}  // namespace frys
