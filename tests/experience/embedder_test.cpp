// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/experience/embedder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

namespace frys {
namespace {

std::vector<float> embed(const HashingEmbedder& embedder, std::string_view text) {
  std::vector<float> vector(embedder.dimension(), -7.0F);
  EXPECT_TRUE(embedder.embed(text, vector).ok());
  return vector;
}

double cosine(std::string_view a, std::string_view b, std::size_t dimension = 256) {
  const HashingEmbedder embedder(dimension);
  const std::vector<float> x = embed(embedder, a);
  const std::vector<float> y = embed(embedder, b);
  return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
}

TEST(HashingEmbedderTest, HasLengthOneAndIsDeterministic) {
  const HashingEmbedder embedder;
  const std::vector<float> vector = embed(embedder, "Parse the invoice of March.");
  EXPECT_NEAR(std::inner_product(vector.begin(), vector.end(), vector.begin(), 0.0), 1, 1e-5);
  EXPECT_EQ(vector, embed(HashingEmbedder(256), "Parse the invoice of March."));
  EXPECT_EQ(embedder.name(), "frys-hashing-1/256");
}

TEST(HashingEmbedderTest, IsTheSameOnEveryMachine) {
  // A store made elsewhere holds these floats; changing them needs a new name.
  const HashingEmbedder embedder(16);
  const std::vector<float> vector = embed(embedder, "agent");
  const std::vector<float> expected = {
      0.2819914F,   -0.05721992F, 0.05721992F, 0.2860996F,  0.1144398F, 0.5108711F,
      -0.05721992F, -0.05721992F, 0,           0.05721992F, 0,          0.5108711F,
      -0.1144398F,  -0.5108711F,  0,           -0.1144398F};
  for (std::size_t i = 0; i < 16; ++i) EXPECT_NEAR(vector[i], expected[i], 1e-6) << i;
}

TEST(HashingEmbedderTest, LikeTextsAreNearerThanOthers) {
  const std::string_view text = "the login page returns an error after the deployment";
  const double same_words = cosine(text, "after the deployment, an error on the login page");
  const double inflected = cosine(text, "logins erroring after deployments of pages");
  const double other = cosine(text, "convert a scanned contract into plain paragraphs");
  EXPECT_GT(same_words, 0.7);
  EXPECT_GT(inflected, other + 0.1);
  EXPECT_LT(std::abs(other), 0.3);
}

TEST(HashingEmbedderTest, CaseAndPunctuationDoNotCount) {
  EXPECT_NEAR(cosine("Hello, World!", "hello world"), 1, 1e-5);
}

TEST(HashingEmbedderTest, TakesAnyBytes) {
  EXPECT_GT(cosine("größe der übergabe", "übergabe größe"), 0.8);
  EXPECT_NEAR(cosine("日本語のテキスト", "日本語のテキスト"), 1, 1e-5);
  EXPECT_NEAR(cosine("\xff\xfe\x80\x80 stray", "\xff\xfe\x80\x80 stray"), 1, 1e-5);
  EXPECT_NEAR(cosine(std::string(100'000, 'x'), std::string(100'000, 'x')), 1, 1e-5);
}

TEST(HashingEmbedderTest, NothingGivesZeros) {
  const HashingEmbedder embedder;
  EXPECT_THAT(embed(embedder, ""), ::testing::Each(0.0F));
  EXPECT_THAT(embed(embedder, " ,.\n"), ::testing::Each(0.0F));
}

TEST(HashingEmbedderTest, RefusesAWrongSize) {
  const HashingEmbedder embedder(64);
  std::vector<float> vector(63);
  EXPECT_EQ(embedder.embed("x", vector), ErrorCode::invalid_argument);
}

TEST(HashingEmbedderTest, BringsTheDimensionIntoRange) {
  EXPECT_EQ(HashingEmbedder(1).dimension(), 16U);
  EXPECT_EQ(HashingEmbedder(100'000).dimension(), 4096U);
}

}  // namespace
}  // namespace frys
