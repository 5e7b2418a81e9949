// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "torture/store_records.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "frys/core/random.hpp"

namespace frys::torture {
namespace {

constexpr std::int64_t first_start_ns = 1'700'000'000'000'000'000;
// Less than the 4,096 up to which a filter is compared one by one.
constexpr std::uint32_t numbers_of_a_workflow = 1000;

std::string some_words(SeededRandom& random, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t letters = random.next();
    if (i > 0) text += ' ';
    for (int j = 0; j < 7; ++j, letters >>= 8) text += static_cast<char>('a' + letters % 26);
  }
  return text;
}

std::vector<std::byte> some_bytes(SeededRandom& random, std::size_t count) {
  std::vector<std::byte> bytes(count);
  for (std::size_t at = 0; at < count; at += 8) {
    const std::uint64_t word = random.next();
    std::memcpy(bytes.data() + at, &word, std::min<std::size_t>(8, count - at));
  }
  return bytes;
}

std::size_t some_payload_bytes(SeededRandom& random) {
  const std::uint64_t dice = random.next_below(1000);
  if (dice < 300) return 0;
  if (dice < 850) return random.next_below(300);
  if (dice < 990) return random.next_below(20'000);
  return random.next_below(400'000);
}

// A field of a version to come, as it lies in a record: u16 tag, u32 length, the bytes.
std::vector<std::byte> some_unknown_field(SeededRandom& random) {
  std::vector<std::byte> field = some_bytes(random, 6 + random.next_below(40));
  const std::uint16_t tag = 200;
  const auto length = static_cast<std::uint32_t>(field.size() - 6);
  std::memcpy(field.data(), &tag, 2);
  std::memcpy(field.data() + 2, &length, 4);
  return field;
}

std::vector<float> some_vector(SeededRandom& random, std::size_t dimension) {
  std::vector<float> vector(dimension);
  // The sum of three is near enough to a normal number, which makes all directions alike.
  for (float& value : vector) {
    value = static_cast<float>(random.next_unit() + random.next_unit() + random.next_unit() - 1.5);
  }
  return vector;
}

}  // namespace

Experience make_outline(const Recipe& recipe, std::uint32_t number) {
  SeededRandom random(mix64(recipe.seed ^ 1) + number);
  Experience e;
  e.workflow = "workflow-" + std::to_string(number / numbers_of_a_workflow);
  e.agent = "agent-" + std::to_string(random.next_below(5));
  e.step_type = "type-" + std::to_string(random.next_below(7));
  e.outcome = static_cast<Outcome>(random.next_below(3));
  e.reward = static_cast<double>(random.next_below(1000)) / 8;
  e.started_at_ns = first_start_ns + number;
  return e;
}

Experience make_experience(const Recipe& recipe, std::uint32_t number) {
  SeededRandom random(mix64(recipe.seed) + number);
  Experience e = make_outline(recipe, number);
  e.duration_ns = static_cast<std::int64_t>(random.next_below(1'000'000));
  e.resources.peak_bytes = random.next_below(1 << 20);
  const std::uint64_t shape = random.next_below(100);
  if (shape < 60) {
    e.embedding = some_vector(random, recipe.dimension);
  }
  if (shape >= 40 && shape < 97) e.situation = some_words(random, 6 + random.next_below(10));
  if (shape % 3 == 0) e.outcome_text = some_words(random, 3);
  for (std::uint64_t i = random.next_below(4); i > 1; --i) e.tags.push_back(some_words(random, 1));
  e.payload = some_bytes(random, some_payload_bytes(random));
  if (shape % 16 == 0) e.unknown_fields = some_unknown_field(random);
  for (const VectorSpace& space : torture_spaces) {
    if (!recipe.has_spaces || random.next_below(2) == 0) continue;
    e.embeddings.push_back({space.name, some_vector(random, space.dimension)});
  }
  return e;
}

std::uint32_t number_of(std::int64_t started_at_ns) noexcept {
  const std::int64_t number = started_at_ns - first_start_ns;
  return number < 0 || number >= no_number ? no_number : static_cast<std::uint32_t>(number);
}

std::vector<SimilarityQuery> exact_queries(const Experience& experience) {
  SimilarityQuery query;
  query.k = 3;
  query.workflow = experience.workflow;
  query.outcome_weight = 0;
  query.recency_weight = 0;
  std::vector<SimilarityQuery> queries;
  for (const NamedEmbedding& named : experience.embeddings) {
    query.space = named.name;
    query.vector = named.vector;
    queries.push_back(query);
  }
  query.space.clear();
  query.vector = experience.embedding;
  if (query.vector.empty()) query.text = experience.situation;
  if (!query.vector.empty() || !query.text.empty()) queries.push_back(query);
  return queries;
}

bool is_in_space_of(const SimilarityQuery& query, const Experience& experience) noexcept {
  return query.space.empty() ||
         std::ranges::any_of(experience.embeddings, [&query](const NamedEmbedding& named) {
           return named.name == query.space;
         });
}

}  // namespace frys::torture
