// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "support/shared_data.hpp"
#include "tools/tool_runner.hpp"

namespace frys::testing {
namespace {

using ::testing::HasSubstr;

/// One turn of a run of its own.
std::string turn(const std::string& env, const std::string& goal, const std::string& action,
                 int reward) {
  static int runs = 0;
  return R"({"run":"r)" + std::to_string(++runs) + R"(","env":")" + env + R"(","goal":")" + goal +
         R"(","step":0,"prev_obs":"","action":")" + action + R"(","reward":)" +
         std::to_string(reward) + R"(,"final":)" + std::to_string(reward) + "}\n";
}

std::string goal_of(int task) {
  return "count the files in the folder number " + std::to_string(task);
}

struct Lifted {
  FlatJson json;
  [[nodiscard]] double at(const std::string& path) const {
    const auto found = json.numbers.find(path);
    return found == json.numbers.end() ? -1 : found->second;
  }
  /// Of workflow number `i`.
  [[nodiscard]] double value(int i, const std::string& who, const std::string& measure) const {
    return at("workflows[" + std::to_string(i) + "].predictors." + who + "." + measure + ".value");
  }
  [[nodiscard]] double coverage(int i, const std::string& who, const std::string& of) const {
    return at("workflows[" + std::to_string(i) + "].predictors." + who + "." + of + "_coverage");
  }
};

Lifted lift(const std::string& file, const std::vector<std::string>& options = {}) {
  std::vector<std::string> words = {"store", "lift", file, "--json", "--resamples", "200"};
  words.insert(words.end(), options.begin(), options.end());
  const ToolRun run = run_tool(words);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  Lifted out{flatten_json(run.out)};
  EXPECT_TRUE(out.json.valid) << run.out;
  return out;
}

// In the first workflow the words of an action tell whether it is good. In the second, each task
// was solved by one type of action and failed twice by another: who goes by likeness alone proposes
// the one that failed.
std::string made_steps(int tasks) {
  std::string text;
  for (int i = 0; i < tasks; ++i) {
    const std::string goal = "job " + std::to_string(i);
    text += turn("words", goal, "run alphabetically", 1) + turn("words", goal, "run backwards", 0);
    text += turn("types", goal_of(i), "good one", 1);
    text += turn("types", goal_of(i), "bad one", 0) + turn("types", goal_of(i), "bad one", 0);
  }
  return text;
}

TEST(Lift, FindsWhatIsThere) {
  const TestFolder folder;
  const Lifted found = lift(folder.write("in.jsonl", made_steps(20)), {"--neighbours", "5"});
  ASSERT_EQ(found.json.strings.at("workflows[0].workflow"), "intercode/words");
  EXPECT_EQ(found.at("workflows[0].tasks"), 20);
  EXPECT_EQ(found.at("workflows[0].steps"), 40);
  EXPECT_EQ(found.value(0, "reward_aware", "auc"), 1);
  EXPECT_EQ(found.value(0, "similarity", "auc"), 1);
  EXPECT_EQ(found.value(0, "frequency", "auc"), 0.5);  // Half of each type's steps are good.
  EXPECT_EQ(found.coverage(0, "reward_aware", "reward"), 1);
  ASSERT_EQ(found.json.strings.at("workflows[1].workflow"), "intercode/types");
  EXPECT_EQ(found.value(1, "reward_aware", "hit1"), 1);
  EXPECT_EQ(found.value(1, "similarity", "hit1"), 0);
  EXPECT_EQ(found.value(1, "similarity", "hit3"), 1);
  EXPECT_EQ(found.coverage(1, "similarity", "next"), 1);
  EXPECT_LT(found.coverage(1, "recency", "next"), 1);  // Nothing is before the first step.
  EXPECT_GT(found.coverage(1, "recency", "next"), 0.7);
  EXPECT_EQ(found.at("workflows[1].over_similarity.hit1.value"), 1);
  EXPECT_EQ(found.at("workflows[1].over_similarity.hit1.low"), 1);
  EXPECT_EQ(found.at("workflows[1].over_similarity.hit3.high"), 0);
  ASSERT_EQ(found.json.strings.at("workflows[2].workflow"), "intercode, mean");
  EXPECT_EQ(found.value(2, "similarity", "hit1"), 0.5);
}

TEST(Lift, SaysWhetherRewardsHelp) {
  const TestFolder folder;
  const std::string file = folder.write("in.jsonl", made_steps(20));
  const ToolRun run = run_tool({"store", "lift", file, "--neighbours", "5"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("intercode/types: 20 tasks, 60 steps"));
  EXPECT_THAT(run.out, HasSubstr("hit@1: yes;  hit@3: no;"));
  EXPECT_THAT(run.out, HasSubstr("95 % of 1000 draws of tasks (seed 1)"));
  EXPECT_EQ(run_tool({"store", "lift", file, "--neighbours", "5"}).out, run.out);
}

// Each task has a type of its own, so that only steps of the same task could tell anything.
std::string lonely_steps(int tasks) {
  std::string text;
  for (int i = 0; i < tasks; ++i) {
    for (int run = 0; run < 3; ++run) {
      text += turn("alone", goal_of(i), "type" + std::to_string(i) + " x", run % 2);
    }
  }
  return text;
}

TEST(Lift, NeverAsksAStoreThatWasTaughtTheTask) {
  const TestFolder folder;
  const Lifted found = lift(folder.write("in.jsonl", lonely_steps(10)));
  for (const char* who : {"reward_aware", "similarity", "recency", "frequency", "random"}) {
    EXPECT_EQ(found.coverage(0, who, "reward"), 0) << who;
    EXPECT_EQ(found.value(0, who, "hit3"), 0) << who;
  }
  EXPECT_EQ(found.coverage(0, "reward_aware", "next"), 1);
  EXPECT_EQ(found.at("workflows[0].steps_judged"), 0);
  EXPECT_EQ(found.value(0, "reward_aware", "auc"), -1);  // Left out.
}

TEST(Lift, TakesGoalsForOneTaskThatTheSameActionSolved) {
  std::string same;
  std::string different;
  for (int i = 0; i < 10; ++i) {
    const std::string type = "type" + std::to_string(i);
    for (const char* goal : {"count them ", "how many are there "}) {
      const std::string text = goal + std::to_string(i);
      same += turn("pairs", text, type + " all of them", 1);
      different += turn("pairs", text, type + " all of them for " + text, 1);
    }
  }
  const TestFolder folder;
  const Lifted joined = lift(folder.write("same.jsonl", same));
  EXPECT_EQ(joined.at("workflows[0].tasks"), 10);
  EXPECT_EQ(joined.coverage(0, "reward_aware", "reward"), 0);
  const Lifted apart = lift(folder.write("different.jsonl", different));
  EXPECT_EQ(apart.at("workflows[0].tasks"), 20);
  EXPECT_GT(apart.coverage(0, "reward_aware", "reward"), 0.4);
}

TEST(Lift, HoldsAnOutcomeToTheRewardThatIsAsked) {
  const TestFolder folder;
  std::string text;
  for (int i = 0; i < 10; ++i) {
    text += R"({"situation":"s )" + std::to_string(i) + R"(","step_type":"a","outcome":")" +
            (i % 2 == 0 ? "partial" : "failure") + "\"}\n";
  }
  const std::string file = folder.write("in.jsonl", text);
  EXPECT_EQ(lift(file).at("workflows[0].steps_good"), 0);
  // Five are; the first of them has no recent step before it, so that it is not judged.
  EXPECT_EQ(lift(file, {"--success", "0.5"}).at("workflows[0].steps_good"), 4);
  EXPECT_EQ(lift(file, {"--limit", "4"}).at("workflows[0].tasks"), 4);
}

TEST(Lift, LeavesNothingInTheTemporaryFolder) {
  const TestFolder folder;
  const std::string file = folder.write("in.jsonl", made_steps(4));
  const char* before = std::getenv("TMPDIR");
  const std::string kept = before == nullptr ? "" : before;
  std::filesystem::create_directory(folder.path("tmp"));
  ::setenv("TMPDIR", folder.path("tmp").c_str(), 1);
  const int code = run_tool({"store", "lift", file}).exit_code;
  before == nullptr ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", kept.c_str(), 1);
  EXPECT_EQ(code, 0);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path("tmp")));
}

TEST(Lift, ExplainsWrongWords) {
  const TestFolder folder;
  const std::string file = folder.write("in.jsonl", made_steps(4));
  const std::string broken = folder.write("broken.jsonl", "{\"x\":1}\n");
  const struct {
    std::vector<std::string> words;
    const char* expected;
  } cases[] = {
      {{}, "at least one file"},
      {{file, "--fold", "3"}, "unknown option --fold"},
      {{file, "--folds", "1"}, "--folds must be a whole number from 2"},
      {{file, "--resamples", "10"}, "--resamples must be a whole number from 100"},
      {{file, "--neighbours", "0"}, "--neighbours must be"},
      {{file, "--limit", "0"}, "--limit must be"},
      {{file, "--dimension", "8"}, "--dimension must be"},
      {{file, "--seed", "-1"}, "--seed must be"},
      {{file, "--success", "0"}, "--success must be a number above 0 to 1"},
      {{file, "--success", "2"}, "found \"2\""},
      {{file, "--success", "1x"}, "found \"1x\""},
      {{file, "--outcome-weight", "-0.1"}, "--outcome-weight must be a number from 0 to 1"},
      {{file, "--outcome-weight", "nan"}, "found \"nan\""},
      {{file, broken}, "broken.jsonl:1: the line is of no known format"},
  };
  for (const auto& one : cases) {
    std::vector<std::string> words{"store", "lift"};
    words.insert(words.end(), one.words.begin(), one.words.end());
    const ToolRun run = run_tool(words);
    EXPECT_EQ(run.exit_code, 2) << one.expected;
    EXPECT_THAT(run.err, HasSubstr(one.expected));
    EXPECT_EQ(run.out, "");
  }
  EXPECT_EQ(run_tool({"store", "lift", folder.path("absent")}).exit_code, 1);
}

/// The recorded steps, decompressed; empty where they are not at hand.
std::string recorded(const TestFolder& folder, const std::string& name) {
  const auto path = shared_data("experiences/" + name + ".jsonl.gz");
  if (!path) return {};
  const std::string out = folder.path(name + ".jsonl");
  const int code = std::system(("gzip -dc '" + *path + "' > '" + out + "'").c_str());
  EXPECT_EQ(code, 0);
  return out;
}

TEST(LiftSlow, LearnsFromRecordedTurnsOfInterCode) {
  const TestFolder folder;
  const std::string file = recorded(folder, "intercode");
  if (file.empty()) GTEST_SKIP() << "recorded experiences are not at hand";
  const Lifted found = lift(file, {"--limit", "40"});
  int sql = -1;
  for (int i = 0; i < 4; ++i) {
    const std::string name = "workflows[" + std::to_string(i) + "].workflow";
    if (found.json.strings.at(name) == "intercode/sql") sql = i;
  }
  ASSERT_GE(sql, 0);
  EXPECT_GT(found.value(sql, "reward_aware", "auc"), 0.7);
  EXPECT_GT(found.value(sql, "reward_aware", "auc"), found.value(sql, "frequency", "auc") + 0.1);
  EXPECT_GT(found.value(sql, "reward_aware", "hit1"), found.value(sql, "recency", "hit1"));
  EXPECT_GT(found.coverage(sql, "reward_aware", "reward"), 0.95);
}

TEST(LiftSlow, LearnsFromRecordedStepsOfTauBench) {
  const TestFolder folder;
  const std::string file = recorded(folder, "taubench_gpt4o_airline");
  if (file.empty()) GTEST_SKIP() << "recorded experiences are not at hand";
  const Lifted found = lift(file);
  EXPECT_EQ(found.at("workflows[0].tasks"), 50);
  EXPECT_EQ(found.at("workflows[0].steps"), 2454);
  EXPECT_GT(found.value(0, "reward_aware", "hit1"), found.value(0, "random", "hit1"));
  EXPECT_GT(found.value(0, "reward_aware", "hit3"), 0.75);
  EXPECT_GT(found.coverage(0, "reward_aware", "reward"), 0.95);
}

}  // namespace
}  // namespace frys::testing
