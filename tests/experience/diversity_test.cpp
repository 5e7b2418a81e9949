// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/diversity.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <random>
#include <vector>

#include "experience/store_fixture.hpp"

namespace frys::testing {
namespace {

using detail::DiversePick;
using detail::pick_diverse;

double dot(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  return dot(a, b) / std::sqrt(dot(a, a) * dot(b, b));
}

/// The definition, word by word: each place is compared with all that are picked.
std::vector<std::size_t> pick_by_definition(
    const std::vector<double>& scores, double diversity, std::size_t wanted,
    const std::function<double(std::size_t, std::size_t)>& similarity) {
  std::vector<std::size_t> picked;
  while (picked.size() < std::min(wanted, scores.size())) {
    double most = -3;
    std::size_t best = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      if (std::ranges::find(picked, i) != picked.end()) continue;
      double likeness = 0;
      for (const std::size_t p : picked) likeness = std::max(likeness, similarity(p, i));
      const double worth = (1 - diversity) * scores[i] - diversity * likeness;
      if (worth > most) best = i;
      most = std::max(most, worth);
    }
    picked.push_back(best);
  }
  return picked;
}

std::vector<std::size_t> places(const std::vector<DiversePick>& picks) {
  std::vector<std::size_t> places;
  for (const DiversePick& one : picks) places.push_back(one.place);
  return places;
}

TEST(PickDiverseTest, IsTheDefinition) {
  std::minstd_rand random(7);
  std::uniform_real_distribution<double> share(-0.5, 1);
  for (int round = 0; round < 200; ++round) {
    const std::size_t count = 1 + random() % 40;
    std::vector<double> scores(count);
    // Some are equal, to the last bit.
    for (double& score : scores) score = std::floor(std::max(0.0, share(random)) * 8) / 8;
    std::ranges::sort(scores, std::greater());
    std::vector<std::vector<double>> likeness(count, std::vector<double>(count));
    for (auto& row : likeness) {
      for (double& one : row) one = std::floor(share(random) * 8) / 8;
    }
    const auto similarity = [&](std::size_t a, std::size_t b) { return likeness[a][b]; };
    const double diversity = static_cast<double>(round % 9) / 8;
    const std::size_t wanted = 1 + random() % 45;
    EXPECT_EQ(places(pick_diverse(scores, diversity, wanted, similarity)),
              pick_by_definition(scores, diversity, wanted, similarity))
        << "round " << round;
  }
}

/// Ten situations, each of which was met some times.
class DiversityTest : public StoreTest {
 protected:
  static constexpr int topics = 10;

  [[nodiscard]] static std::vector<float> vector_of(int topic, int time) {
    std::vector<float> vector = random_vector(32, 500);  // They are all like the query,
    const std::vector<float> own = random_vector(32, static_cast<std::uint32_t>(topic));
    const std::vector<float> noise = random_vector(32, static_cast<std::uint32_t>(1000 + time));
    for (std::size_t i = 0; i < vector.size(); ++i) {
      vector[i] += own[i] * (0.5F + 0.1F * static_cast<float>(topic)) + 0.02F * noise[i];
    }
    return vector;
  }
  static void fill(ExperienceStore& store, int times) {
    for (int i = 0; i < topics * times; ++i) {
      Experience e = numbered_experience(i);
      e.workflow = "topic-" + std::to_string(i % topics);
      e.agent = "the agent";
      e.embedding = vector_of(i % topics, i);
      ASSERT_TRUE(store.store(e));
    }
  }
  [[nodiscard]] static SimilarityQuery query() {
    SimilarityQuery query{.vector = random_vector(32, 500), .k = topics};
    query.outcome_weight = 0;
    query.recency_weight = 0;
    return query;
  }
  [[nodiscard]] static std::size_t topics_of(const SimilarMatches& matches) {
    std::map<std::uint64_t, int> seen;
    for (const Match& match : matches) ++seen[(match.sequence - 1) % topics];
    return seen.size();
  }
};

TEST_F(DiversityTest, DuplicatesDoNotFillTheAnswer) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  fill(*store, 20);
  SimilarityQuery diverse = query();
  const auto plain = store->find_similar(diverse);
  ASSERT_TRUE(plain) << plain.status().to_string();
  EXPECT_LE(topics_of(*plain), 2U);
  for (const Match& match : *plain) EXPECT_EQ(match.diversity_penalty, 0);
  diverse.diversity = 0.5;
  const auto some = store->find_similar(diverse);
  ASSERT_TRUE(some) << some.status().to_string();
  EXPECT_EQ(some->size(), std::size_t{topics});
  EXPECT_GE(topics_of(*some), 3U) << "of the 64 that it looks at";
  EXPECT_EQ(some->front().id, plain->front().id) << "the best one stays the first";
  diverse.effort = 200;
  const auto all = store->find_similar(diverse);
  ASSERT_TRUE(all) << all.status().to_string();
  EXPECT_EQ(topics_of(*all), std::size_t{topics}) << "it looks at all of them";
}

/// Ranked as the header says, from vectors alone; through the filter's door and the other.
TEST_F(DiversityTest, EachPlaceIsWhatTheDefinitionSays) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  constexpr int times = 9;
  fill(*store, times);
  for (const bool filtered : {false, true}) {
    SimilarityQuery diverse = query();
    if (filtered) diverse.agent = "the agent";
    diverse.diversity = 0.8;
    diverse.effort = topics * times;
    diverse.outcome_weight = 0.3;
    diverse.minimum_score = 0.6;
    std::vector<std::pair<double, int>> scored;
    for (int i = 0; i < topics * times; ++i) {
      const double value = i % 3 == 0 ? 1 : i % 3 == 1 ? 0 : 0.5;
      ASSERT_EQ(numbered_experience(0).outcome, Outcome::success);
      ASSERT_EQ(numbered_experience(1).outcome, Outcome::failure);
      const double likeness = cosine(diverse.vector, vector_of(i % topics, i));
      const double score = likeness * (1 - 0.3 * (1 - value));
      if (score >= 0.6) scored.emplace_back(score, i);
    }
    ASSERT_LT(scored.size(), std::size_t{topics * times});
    std::ranges::sort(scored, std::greater());
    std::vector<double> scores;
    for (const auto& one : scored) scores.push_back(one.first);
    const auto similarity = [&](std::size_t a, std::size_t b) {
      const int left = scored[a].second;
      const int right = scored[b].second;
      return cosine(vector_of(left % topics, left), vector_of(right % topics, right));
    };
    const std::vector<std::size_t> expected = pick_by_definition(scores, 0.8, topics, similarity);
    const auto found = store->find_similar(diverse);
    ASSERT_TRUE(found) << found.status().to_string();
    ASSERT_EQ(found->size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const Match& match = (*found)[i];
      double likeness = 0;
      for (std::size_t p = 0; p < i; ++p) {
        likeness = std::max(likeness, similarity(expected[p], expected[i]));
      }
      EXPECT_EQ(match.sequence, static_cast<std::uint64_t>(scored[expected[i]].second) + 1) << i;
      EXPECT_NEAR(match.score, scores[expected[i]], 1e-5);
      EXPECT_NEAR(match.diversity_penalty, 0.8 * likeness, 1e-5);
    }
  }
}

TEST_F(DiversityTest, OfEqualOnesTheNewerIsFirst) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  for (int i = 0; i < 6; ++i) {
    Experience e = numbered_experience(i);
    e.embedding = random_vector(32, 1);
    ASSERT_TRUE(store->store(e));
  }
  SimilarityQuery same = query();
  same.vector = random_vector(32, 1);
  same.k = 4;
  same.diversity = 0.7;
  const auto found = store->find_similar(same);
  ASSERT_TRUE(found) << found.status().to_string();
  ASSERT_EQ(found->size(), 4U);
  for (std::uint64_t i = 0; i < 4; ++i) EXPECT_EQ((*found)[i].sequence, 6 - i);
}

/// What went wrong can be asked for: its score is then not less for having gone wrong.
TEST_F(DiversityTest, FailuresAskedForKeepTheirScores) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  fill(*store, 3);
  SimilarityQuery warnings = query();
  warnings.vector = vector_of(1, 1);
  warnings.outcome_weight = 1;
  warnings.minimum_score = 0.9;
  ASSERT_EQ(numbered_experience(1).outcome, Outcome::failure);
  auto found = store->find_similar(warnings);
  ASSERT_TRUE(found) << found.status().to_string();
  for (const Match& match : *found) EXPECT_NE(match.sequence, 2U) << "a failure scores 0";
  warnings.outcome = Outcome::failure;
  found = store->find_similar(warnings);
  ASSERT_TRUE(found) << found.status().to_string();
  ASSERT_FALSE(found->empty());
  EXPECT_EQ(found->front().sequence, 2U);
  EXPECT_EQ(found->front().outcome_factor, 1);
  EXPECT_NEAR(found->front().score, 1, 1e-5);
}

}  // namespace
}  // namespace frys::testing
