// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "text/key_terms.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crew {
namespace {

using ::testing::Contains;
using ::testing::Not;

TEST(KeyTerms, TellGroupsApart) {
  const std::vector<std::string_view> texts = {
      "the memory pool keeps pages", "a pool of pages for memory", "pages of the pool",
      "the scheduler admits a step", "each step has a scheduler",  "the step waits",
  };
  const auto terms = key_terms(texts, {0, 0, 0, 1, 1, 1}, 2, 3);
  ASSERT_EQ(terms.size(), 2U);
  EXPECT_THAT(terms[0], Contains("pool"));
  EXPECT_THAT(terms[0], Contains("pages"));
  EXPECT_EQ(terms[1].front(), "step");
  EXPECT_THAT(terms[1], Not(Contains("the")));
}

TEST(KeyTerms, LeaveOutWhatIsInOnePassageOnlyAndNumbers) {
  const auto terms =
      key_terms({"alpha beta 1234", "alpha gamma 1234", "delta", "delta"}, {0, 0, 1, 1}, 2, 8);
  EXPECT_EQ(terms[0], std::vector<std::string>{"alpha"});
  EXPECT_EQ(terms[1], std::vector<std::string>{"delta"});
}

TEST(KeyTerms, OneFormOfAWordIsEnough) {
  const auto terms =
      key_terms({"scope scopes", "scope scopes", "other", "other"}, {0, 0, 1, 1}, 2, 8);
  EXPECT_EQ(terms[0].size(), 1U);
}

TEST(KeyTerms, EmptyGroupsAndNoGroupsAreFine) {
  EXPECT_TRUE(key_terms({}, {}, 0, 5).empty());
  const auto terms = key_terms({"alpha", "alpha"}, {-1, -1}, 3, 5);
  for (const auto& group : terms) EXPECT_TRUE(group.empty());
}

}  // namespace
}  // namespace crew
