// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A store with two spaces, and experiences of which some have a vector in the one, some in the
// other, some in both and some in neither.

#pragma once

#include <algorithm>
#include <optional>

#include "experience/store_fixture.hpp"

namespace frys::testing {

class SpacesTest : public StoreTest {
 protected:
  static constexpr std::size_t code_floats = 16;
  static constexpr std::size_t screen_floats = 8;

  [[nodiscard]] ExperienceStoreOptions with_spaces() const {
    ExperienceStoreOptions options = StoreTest::options();
    options.spaces = {{"code", code_floats}, {"screen", screen_floats}};
    return options;
  }
  Result<ExperienceStore> open_with_spaces() {
    return ExperienceStore::open(with_spaces(), environment());
  }
  static std::vector<float> code_of(int number) {
    return random_vector(code_floats, static_cast<std::uint32_t>(number) + 10'000);
  }
  static std::vector<float> screen_of(int number) {
    return random_vector(screen_floats, static_cast<std::uint32_t>(number) + 20'000);
  }
  static bool has_code(int number) { return number % 2 == 0; }
  static bool has_screen(int number) { return number % 3 == 0; }
  static Experience placed(int number) {
    Experience e = numbered_experience(number);
    e.embedding = random_vector(32, static_cast<std::uint32_t>(number));
    if (has_code(number)) e.embeddings.push_back({"code", code_of(number)});
    if (has_screen(number)) e.embeddings.push_back({"screen", screen_of(number)});
    return e;
  }
  static ExperienceId id_of(int number) { return *content_id(placed(number)); }
  static void fill(ExperienceStore& store, int begin, int end) {
    std::vector<Experience> many;
    for (int i = begin; i < end; ++i) many.push_back(placed(i));
    const auto ids = store.store_many(many);
    ASSERT_TRUE(ids) << ids.status().to_string();
  }
  /// The nearest of all, by likeness alone.
  static std::optional<Match> nearest(const ExperienceStore& store, const std::string& space,
                                      const std::vector<float>& vector) {
    SimilarityQuery query{.vector = vector, .space = space, .k = 1};
    query.outcome_weight = query.recency_weight = 0;
    const auto found = store.find_similar(query);
    EXPECT_TRUE(found) << found.status().to_string();
    return found && !found->empty() ? std::optional(found->front()) : std::nullopt;
  }
  static bool finds(const ExperienceStore& store, const std::string& space,
                    const std::vector<float>& vector, const ExperienceId& id) {
    const std::optional<Match> match = nearest(store, space, vector);
    return match && match->id == id && match->similarity > 0.9999;
  }
  /// How many there are in a space, of which 10,000 at most are counted.
  static std::size_t count_in(const ExperienceStore& store, const std::string& space) {
    SimilarityQuery query{.space = space, .k = 10'000};
    query.vector.assign(space.empty() ? 32 : space == "code" ? code_floats : screen_floats, 1);
    query.minimum_score = -1;
    const auto found = store.find_similar(query);
    EXPECT_TRUE(found) << found.status().to_string();
    return found ? found->size() : 0;
  }
  /// That each of [begin, end) is where it belongs, by its own vectors, or nowhere.
  static void expect_placed(const ExperienceStore& store, int begin, int end, bool there = true) {
    for (int i = begin; i < end; ++i) {
      SCOPED_TRACE(i);
      const ExperienceId id = id_of(i);
      EXPECT_EQ(finds(store, "", random_vector(32, static_cast<std::uint32_t>(i)), id), there);
      EXPECT_EQ(finds(store, "code", code_of(i), id), there && has_code(i));
      EXPECT_EQ(finds(store, "screen", screen_of(i), id), there && has_screen(i));
    }
  }
};

}  // namespace frys::testing
