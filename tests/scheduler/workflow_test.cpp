// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/scheduler/workflow.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "frys/scheduler/step_context.hpp"

namespace frys {
namespace {

StepSpec step(std::string name, std::vector<StepId> after = {}) {
  return {.name = std::move(name), .after = std::move(after)};
}

TEST(WorkflowGraph, NumbersStepsInOrderAndFillsNamesIn) {
  WorkflowGraph graph("crew");
  EXPECT_EQ(graph.add_step(step("a"))->value, 0U);
  EXPECT_EQ(graph.add_step({.name = "b", .type = "read"})->value, 1U);
  EXPECT_EQ(graph.steps()[0].type, "a");
  EXPECT_EQ(graph.steps()[0].agent, "a");
  EXPECT_EQ(graph.steps()[1].agent, "read");
  EXPECT_EQ(graph.size(), 2U);
}

TEST(WorkflowGraph, RefusesBadSteps) {
  struct Case {
    std::function<void(StepSpec&)> spoil;
    std::string says;
  };
  const Case cases[] = {
      {[](StepSpec& s) { s.name = ""; }, "no name"},
      {[](StepSpec& s) { s.request.cpu_slots = -1; }, "cpu_slots"},
      {[](StepSpec& s) { s.request.cpu_slots = NAN; }, "cpu_slots"},
      {[](StepSpec& s) { s.input_size = INFINITY; }, "input_size"},
      {[](StepSpec& s) { s.input_size = -3; }, "input_size"},
      {[](StepSpec& s) { s.deadline_ns = -1; }, "deadline_ns"},
      {[](StepSpec& s) { s.max_attempts = 0; }, "max_attempts"},
      {[](StepSpec& s) { s.name = "taken"; }, "'taken' already"},
  };
  WorkflowGraph graph("crew");
  ASSERT_TRUE(graph.add_step(step("taken")).has_value());
  for (const Case& bad : cases) {
    StepSpec spec = step("b");
    bad.spoil(spec);
    const Result<StepId> added = graph.add_step(std::move(spec));
    ASSERT_EQ(added.status(), ErrorCode::invalid_argument) << bad.says;
    EXPECT_NE(added.error().message().find(bad.says), std::string_view::npos)
        << added.error().message();
  }
  EXPECT_EQ(graph.size(), 1U);
}

TEST(WorkflowGraph, NamesTheCycle) {
  WorkflowGraph graph("crew");
  ASSERT_TRUE(graph.add_step(step("start")).has_value());
  ASSERT_TRUE(graph.add_step(step("a", {{0}, {3}})).has_value());
  ASSERT_TRUE(graph.add_step(step("b", {{1}})).has_value());
  ASSERT_TRUE(graph.add_step(step("c", {{2}})).has_value());
  const Status status = graph.validate();
  EXPECT_EQ(status, ErrorCode::invalid_argument);
  EXPECT_NE(status.message().find("a -> b -> c -> a"), std::string_view::npos) << status.message();
}

TEST(WorkflowGraph, NamesAStepThatWaitsForItselfOrNobody) {
  WorkflowGraph self("crew");
  ASSERT_TRUE(self.add_step(step("a", {{0}})).has_value());
  EXPECT_NE(self.validate().message().find("a -> a"), std::string_view::npos);
  WorkflowGraph missing("crew");
  ASSERT_TRUE(missing.add_step(step("a", {{7}})).has_value());
  EXPECT_NE(missing.validate().message().find("waits for step 7"), std::string_view::npos);
  EXPECT_EQ(WorkflowGraph("").validate(), ErrorCode::invalid_argument);
  EXPECT_TRUE(WorkflowGraph("empty is legal").validate().ok());
}

TEST(WorkflowGraph, ChecksLoops) {
  const auto make = [](std::vector<LoopSpec> loops) {
    WorkflowGraph graph("crew");
    for (std::size_t i = 0; i < 5; ++i) {
      std::vector<StepId> after;
      if (i > 0) after.push_back({i - 1});
      EXPECT_TRUE(graph.add_step(step(std::string(1, char('a' + i)), after)).has_value());
    }
    for (const LoopSpec& loop : loops) EXPECT_TRUE(graph.add_loop(loop).ok());
    return graph.validate();
  };
  EXPECT_TRUE(make({{{1}, {3}, 2}}).ok());
  EXPECT_TRUE(make({{{1}, {3}, 2}, {{2}, {2}, 2}}).ok());
  EXPECT_TRUE(make({{{0}, {1}, 2}, {{2}, {4}, 2}}).ok());
  EXPECT_NE(make({{{3}, {1}, 2}}).message().find("can't repeat"), std::string_view::npos);
  EXPECT_NE(make({{{0}, {2}, 2}, {{1}, {3}, 2}}).message().find("overlap"), std::string_view::npos);
  EXPECT_NE(make({{{0}, {2}, 2}, {{1}, {2}, 2}}).message().find("overlap"), std::string_view::npos);
  EXPECT_EQ(make({{{0}, {9}, 2}}), ErrorCode::invalid_argument);
  WorkflowGraph graph("crew");
  EXPECT_EQ(graph.add_loop({{0}, {0}, 0}), ErrorCode::invalid_argument);
}

TEST(WorkflowGraph, LoopsThatWaitForEachOtherAreACycle) {
  // a1 -> a2 -> a3 and b1 -> b2, with a1 -> b2 and b1 -> a3 across: each waits for the other's end.
  WorkflowGraph graph("crew");
  ASSERT_TRUE(graph.add_step(step("a1")).has_value());
  ASSERT_TRUE(graph.add_step(step("b1")).has_value());
  ASSERT_TRUE(graph.add_step(step("a3", {{0}, {1}})).has_value());
  ASSERT_TRUE(graph.add_step(step("b2", {{1}, {0}})).has_value());
  ASSERT_TRUE(graph.add_loop({{0}, {2}, 2}).ok());
  ASSERT_TRUE(graph.add_loop({{1}, {3}, 2}).ok());
  EXPECT_NE(graph.validate().message().find("loops wait for each other"), std::string_view::npos);
}

}  // namespace
}  // namespace frys
