// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tools/lift_step.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/lift_formats.hpp"
#include "tools/lift_plan.hpp"
#include "tools/tool_runner.hpp"

namespace frys::tools {
namespace {

using frys::testing::split;
using frys::testing::TestFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<RecordedStep> read(const std::string& text) {
  const TestFolder folder;
  const auto steps = read_recorded_steps({folder.write("in.jsonl", text)});
  EXPECT_TRUE(steps) << steps.error().to_string();
  return steps ? *steps : std::vector<RecordedStep>();
}

TEST(FirstWord, IsTheCommand) {
  const std::pair<const char*, const char*> cases[] = {
      {"SELECT name FROM t", "select"},
      {"  ls -la", "ls"},
      {"```sql\nSHOW TABLES\n```", "show"},
      {"execute[DESC t]", "desc"},
      {"# why\n#!/bin/bash\n\nfind .", "find"},
      {"```\n", "none"},
      {"", "none"},
      {"ls|wc", "ls"},
      {"```", "none"},
  };
  for (const auto& [action, word] : cases) EXPECT_EQ(first_word_of(action), word) << action;
}

constexpr const char* turns =
    R"({"run":"r","env":"sql","task":"3","goal":"count singers","step":0,"prev_obs":"",)"
    R"("action":"SHOW tables","reward":0,"final":1.0})"
    "\n\n"
    R"({"run":"r","env":"sql","task":"3","goal":"count singers","step":1,"prev_obs":"singer",)"
    R"("action":"SELECT  COUNT(*)\nFROM singer","reward":1,"final":1.0})"
    "\n"
    R"({"run":"q","env":"sql","task":"3","goal":"count singers","step":2,"prev_obs":"",)"
    R"("action":"submit","reward":-0.25,"final":0})";

TEST(InterCode, IsRead) {
  const std::vector<RecordedStep> steps = read(turns);
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_EQ(steps[0].workflow, "intercode/sql");
  EXPECT_EQ(steps[0].task, "count singers");
  EXPECT_EQ(steps[0].situation, "count singers\n");
  EXPECT_EQ(steps[0].action_type, "show");
  EXPECT_EQ(steps[0].reward, 0);
  EXPECT_EQ(steps[0].final_reward, 1);
  EXPECT_EQ(steps[0].solution, "");
  EXPECT_EQ(steps[1].situation, "count singers\nafter_show\nsinger");
  EXPECT_EQ(steps[1].solution, "select count(*) from singer");
  EXPECT_EQ(steps[2].situation, "count singers\n");  // Another run: what it did last is not there.
  EXPECT_EQ(steps[2].reward, -0.25);
}

TEST(TauBench, IsReadWithoutWhatOnlyTheUserKnows) {
  const std::vector<RecordedStep> steps = read(
      R"({"run":"g","task":7,"trial":0,"goal":"secret","step":0,"prev_obs":"Hi","action":"Hello",)"
      R"("kind":"say","final":1.0})"
      "\n"
      R"({"run":"g","task":7,"trial":0,"goal":"secret","step":1,"prev_obs":"I am Mia",)"
      R"("action":"[{\"name\":\"get_user\",\"args\":\"{}\"}]","kind":"tool","final":1.0})"
      "\n"
      R"({"run":"g","task":7,"trial":1,"goal":"secret","step":2,"prev_obs":"x","action":"y",)"
      R"("kind":"say","final":0.0})");
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_EQ(steps[1].workflow, "tau-bench/g");
  EXPECT_EQ(steps[1].task, "7");
  EXPECT_EQ(steps[1].action_type, "get_user");
  EXPECT_EQ(steps[1].situation, "\nafter_say\nI am Mia");
  EXPECT_EQ(steps[1].reward, 1);
  EXPECT_EQ(steps[2].situation, "\nx");
  for (const RecordedStep& step : steps) EXPECT_THAT(step.situation, Not(HasSubstr("secret")));
}

TEST(Exported, IsReadWithItsTagAsTask) {
  const std::vector<RecordedStep> steps =
      read(R"({"workflow":"w","step_type":"plan","situation":"s","action":"a","outcome":"partial",)"
           R"("reward":17,"tags":["x","task:42"]})"
           "\n"
           R"({"situation":"alone","outcome":"success"})");
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[0].workflow, "exported/w");
  EXPECT_EQ(steps[0].task, "42");
  EXPECT_EQ(steps[0].action_type, "plan");
  EXPECT_EQ(steps[0].reward, 0.5);
  EXPECT_EQ(steps[1].task, "alone");
  EXPECT_EQ(steps[1].action_type, "none");
  EXPECT_EQ(steps[1].final_reward, 1);
}

TEST(Observations, AreCut) {
  const std::string longer(most_observed_bytes + 1, 'x');
  EXPECT_EQ(situation_of("g", "", longer).size(), 2 + most_observed_bytes);
}

TEST(RecordedSteps, NameFileAndLineOfWhatIsWrong) {
  const std::string good = split(turns, '\n')[0];
  const auto without = [&](const std::string& field) {
    std::string line = good;
    line.replace(line.find("\"" + field + "\""), field.size() + 2, "\"other\"");
    return line;
  };
  const std::string tau = R"({"run":"g","task":7,"trial":0,"step":0,"prev_obs":"","final":0,)";
  const std::pair<std::string, const char*> cases[] = {
      {"{\"env\":", "column 8"},
      {"[1]", "one JSON object"},
      {R"({"x":1})", "of no known format"},
      {without("goal"), "field \"goal\": is missing"},
      {without("step"), "field \"step\": is missing"},
      {R"({"env":1,"reward":0})", "field \"env\": must be a text"},
      {good.substr(0, good.find("\"reward\"")) + R"("reward":2,"final":1})",
       "field \"reward\": must be a number from -1 to 1"},
      {tau + R"("kind":"sing","action":""})", "field \"kind\": must be \"say\" or \"tool\""},
      {tau + R"("kind":"tool","action":"[{}]"})", "field \"action\": must be a list of calls"},
      {tau + R"("kind":"tool","action":"get"})", "field \"action\": column"},
      {R"({"outcome":"maybe"})", "field \"outcome\": must be \"success\""},
      {"\x1f\x8b\x08", "compressed with gzip"},
  };
  for (const auto& [line, expected] : cases) {
    const TestFolder folder;
    const std::string file = folder.write("in.jsonl", good + "\n\n" + line + "\n" + good);
    const auto steps = read_recorded_steps({file});
    ASSERT_FALSE(steps) << line;
    EXPECT_EQ(steps.error(), ErrorCode::invalid_argument);
    EXPECT_THAT(std::string(steps.error().message()),
                AllOf(HasSubstr("in.jsonl:3: "), HasSubstr(expected)));
  }
}

TEST(RecordedSteps, MustBeThere) {
  const TestFolder folder;
  EXPECT_EQ(read_recorded_steps({folder.path("absent")}).error(), ErrorCode::io_error);
  const auto none = read_recorded_steps({folder.write("empty.jsonl", "\n")});
  EXPECT_THAT(std::string(none.error().message()), HasSubstr("no step in"));
}

RecordedStep step_of(const std::string& task, const std::string& solution) {
  RecordedStep step;
  step.workflow = "w";
  step.task = task;
  step.solution = solution;
  return step;
}

TEST(LiftPlan, KeepsTasksTogetherThatHaveASolutionInCommon) {
  // a and b share one, b and c another; d has the same in another workflow.
  std::vector<RecordedStep> steps = {step_of("a", "x"), step_of("b", "x"), step_of("b", "y"),
                                     step_of("c", "y"), step_of("d", "x"), step_of("e", "")};
  steps[4].workflow = "v";
  const LiftPlan plan = plan_lift(steps, {});
  EXPECT_EQ(plan.task, (std::vector<std::size_t>{0, 0, 0, 0, 1, 2}));
  EXPECT_EQ(plan.fold.size(), 3u);
  EXPECT_EQ(plan.workflow, (std::vector<std::size_t>{0, 0, 0, 0, 1, 0}));
  EXPECT_EQ(plan.workflows, (std::vector<std::string>{"w", "v"}));
}

TEST(LiftPlan, DealsTasksEvenlyAndTheSameEveryTime) {
  std::vector<RecordedStep> steps;
  for (int i = 0; i < 1000; ++i) steps.push_back(step_of(std::to_string(i), ""));
  const LiftPlan plan = plan_lift(steps, {.folds = 4});
  std::vector<int> sizes(4);
  for (const std::size_t fold : plan.fold) ++sizes.at(fold);
  for (const int size : sizes) EXPECT_NEAR(size, 250, 60);
  EXPECT_EQ(plan_lift(steps, {.folds = 4}).fold, plan.fold);
  EXPECT_NE(plan_lift(steps, {.seed = 2, .folds = 4}).fold, plan.fold);
}

TEST(LiftPlan, KeepsAFewTasksOfEachWorkflowWhole) {
  std::vector<RecordedStep> steps;
  for (int i = 0; i < 60; ++i) {
    steps.push_back(step_of(std::to_string(i % 20), ""));
    if (i % 20 < 2) steps.back().workflow = "small";
  }
  const LiftPlan plan = plan_lift(steps, {.limit = 3});
  EXPECT_EQ(plan.fold.size(), 5u);    // 3 of 18 tasks, and both of 2.
  EXPECT_EQ(plan.steps.size(), 15u);  // 3 steps each.
}

}  // namespace
}  // namespace frys::tools
