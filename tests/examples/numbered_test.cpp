// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The numbered examples end well, and show what they are there to show.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/run_program.hpp"

namespace crew {
namespace {

using frys::testing::Ended;
using ::testing::ContainsRegex;

TEST(NumberedExamples, Tensor) {
  const Ended ended = frys::testing::run_program(FRYS_EXAMPLE_TENSOR);
  EXPECT_EQ(ended.code, 0) << ended.output;
  EXPECT_THAT(ended.output, ContainsRegex("row 2 begins 6 floats"));
  EXPECT_THAT(ended.output, ContainsRegex("4 MiB more: budget_exceeded"));
  EXPECT_THAT(ended.output, ContainsRegex("first to write got a copy, the last the memory itself"));
}

TEST(NumberedExamples, Workflow) {
  const Ended ended = frys::testing::run_program(FRYS_EXAMPLE_WORKFLOW);
  EXPECT_EQ(ended.code, 0) << ended.output;
  EXPECT_THAT(ended.output, ContainsRegex("polished, with 0 bytes copied"));
  EXPECT_THAT(ended.output, ContainsRegex("worked as a review_loop"));
  EXPECT_THAT(ended.output, ContainsRegex("the store remembers [1-9]"));
}

TEST(NumberedExamples, Experience) {
  const Ended ended = frys::testing::run_program(FRYS_EXAMPLE_EXPERIENCE);
  EXPECT_EQ(ended.code, 0) << ended.output;
  EXPECT_THAT(ended.output, ContainsRegex("restart the cache: success"));
  EXPECT_THAT(ended.output, ContainsRegex("restart the cache: failure"));
}

}  // namespace
}  // namespace crew
