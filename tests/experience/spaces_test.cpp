// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Experiences with vectors in several spaces: found in each, by no other, and gone from all.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <thread>

#include "experience/spaces_fixture.hpp"
#include "frys/core/simulation.hpp"

namespace frys {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::random_vector;
using testing::SpacesTest;

std::string message_of(const Status& status, ErrorCode code) {
  EXPECT_EQ(status, code) << status.to_string();
  return std::string(status.message());
}

TEST_F(SpacesTest, EachSpaceFindsItsOwn) {
  for (const bool reopened : {false, true}) {
    Result<ExperienceStore> store = reopened ? open() : open_with_spaces();
    ASSERT_TRUE(store) << store.status().to_string();
    EXPECT_THAT(store->spaces(),
                ElementsAre(VectorSpace{"code", code_floats}, VectorSpace{"screen", 8}));
    if (!reopened) fill(*store, 0, 60);
    expect_placed(*store, 0, 60);
    EXPECT_EQ(count_in(*store, ""), 60U);
    EXPECT_EQ(count_in(*store, "code"), 30U);
    EXPECT_EQ(count_in(*store, "screen"), 20U);
    EXPECT_EQ(*store->get(id_of(6)), placed(6));
    EXPECT_EQ(store->stats().dimension, 32U);
  }
}

TEST_F(SpacesTest, FiltersAndWeightsAreAsEverywhere) {
  Result<ExperienceStore> store = open_with_spaces();
  ASSERT_TRUE(store);
  fill(*store, 0, 200);
  SimilarityQuery query{.vector = code_of(14), .space = "code", .k = 200};
  query.step_type = "type-0";
  query.minimum_score = -1;
  query.outcome_weight = 1;
  query.with_experience = true;
  const auto found = store->find_similar(query);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->size(), 15U) << "every seventh, and of these every other";
  for (const Match& match : *found) {
    const int number = static_cast<int>(match.sequence) - 1;
    EXPECT_EQ(number % 14, 0);
    EXPECT_EQ(match.experience, placed(number));
    EXPECT_EQ(match.outcome_factor, 1 - (number % 3) % 3 * (number % 3 == 1 ? 1 : 0.25));
  }
}

TEST_F(SpacesTest, TheOrderOfEmbeddingsIsNoneOfTheContent) {
  Result<ExperienceStore> store = open_with_spaces();
  ASSERT_TRUE(store);
  Experience e = placed(6);
  const ExperienceId id = *store->store(e);
  std::swap(e.embeddings[0], e.embeddings[1]);
  EXPECT_EQ(*store->store(e), id);
  EXPECT_EQ(store->size(), 1U);
  EXPECT_EQ(*store->get(id), placed(6));
  e.embeddings.pop_back();
  EXPECT_NE(*store->store(e), id);
  EXPECT_EQ(count_in(*store, "screen"), 2U);
  EXPECT_EQ(count_in(*store, "code"), 1U);
}

TEST_F(SpacesTest, WhatDoesNotFitIsRefused) {
  Result<ExperienceStore> store = open_with_spaces();
  ASSERT_TRUE(store);
  const auto refused = [&](std::vector<NamedEmbedding> embeddings) {
    Experience e = placed(1);
    e.embeddings = std::move(embeddings);
    const std::string why = message_of(store->store(e).status(), ErrorCode::invalid_argument);
    EXPECT_EQ(store->store_many({{placed(2), e}}).status(), ErrorCode::invalid_argument);
    EXPECT_EQ(store->size(), 0U);
    return why;
  };
  EXPECT_THAT(refused({{"sound", {1, 2}}}),
              HasSubstr("\"sound\" is in no space of the store; it has \"code\", \"screen\""));
  EXPECT_THAT(refused({{"screen", screen_of(1)}, {"code", screen_of(1)}}),
              HasSubstr("\"code\" has 8 floats, those of its space have 16"));
  EXPECT_THAT(refused({{"screen", std::vector<float>(8)}}), HasSubstr("\"screen\" is all zeros"));
  EXPECT_THAT(refused({{"screen", std::vector<float>(8, INFINITY)}}),
              HasSubstr("\"screen\": [0] is not a finite number"));
  EXPECT_THAT(refused({{"screen", {}}}), HasSubstr("\"screen\" has no vector"));
  EXPECT_THAT(refused({{"code", code_of(1)}, {"code", code_of(2)}}), HasSubstr("is there twice"));
}

TEST_F(SpacesTest, QueriesThatDoNotFitAreRefused) {
  Result<ExperienceStore> store = open_with_spaces();
  ASSERT_TRUE(store);
  const auto refused = [&](const SimilarityQuery& query) {
    return message_of(store->find_similar(query).status(), ErrorCode::invalid_argument);
  };
  EXPECT_THAT(refused({.vector = {1}, .space = "sound"}),
              HasSubstr("no space \"sound\"; the store has \"code\", \"screen\""));
  EXPECT_THAT(refused({.text = "words", .space = "code"}), HasSubstr("give vector"));
  EXPECT_THAT(refused({.space = "code"}), HasSubstr("empty"));
  EXPECT_THAT(refused({.vector = screen_of(1), .space = "code"}),
              HasSubstr("8 floats, those of space \"code\" have 16"));
  EXPECT_THAT(refused({.vector = std::vector<float>(16), .space = "code"}), HasSubstr("zeros"));
  ExperienceStoreOptions without = options();
  without.path = folder_ / "other";
  const Result<ExperienceStore> other = ExperienceStore::open(without, environment());
  EXPECT_THAT(message_of(other->find_similar({.vector = {1}, .space = "code"}).status(),
                         ErrorCode::invalid_argument),
              HasSubstr("the store has none"));
}

TEST_F(SpacesTest, OptionsAreChecked) {
  const auto refused = [&](std::vector<VectorSpace> spaces) {
    ExperienceStoreOptions wrong = options();
    wrong.spaces = std::move(spaces);
    const Status status = ExperienceStore::open(wrong, environment()).status();
    EXPECT_FALSE(std::filesystem::exists(wrong.path));
    return message_of(status, ErrorCode::invalid_argument);
  };
  EXPECT_THAT(refused({{"", 8}}), HasSubstr("0 bytes"));
  EXPECT_THAT(refused({{std::string(65, 'x'), 8}}), HasSubstr("65 bytes"));
  EXPECT_THAT(refused({{"of code", 8}}), HasSubstr("visible"));
  EXPECT_THAT(refused({{"code", 1}}), HasSubstr("2 to 4096"));
  EXPECT_THAT(refused({{"code", 4097}}), HasSubstr("2 to 4096"));
  EXPECT_THAT(refused({{"code", 8}, {"code", 8}}), HasSubstr("twice"));
  EXPECT_THAT(refused(std::vector<VectorSpace>(17, {"code", 8})), HasSubstr("16 at most"));
}

TEST_F(SpacesTest, WhatIsRemovedIsInNoSpace) {
  for (const bool reopened : {false, true}) {
    Result<ExperienceStore> store = open_with_spaces();
    ASSERT_TRUE(store) << store.status().to_string();
    if (!reopened) {
      fill(*store, 0, 40);
      for (const int gone : {5, 6, 8, 9}) ASSERT_TRUE(store->remove(id_of(gone)).ok());
      ScanQuery type{};
      type.step_type = "type-0";  // 0, 7, 14, …
      EXPECT_EQ(*store->remove_matching(type), 6U);
    }
    for (const int gone : {0, 5, 6, 7, 8, 9, 14}) expect_placed(*store, gone, gone + 1, false);
    for (const int there : {1, 2, 3, 4, 10, 12, 36}) expect_placed(*store, there, there + 1);
    EXPECT_EQ(count_in(*store, ""), 30U);
    EXPECT_EQ(count_in(*store, "code"), 20U - 5U);
    EXPECT_EQ(count_in(*store, "screen"), 14U - 4U);
    // The same may come again.
    if (!reopened) continue;
    ASSERT_TRUE(store->store(placed(6)));
    expect_placed(*store, 6, 7);
  }
}

TEST_F(SpacesTest, AnAmendmentIsOfEverySpace) {
  for (const bool reopened : {false, true}) {
    Result<ExperienceStore> store = open_with_spaces();
    ASSERT_TRUE(store) << store.status().to_string();
    if (!reopened) {
      fill(*store, 0, 40);
      const Amendment first{.outcome = Outcome::partial, .uses = 2, .used_at_ns = 5};
      ASSERT_TRUE(store->amend(id_of(6), first).ok());
      ASSERT_TRUE(store->amend(id_of(6), {.outcome = Outcome::failure, .reward = 7}).ok());
    }
    for (const auto& [space, vector] :
         {std::pair("code", code_of(6)), std::pair("screen", screen_of(6))}) {
      SimilarityQuery query{.vector = vector, .space = space, .k = 1};
      query.outcome = Outcome::failure;
      const auto found = store->find_similar(query);
      ASSERT_TRUE(found && !found->empty());
      EXPECT_EQ(found->front().id, id_of(6)) << space;
      EXPECT_EQ(found->front().reward, 7);
      EXPECT_EQ(found->front().uses, 2U);
      query.outcome = Outcome::success;
      EXPECT_NE(store->find_similar(query)->front().id, id_of(6));
    }
  }
}

// Tables are made anew without what was removed, in each space at a time of its own.
TEST_F(SpacesTest, ManyRemovalsAndAmendmentsLeaveTheRest) {
  constexpr int rows = 3600;
  Result<ExperienceStore> store = open_with_spaces();
  ASSERT_TRUE(store);
  fill(*store, 0, rows);
  for (int i = 0; i < rows; ++i) {
    if (i % 5 != 0) {
      ASSERT_TRUE(store->remove(id_of(i)).ok());
    } else if (i % 10 == 0) {
      ASSERT_TRUE(store->amend(id_of(i), {.reward = -1.0 * i}).ok());
    }
  }
  for (const bool reopened : {false, true}) {
    if (reopened) {
      ASSERT_TRUE(store->close().ok());
      store = open();
      ASSERT_TRUE(store) << store.status().to_string();
    }
    EXPECT_EQ(count_in(*store, ""), rows / 5U);
    EXPECT_EQ(count_in(*store, "code"), rows / 10U);
    EXPECT_EQ(count_in(*store, "screen"), rows / 15U);
    for (int i = 0; i < rows; i += 30) {
      EXPECT_TRUE(finds(*store, "code", code_of(i), id_of(i))) << i;
      EXPECT_EQ(nearest(*store, "screen", screen_of(i))->reward, -1.0 * i);
    }
  }
}

TEST_F(SpacesTest, WhatWasKeptLongEnoughGoesEverywhere) {
  ManualClock clock(1'000'000'000);
  Environment timed = environment();
  timed.clock = &clock;
  ExperienceStoreOptions forgetful = with_spaces();
  forgetful.keep_for_ns = 1'000'000'000;
  {
    Result<ExperienceStore> store = ExperienceStore::open(forgetful, timed);
    ASSERT_TRUE(store);
    fill(*store, 0, 12);
    clock.advance(2'000'000'000);
    fill(*store, 12, 18);
    EXPECT_EQ(count_in(*store, "code"), 3U);
    EXPECT_EQ(count_in(*store, "screen"), 2U);
  }
  clock.advance(2'000'000'000);
  const Result<ExperienceStore> store = ExperienceStore::open(forgetful, timed);
  ASSERT_TRUE(store);
  EXPECT_EQ(store->size(), 0U);
  EXPECT_EQ(count_in(*store, "code"), 0U);
}

TEST_F(SpacesTest, WritersAndReadersTogether) {
  constexpr int writers = 3;
  constexpr int each = 250;
  Result<ExperienceStore> store = open_with_spaces();
  ASSERT_TRUE(store);
  std::atomic<bool> done{false};
  std::atomic<int> problems{0};
  std::vector<std::thread> threads;
  for (int w = 0; w < writers; ++w) {
    threads.emplace_back([&, w] {
      for (int i = w * each; i < (w + 1) * each; ++i) {
        if (!store->store(placed(i))) ++problems;
        if (has_code(i) && !finds(*store, "code", code_of(i), id_of(i))) ++problems;
        if (i % 4 == 0 && !store->remove(id_of(i)).ok()) ++problems;
        if (i % 4 == 0 && finds(*store, "code", code_of(i), id_of(i))) ++problems;
      }
    });
  }
  threads.emplace_back([&] {
    for (int i = 0; !done.load(); ++i) {
      SimilarityQuery query{.vector = screen_of(i), .space = "screen", .k = 5};
      query.with_experience = i % 2 == 0;
      if (!store->find_similar(query)) ++problems;
      if (store->stats().index_bytes == 0) ++problems;
    }
  });
  for (int w = 0; w < writers; ++w) threads[w].join();
  done = true;
  threads.back().join();
  EXPECT_EQ(problems.load(), 0);
  ASSERT_TRUE(store->close().ok());
  store = open_with_spaces();
  ASSERT_TRUE(store) << store.status().to_string();
  EXPECT_EQ(count_in(*store, "code"), writers * each / 2U - (writers * each + 3U) / 4U);
}

}  // namespace
}  // namespace frys
