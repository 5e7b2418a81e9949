// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The program as its users run it: one process a run.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "frys/memory/trace.hpp"
#include "run/figures.hpp"
#include "run/run_summary.hpp"
#include "support/run_program.hpp"
#include "support/temporary_folder.hpp"
#include "text/corpus.hpp"

namespace crew {
namespace {

using frys::testing::Ended;
using frys::testing::TemporaryFolder;
using ::testing::HasSubstr;

Ended run_program(const std::vector<std::string>& words) {
  return frys::testing::run_program(FRYS_WORKFLOW_ENGINE, words);
}

const std::string headers = std::string(FRYS_SOURCE_DIR) + "/include";

std::string text_of(const std::string& path) { return read_file(path).value_or(""); }

/// One run over the public headers; its summary is the last of the data folder.
RunSummary run_once(const TemporaryFolder& folder) {
  const Ended ended =
      run_program({headers, "--data", folder / "data", "--report", folder / "report.html"});
  EXPECT_EQ(ended.code, 0) << ended.output;
  const KeptRuns kept = load_runs(folder / "data", 1);
  return kept.runs.empty() ? RunSummary{} : kept.runs.back();
}

TEST(WorkflowEngine, LearnsFromRunToRunAndForgetsWithItsStore) {
  const TemporaryFolder folder;
  const RunSummary first = run_once(folder);
  const RunSummary second = run_once(folder);
  std::filesystem::remove_all(folder / "data/kernel");
  const RunSummary again = run_once(folder);

  EXPECT_EQ(first.experiences_before, 0U);
  EXPECT_EQ(second.experiences_before, first.experiences_after);
  EXPECT_EQ(again.experiences_before, 0U);

  const Figures cold = figures_of(first);
  const Figures warm = figures_of(second);
  const Figures cold_again = figures_of(again);
  EXPECT_LT(warm.memory_error, cold.memory_error / 2);
  EXPECT_LT(warm.first_touch_pages, cold.first_touch_pages / 2);
  EXPECT_LT(warm.time_error, cold.time_error / 2);  // Ten times lower, on a machine at rest.
  EXPECT_NEAR(cold_again.memory_error, cold.memory_error, cold.memory_error / 10);
  // How many pages are touched hangs by how many steps run at once.
  const auto cold_pages = static_cast<double>(cold.first_touch_pages);
  EXPECT_NEAR(static_cast<double>(cold_again.first_touch_pages), cold_pages, cold_pages / 4);
  EXPECT_GT(cold_again.time_error, warm.time_error * 2);

  EXPECT_FALSE(first.warm_start);
  EXPECT_TRUE(second.warm_start);
  EXPECT_LE(second.rounds, first.rounds);
  EXPECT_EQ(again.rounds, first.rounds);
  EXPECT_EQ(again.clusters.size(), first.clusters.size());
  EXPECT_EQ(second.copies, 0U);
}

TEST(WorkflowEngine, ReportsOverTheLastRunsAndAnswers) {
  const TemporaryFolder folder;
  run_once(folder);
  const Ended ended =
      run_program({headers, "--data", folder / "data", "--report", folder / "deep/report.html",
                   "--search", "cancel a running step"});
  EXPECT_EQ(ended.code, 0) << ended.output;
  EXPECT_THAT(ended.output, HasSubstr("scheduler/"));
  const std::string html = text_of(folder / "deep/report.html");
  EXPECT_THAT(html, HasSubstr("Run 1"));
  EXPECT_THAT(html, HasSubstr("Run 2"));
  EXPECT_THAT(html, HasSubstr("cancel a running step"));
}

TEST(WorkflowEngine, AFileNameThatIsNoUtf8SpoilsNothing) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "text");
  std::ofstream(folder / "text/caf\xe9.txt") << "tea is served until the kettle has run dry\n";
  const Ended ended = run_program({folder / "text", "--data", folder / "data", "--report",
                                   folder / "report.html", "--search", "is tea served"});
  EXPECT_EQ(ended.code, 0) << ended.output;
  EXPECT_THAT(ended.output, HasSubstr("caf\uFFFD.txt:1"));
  EXPECT_TRUE(is_text(ended.output));
  EXPECT_TRUE(is_text(text_of(folder / "report.html")));
}

TEST(WorkflowEngine, AFileThatHoldsNoRunCostsNoOtherRun) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "data/runs");
  std::ofstream(folder / "data/runs/run-0007.txt") << "x";
  const Ended ended =
      run_program({headers, "--data", folder / "data", "--report", folder / "report.html"});
  EXPECT_EQ(ended.code, 0) << ended.output;
  EXPECT_THAT(ended.output, HasSubstr("run-0007.txt: line 1 is not"));
  EXPECT_TRUE(std::filesystem::exists(folder / "data/runs/run-0008.txt"));
  EXPECT_TRUE(std::filesystem::exists(folder / "report.html"));
}

TEST(WorkflowEngine, RecordsWhatItAllocates) {
  const TemporaryFolder folder;
  std::vector<std::string> words = {
      headers, "--data", folder / "data", "--report", folder / "report.html", "--memory-trace"};
  words.push_back(folder / "crew.frystrace");
  const Ended ended = run_program(words);
  EXPECT_EQ(ended.code, 0) << ended.output;
  const auto trace = frys::MemoryTrace::read(folder / "crew.frystrace");
  ASSERT_TRUE(trace) << trace.error().to_string();
  EXPECT_GT(trace->blocks, 100U);
  EXPECT_GT(trace->scopes.size(), 10U);
  words.back() = folder / "no/such/folder";
  const Ended refused = run_program(words);
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.output, HasSubstr("cannot create"));
}

TEST(WorkflowEngine, AnswersBadArgumentsWithTwo) {
  const TemporaryFolder folder;
  std::ofstream(folder / "file.txt") << "text";
  std::filesystem::create_directory(folder / "empty");
  std::filesystem::create_directory(folder / "binary");
  std::ofstream(folder / "binary/blob") << std::string(64, '\0');
  const std::vector<std::string> outputs = {"--data", folder / "data", "--report",
                                            folder / "report.html"};
  const struct {
    std::vector<std::string> words;
    const char* expected;
  } cases[] = {
      {{folder / "missing"}, "there is no folder"},
      {{folder / "file.txt"}, "is a file"},
      {{folder / "empty"}, "no text files"},
      {{folder / "binary"}, "no text files"},
      {{"--unknown"}, "unknown option"},
      {{"--search"}, "needs a value"},
  };
  for (const auto& one : cases) {
    std::vector<std::string> words = outputs;
    words.insert(words.end(), one.words.begin(), one.words.end());
    const Ended ended = run_program(words);
    EXPECT_EQ(ended.code, 2) << ended.output;
    EXPECT_THAT(ended.output, HasSubstr(one.expected));
  }
  EXPECT_EQ(run_program({}).code, 2);
  EXPECT_FALSE(std::filesystem::exists(folder / "report.html"));
}

TEST(WorkflowEngine, SaysThatItsOutputIsLost) {
  const Ended help =
      frys::testing::run_program(FRYS_WORKFLOW_ENGINE, {"--help"}, "2>&1 > /dev/full");
  EXPECT_EQ(help.code, 1);
  EXPECT_THAT(help.output, HasSubstr("output can't be written"));
  const TemporaryFolder folder;
  std::ofstream(folder / "file.txt") << "only four short words\n";
  const Ended run = frys::testing::run_program(
      FRYS_WORKFLOW_ENGINE,
      {folder.path(), "--data", folder / "data", "--report", folder / "report.html"},
      "2>&1 > /dev/full");
  EXPECT_EQ(run.code, 1);
  EXPECT_THAT(run.output, HasSubstr("output can't be written"));
  EXPECT_TRUE(std::filesystem::exists(folder / "report.html"));
}

TEST(WorkflowEngine, HelpIsNoError) {
  const Ended ended = run_program({"--help"});
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(ended.output, HasSubstr("usage: workflow_engine"));
}

}  // namespace
}  // namespace crew
