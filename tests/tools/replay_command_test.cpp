// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "support/shared_data.hpp"
#include "tools/tool_runner.hpp"
#include "tools/wfformat.hpp"

namespace frys::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Row {
  std::string workflow, task, type, outcome, reason;
  double start_s, end_s, predicted, allocated, used, runtime_s, predicted_runtime_s;
  int attempt;
};

std::vector<Row> read_decisions(const std::string& path) {
  const auto lines = split(read_file(path), '\n');
  EXPECT_FALSE(lines.empty());
  if (lines.empty()) return {};
  EXPECT_THAT(split(lines[0], '\t'),
              ElementsAre("workflow", "task", "type", "start_s", "end_s", "attempt",
                          "predicted_bytes", "allocated_bytes", "used_bytes", "runtime_s",
                          "predicted_runtime_s", "outcome", "reason"));
  std::vector<Row> rows;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto c = split(lines[i], '\t');
    EXPECT_EQ(c.size(), 13U) << lines[i];
    if (c.size() != 13) continue;
    rows.push_back({c[0], c[1], c[2], c[11], c[12], std::stod(c[3]), std::stod(c[4]),
                    std::stod(c[6]), std::stod(c[7]), std::stod(c[8]), std::stod(c[9]),
                    std::stod(c[10]), std::stoi(c[5])});
  }
  return rows;
}

// Whatever was decided could have happened: dependencies, workers and memory were respected, every
// task ended once, and was killed exactly when it was given too little.
void check_schedule(const std::vector<Row>& rows, const tools::RecordedWorkflow& workflow,
                    std::size_t workers, double memory_bytes) {
  constexpr double tick = 2e-6;  // Times are printed to a microsecond.
  std::map<std::string, double> ended;
  std::vector<std::pair<double, std::pair<int, double>>> events;
  for (const Row& row : rows) {
    EXPECT_EQ(row.outcome == "out_of_memory", row.allocated < row.used) << row.task;
    EXPECT_GE(row.allocated, 1);
    EXPECT_FALSE(row.reason.empty());
    if (row.outcome == "success") {
      EXPECT_TRUE(ended.emplace(row.task, row.end_s).second) << row.task;
      EXPECT_NEAR(row.end_s - row.start_s, row.runtime_s, tick);
    }
    if (row.end_s - row.start_s > 2 * tick) {
      events.push_back({row.start_s + tick, {1, row.allocated}});
      events.push_back({row.end_s - tick, {-1, -row.allocated}});
    }
  }
  std::map<std::string, double> first_start;
  for (const Row& row : rows) {
    const auto [at, fresh] = first_start.try_emplace(row.task, row.start_s);
    if (!fresh) at->second = std::min(at->second, row.start_s);
  }
  EXPECT_EQ(ended.size(), workflow.tasks.size());
  for (const auto& task : workflow.tasks) {
    for (const std::size_t parent : task.parents) {
      EXPECT_GE(first_start[task.id], ended[workflow.tasks[parent].id] - tick) << task.id;
    }
  }
  std::sort(events.begin(), events.end());
  int running = 0;
  double held = 0;
  for (const auto& [when, change] : events) {
    running += change.first;
    held += change.second;
    ASSERT_LE(running, static_cast<int>(workers)) << when;
    if (memory_bytes > 0) {
      ASSERT_LE(held, memory_bytes * (1 + 1e-9)) << when;
    }
  }
}

std::vector<TaskLine> fan(int width) {
  std::vector<TaskLine> tasks = {{"start_0", 1, 5e6, {}}};
  std::vector<std::string> middle;
  for (int i = 0; i < width; ++i) {
    const std::string name = "work_" + std::to_string(i);
    tasks.push_back({name, 1.0 + i % 7, 1e8 + 1e6 * (i % 5), {"start_0"}});
    middle.push_back(name);
  }
  tasks.push_back({"end_0", 2, 5e6, middle});
  return tasks;
}

TEST(Replay, AChainTakesAsLongAsItsTasks) {
  const TestFolder folder;
  const std::string file = folder.write(
      "chain.json", wfformat_json({{"a", 2, 0, {}}, {"b", 3.5, 0, {"a"}}, {"c", 1, 0, {"b"}}}));
  const std::string decisions = folder.path("d.tsv");
  const ToolRun run = run_tool({"replay", file, "--workers", "4", "--decisions", decisions});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("6.500"));
  const auto rows = read_decisions(decisions);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[2].workflow, "chain");
  EXPECT_NEAR(rows[2].start_s, 5.5, 1e-6);
  EXPECT_NEAR(rows[2].end_s, 6.5, 1e-6);
  EXPECT_EQ(rows[2].outcome, "success");
}

TEST(Replay, KeepsWorkersDependenciesAndMemory) {
  const TestFolder folder;
  const std::string file = folder.write("fan.json", wfformat_json(fan(60)));
  const auto workflow = tools::read_wfformat(file);
  ASSERT_TRUE(workflow.has_value());
  for (const char* policy : {"organized", "fifo"}) {
    for (const char* workers : {"1", "3", "16"}) {
      const std::string decisions = folder.path("d.tsv");
      const ToolRun run =
          run_tool({"replay", file, "--workers", workers, "--memory", "700000000", "--request",
                    "64M", "--policy", policy, "--decisions", decisions});
      ASSERT_EQ(run.exit_code, 0) << run.err;
      check_schedule(read_decisions(decisions), *workflow, std::stoul(workers), 7e8);
    }
  }
}

TEST(Replay, AStepThatIsGivenTooLittleRunsAgainWithMore) {
  const TestFolder folder;
  const std::string file = folder.write("oom.json", wfformat_json({{"big_1", 10, 4e6, {}}}));
  const std::string decisions = folder.path("d.tsv");
  const ToolRun run =
      run_tool({"replay", file, "--request", "1000000", "--decisions", decisions, "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const auto rows = read_decisions(decisions);
  ASSERT_GE(rows.size(), 2U);
  EXPECT_EQ(rows[0].outcome, "out_of_memory");
  EXPECT_EQ(rows[0].attempt, 1);
  EXPECT_THAT(rows[0].reason, HasSubstr("needs 4000000 bytes"));
  EXPECT_NEAR(rows[0].end_s, 10 * rows[0].allocated / 4e6, 1e-5);
  EXPECT_EQ(rows[1].attempt, 2);
  EXPECT_GE(rows[1].allocated, 2 * rows[0].allocated);
  EXPECT_EQ(rows.back().outcome, "success");
  FlatJson json = flatten_json(run.out);
  ASSERT_TRUE(json.valid);
  EXPECT_EQ(json.numbers["workflows[0].out_of_memory"], static_cast<double>(rows.size() - 1));
}

TEST(Replay, SaysWhenThereIsNotEnoughMemoryAtAll) {
  const TestFolder folder;
  const std::string file = folder.write("big.json", wfformat_json({{"big_1", 10, 4e9, {}}}));
  const ToolRun run = run_tool({"replay", file, "--memory", "1G"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("big.json"));
  EXPECT_THAT(run.err, HasSubstr("needs 4000000000 bytes"));
  EXPECT_THAT(run.out, IsEmpty());
}

TEST(Replay, LearnsFromOneWorkflowToTheNext) {
  const TestFolder folder;
  const std::string first = folder.write("first.json", wfformat_json({{"t_1", 30, 3e8, {}}}));
  const std::string second = folder.write("second.json", wfformat_json({{"t_9", 30, 3e8, {}}}));
  const std::string decisions = folder.path("d.tsv");
  ASSERT_EQ(run_tool({"replay", first, second, "--decisions", decisions}).exit_code, 0);
  const auto rows = read_decisions(decisions);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].predicted, 1 << 30);
  EXPECT_NEAR(rows[1].predicted, 3e8, 7e7);
  EXPECT_NEAR(rows[1].predicted_runtime_s, 30, 1e-6);
}

TEST(Replay, IsTheSameEveryTime) {
  const TestFolder folder;
  const std::string file = folder.write("fan.json", wfformat_json(fan(40)));
  const std::vector<std::string> words = {"replay", file,       "--workers", "3",
                                          "--json", "--memory", "1G"};
  const ToolRun first = run_tool(words);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_EQ(run_tool(words).out, first.out);
}

TEST(Replay, AnEmptyWorkflowIsDoneAtOnce) {
  const TestFolder folder;
  const ToolRun run = run_tool({"replay", folder.write("none.json", wfformat_json({})), "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("\"makespan_s\": 0.0"));
}

TEST(Replay, ABrokenFileGetsLineFieldAndExitCodeTwo) {
  const TestFolder folder;
  std::string text = wfformat_json({{"a", 1, 0, {}}, {"b", -2, 0, {"a"}}});
  const std::string negative = folder.write("negative.json", text);
  ToolRun run = run_tool({"replay", negative});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err,
              HasSubstr(negative + ":10: field \"workflow.execution.tasks[1].runtimeInSeconds\": "
                                   "must be from 0"));
  EXPECT_THAT(run.out, IsEmpty());
  const std::string cut = folder.write("cut.json", text.substr(0, 300));
  run = run_tool({"replay", cut});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr(cut + ":"));
  run = run_tool({"replay", folder.path("absent.json")});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("No such file"));
}

TEST(Replay, ADecisionsFileThatCannotBeWrittenIsAFailure) {
  const TestFolder folder;
  const std::string file = folder.write("one.json", wfformat_json({{"a", 1, 0, {}}}));
  const ToolRun run = run_tool({"replay", file, "--decisions", "/nowhere/at/all.tsv"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("/nowhere/at/all.tsv"));
  const ToolRun full = run_tool({"replay", file, "--decisions", "/dev/full"});
  EXPECT_EQ(full.exit_code, 1);
  EXPECT_THAT(full.err, HasSubstr("/dev/full"));
}

// The figures that the scheduler's parts are held to, on recorded workflows.
TEST(ReplaySlow, IsNotBelowTheTrivialBaselinesOnRecordedWorkflows) {
  const auto folder = shared_data("workflows");
  if (!folder) GTEST_SKIP() << "recorded workflows are not at hand";
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(*folder)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  for (const char* workers : {"4", "8", "32"}) {
    std::vector<std::string> words = {"replay", "--json", "--workers", workers};
    words.insert(words.end(), files.begin(), files.end());
    const ToolRun run = run_tool(words);
    ASSERT_EQ(run.exit_code, 0) << run.err;
    FlatJson json = flatten_json(run.out);
    ASSERT_TRUE(json.valid);
    auto& figure = json.numbers;
    EXPECT_LE(figure["makespan_over_bound"], figure["fifo_over_bound"]);
    for (std::size_t i = 0; i < files.size(); ++i) {
      EXPECT_GE(figure["workflows[" + std::to_string(i) + "].makespan_over_bound"], 1 - 1e-6);
    }
    EXPECT_GT(figure["memory.frys.steps"], 8000);
    EXPECT_LT(figure["memory.frys.wasted_gb_s"], figure["memory.max_seen.wasted_gb_s"]);
    EXPECT_LE(figure["memory.frys.out_of_memory"], figure["memory.max_seen.out_of_memory"]);
    EXPECT_GT(figure["runtime.frys.steps"], 15000);
    for (const std::string baseline : {"last", "mean"}) {
      EXPECT_LE(figure["runtime.frys.median_relative_error"],
                figure["runtime." + baseline + ".median_relative_error"]);
    }
  }
}

TEST(ReplaySlow, SchedulesOfRecordedWorkflowsCouldHaveHappened) {
  for (const char* name : {"atacseq-dirt02-001", "soykb-chameleon-10fastq-10ch-001",
                           "srasearch-chameleon-20a-001", "bwa-chameleon-large-001"}) {
    const auto path = shared_data("workflows/" + std::string(name) + ".json");
    if (!path) GTEST_SKIP() << "recorded workflows are not at hand";
    const auto workflow = tools::read_wfformat(*path);
    ASSERT_TRUE(workflow.has_value());
    const TestFolder folder;
    const std::string decisions = folder.path("d.tsv");
    const ToolRun run =
        run_tool({"replay", *path, "--workers", "6", "--memory", "16G", "--decisions", decisions});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    check_schedule(read_decisions(decisions), *workflow, 6, 16.0 * (1ULL << 30));
  }
}

}  // namespace
}  // namespace frys::testing
