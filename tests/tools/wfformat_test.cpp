// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tools/wfformat.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "frys/core/random.hpp"
#include "support/shared_data.hpp"
#include "tools/tool_runner.hpp"

namespace frys::tools {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TestFolder;
using testing::wfformat_json;

TEST(TaskType, IsTheNameWithoutTrailingNumbersAndIds) {
  EXPECT_EQ(task_type("blast_ID000012"), "blast");
  EXPECT_EQ(task_type("map_map_s_1_sequence_7_ID0000029"), "map_map_s_1_sequence");
  EXPECT_EQ(task_type("cpuhog_chain_00000001"), "cpuhog_chain");
  EXPECT_EQ(task_type("bowtie2_ID0000003"), "bowtie2");
  EXPECT_EQ(task_type("bowtie2-build_ID0000001"), "bowtie2-build");
  EXPECT_EQ(task_type("NF.ALIGN.SORT_33"), "NF.ALIGN.SORT");
  EXPECT_EQ(task_type("NF:ALIGN:SORT (sample 3)"), "NF:ALIGN:SORT");
  EXPECT_EQ(task_type("render-3fa85f64"), "render");
  EXPECT_EQ(task_type("decade"), "decade");
  EXPECT_EQ(task_type("add_facade"), "add_facade");  // Hexadecimal letters alone are a word.
  EXPECT_EQ(task_type("42"), "42");
  EXPECT_EQ(task_type("_42"), "_42");
  EXPECT_EQ(task_type("(x)"), "(x)");
  EXPECT_EQ(task_type("a_1_2_3"), "a");
}

TEST(WfFormat, ReadsTasksAndMeasuresThem) {
  const TestFolder folder;
  const std::string path = folder.write("w.json", wfformat_json({{"a_1", 2, 100, {}},
                                                                 {"b_1", 3, 0, {"a_1"}},
                                                                 {"b_2", 5, 7, {"a_1"}},
                                                                 {"c_1", 1, 0, {"b_1", "b_2"}}}));
  const auto workflow = read_wfformat(path);
  ASSERT_TRUE(workflow.has_value()) << workflow.error().message();
  ASSERT_EQ(workflow->tasks.size(), 4U);
  EXPECT_EQ(workflow->tasks[2].type, "b");
  EXPECT_EQ(workflow->tasks[2].memory_bytes, 7);
  EXPECT_THAT(workflow->tasks[3].parents, ElementsAre(1, 2));
  EXPECT_EQ(critical_path_s(*workflow), 8);
  EXPECT_EQ(total_work_s(*workflow), 11);
}

TEST(WfFormat, AddsUpInputsAndTakesChildrenAsDependencies) {
  const TestFolder folder;
  const std::string path = folder.write("w.json", R"({"schemaVersion": "1.5", "workflow": {
    "specification": {
      "tasks": [{"id": "x", "children": ["y"], "inputFiles": ["f", "g", "nowhere"]},
                {"id": "y", "name": "why", "parents": ["x"]}],
      "files": [{"id": "f", "sizeInBytes": 10}, {"id": "g", "sizeInBytes": 2.5e3}]},
    "execution": {"tasks": [{"id": "y", "runtimeInSeconds": 0, "memoryInBytes": null},
                            {"id": "x", "runtimeInSeconds": 1.5, "machines": ["m"]}]}}})");
  const auto workflow = read_wfformat(path);
  ASSERT_TRUE(workflow.has_value()) << workflow.error().message();
  EXPECT_EQ(workflow->tasks[0].input_bytes, 2510);
  EXPECT_EQ(workflow->tasks[0].name, "x");
  EXPECT_EQ(workflow->tasks[1].name, "why");
  EXPECT_THAT(workflow->tasks[1].parents, ElementsAre(0));
}

struct Broken {
  std::string find;     // Replaced in a sound file …
  std::string replace;  // … by this.
  std::string says;     // What follows the path in the message.
};

// Lines 5 and 6 hold the specification of a and b, 9 and 10 their execution.
const std::vector<Broken>& broken_files() {
  static const std::vector<Broken> table = {
      {"\"1.5\"", "\"1.4\"", ":2: field \"schemaVersion\": must be \"1.5\", found \"1.4\""},
      {"\"1.5\"", "1.5", ":2: field \"schemaVersion\": must be a string, found a number"},
      {"\"schemaVersion\": \"1.5\"", "\"x\": 1", ":1: field \"schemaVersion\": is missing"},
      {"\"execution\"", "\"executed\"", ":1: field \"workflow.execution\": is missing"},
      {"\"runtimeInSeconds\": 2", "\"runtime\": 2",
       ":10: field \"workflow.execution.tasks[1].runtimeInSeconds\": is missing"},
      {"\"runtimeInSeconds\": 2", "\"runtimeInSeconds\": -2",
       ":10: field \"workflow.execution.tasks[1].runtimeInSeconds\": must be from 0 to 1e+09, "
       "found -2"},
      {"\"runtimeInSeconds\": 2", "\"runtimeInSeconds\": \"2\"",
       ":10: field \"workflow.execution.tasks[1].runtimeInSeconds\": must be a number, found a "
       "string"},
      {"\"runtimeInSeconds\": 2", "\"runtimeInSeconds\": 1e300",
       ":10: field \"workflow.execution.tasks[1].runtimeInSeconds\": must be from 0"},
      {"\"runtimeInSeconds\": 2", "\"runtimeInSeconds\": 1e999",
       ":10: field \"workflow.execution.tasks[1].runtimeInSeconds\": is not valid JSON"},
      {"\"runtimeInSeconds\": 2", "\"runtimeInSeconds\": [2]",
       ":10: field \"workflow.execution.tasks[1].runtimeInSeconds\": must be a number, found an "
       "array"},
      {"\"memoryInBytes\": 64", "\"memoryInBytes\": true",
       ":10: field \"workflow.execution.tasks[1].memoryInBytes\": must be a number, found true or "
       "false"},
      {"\"parents\": [\"a\"]", "\"parents\": [\"zz\"]",
       ":6: field \"workflow.specification.tasks[1].parents[0]\": \"zz\" is no task"},
      {"\"parents\": [\"a\"]", "\"parents\": [null]",
       ":6: field \"workflow.specification.tasks[1].parents[0]\": must be a string, found null"},
      {"\"parents\": [\"a\"]", "\"parents\": \"a\"",
       ":6: field \"workflow.specification.tasks[1].parents\": must be an array, found a string"},
      {"\"parents\": [\"a\"]", "\"parents\": [\"b\"]",
       ":6: field \"workflow.specification.tasks[1].parents\": the tasks wait for each other: b "
       "-> b"},
      {"\"parents\": []", "\"parents\": [\"b\"]", "the tasks wait for each other: "},
      {"\"id\": \"b\", \"children\"", "\"id\": \"a\", \"children\"",
       ":6: field \"workflow.specification.tasks[1].id\": \"a\" is the id of an earlier task"},
      {"\"id\": \"b\", \"children\"", "\"children\"",
       ":6: field \"workflow.specification.tasks[1].id\": is missing"},
      {"{\"id\": \"b\", \"runtime", "{\"id\": \"q\", \"runtime",
       ":10: field \"workflow.execution.tasks[1].id\": \"q\" is no task"},
      {"{\"id\": \"b\", \"runtime", "{\"id\": \"a\", \"runtime",
       ":10: field \"workflow.execution.tasks[1].id\": \"a\" was executed by an earlier entry"},
      {"]},\n  \"execution\"", "},\n  \"execution\"", ":7: field "},  // A bracket is missing.
  };
  return table;
}

TEST(WfFormat, SaysFileLineAndFieldOfWhatIsWrong) {
  const std::string sound = wfformat_json({{"a", 1, 0, {}}, {"b", 2, 64, {"a"}}});
  const TestFolder folder;
  for (const Broken& broken : broken_files()) {
    std::string text = sound;
    const std::size_t at = text.find(broken.find);
    ASSERT_NE(at, std::string::npos) << broken.find;
    text.replace(at, broken.find.size(), broken.replace);
    const std::string path = folder.write("broken.json", text);
    const auto workflow = read_wfformat(path);
    ASSERT_FALSE(workflow.has_value()) << broken.replace;
    EXPECT_EQ(workflow.status(), ErrorCode::invalid_argument);
    EXPECT_THAT(std::string(workflow.error().message()), HasSubstr(broken.says));
    EXPECT_TRUE(workflow.error().message().starts_with(path + ":")) << workflow.error().message();
  }
}

TEST(WfFormat, NamesWhatCannotBeRead) {
  const auto missing = read_wfformat("/nowhere/at/all.json");
  EXPECT_EQ(missing.status(), ErrorCode::io_error);
  EXPECT_THAT(std::string(missing.error().message()), HasSubstr("No such file"));
  EXPECT_EQ(read_wfformat("/").status(), ErrorCode::io_error);
  const TestFolder folder;
  const auto empty = read_wfformat(folder.write("empty.json", ""));
  EXPECT_EQ(empty.status(), ErrorCode::invalid_argument);
  EXPECT_THAT(std::string(empty.error().message()), HasSubstr("empty.json:1: field "));
  EXPECT_FALSE(read_wfformat(folder.write("list.json", "[]")).has_value());
  EXPECT_FALSE(read_wfformat(folder.write("two.json", "{} {}")).has_value());
  EXPECT_FALSE(read_wfformat(folder.write("deep.json", std::string(2'000'000, '['))).has_value());
  // Keys that look like paths do not pass for them.
  EXPECT_FALSE(read_wfformat(folder.write("spoof.json",
                                          R"({"workflow.specification.tasks[].id": "x",
      "workflow.execution.tasks[].runtimeInSeconds": 1, "schemaVersion": "1.5"})"))
                   .has_value());
}

// Property: cut anywhere, or with any byte changed, a file is read or refused, never worse.
TEST(WfFormat, SurvivesCutsAndChangedBytes) {
  const std::string sound = wfformat_json({{"a", 1, 0, {}}, {"b", 2, 64, {"a"}}});
  const TestFolder folder;
  for (std::size_t cut = 0; cut + 2 < sound.size(); ++cut) {
    EXPECT_FALSE(read_wfformat(folder.write("w.json", sound.substr(0, cut))).has_value()) << cut;
  }
  SeededRandom random(5);
  for (int i = 0; i < 2000; ++i) {
    std::string text = sound;
    for (int k = 0; k < 3; ++k) {
      text[random.next_below(text.size())] = static_cast<char>(random.next_below(256));
    }
    const auto workflow = read_wfformat(folder.write("w.json", text));
    if (!workflow) {
      EXPECT_THAT(std::string(workflow.error().message()), HasSubstr(": field \""));
    }
  }
}

TEST(WfFormat, ReadsRecordedWorkflows) {
  const auto path = frys::testing::shared_data("workflows/bwa-chameleon-large-001.json");
  if (!path) GTEST_SKIP() << "recorded workflows are not at hand";
  const auto workflow = read_wfformat(*path);
  ASSERT_TRUE(workflow.has_value()) << workflow.error().message();
  EXPECT_EQ(workflow->tasks.size(), 1004U);
  EXPECT_GT(critical_path_s(*workflow), 1600);
}

}  // namespace
}  // namespace frys::tools
