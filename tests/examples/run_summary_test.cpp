// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "run/run_summary.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "examples/synthetic_run.hpp"
#include "support/temporary_folder.hpp"

namespace crew {
namespace {

using frys::testing::TemporaryFolder;

TEST(RunSummary, SurvivesBeingWritten) {
  RunSummary run = testing::SyntheticRun::make(3, true);
  run.folder = "a\tfolder\nwith \\ odd characters";
  run.answers[0].text = "";
  run.new_types = {"search", "translate"};
  const std::string text = to_text(run);
  const frys::Result<RunSummary> again = from_text(text);
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(to_text(*again), text);
  EXPECT_EQ(again->folder, run.folder);
  EXPECT_EQ(again->new_types, run.new_types);
  EXPECT_EQ(again->steps.size(), run.steps.size());
  EXPECT_EQ(again->steps[5].peak_bytes, run.steps[5].peak_bytes);
  EXPECT_EQ(again->clusters[2].terms, run.clusters[2].terms);
  EXPECT_EQ(again->segments[0].ready_bytes, run.segments[0].ready_bytes);
  EXPECT_EQ(again->blocks[1].live_blocks, run.blocks[1].live_blocks);
  EXPECT_EQ(again->large_block_bytes, run.large_block_bytes);
  EXPECT_EQ(again->latencies[0].buckets, run.latencies[0].buckets);
  EXPECT_EQ(again->warm_start, true);
  EXPECT_DOUBLE_EQ(again->pattern_confidence, run.pattern_confidence);
}

TEST(RunSummary, PassesOverKindsItDoesNotKnow) {
  const std::string text = to_text(testing::SyntheticRun::make(1, false));
  const frys::Result<RunSummary> run = from_text(text + "later\tsomething\t7\n");
  ASSERT_TRUE(run);
  EXPECT_EQ(to_text(*run), text);
}

TEST(RunSummary, NamesTheLineAndFieldThatIsWrong) {
  const std::string head = "workflow_engine run 2\n";
  const struct {
    std::string text;
    const char* expected;
  } cases[] = {
      {"", "line 1"},
      {"workflow_engine run 1\n", "line 1"},
      {head + "edge\ta\tb\tmany\t3\n", "line 2, edge: field 3"},
      {head + "edge\ta\tb\t1\n", "line 2, edge: field 4"},
      {head + "agents\t3\ta\tb\n", "line 2, agents: field 4"},
      {head + "edge\n", "line 2, edge: field 2"},
  };
  for (const auto& one : cases) {
    const frys::Result<RunSummary> run = from_text(one.text);
    ASSERT_FALSE(run) << one.text;
    EXPECT_EQ(run.error().code(), frys::ErrorCode::corruption);
    EXPECT_NE(run.error().message().find(one.expected), std::string_view::npos)
        << run.error().to_string();
  }
}

TEST(RunFiles, TheLastFewComeBackInOrder) {
  const TemporaryFolder folder;
  EXPECT_TRUE(load_runs(folder.path(), 3).runs.empty());
  EXPECT_EQ(load_runs(folder.path(), 3).next, 1);
  for (std::int64_t number = 1; number <= 12; ++number) {
    ASSERT_TRUE(save_run(folder.path(), testing::SyntheticRun::make(number, number > 1)).ok());
  }
  const KeptRuns kept = load_runs(folder.path(), 3);
  ASSERT_EQ(kept.runs.size(), 3U);
  EXPECT_EQ(kept.runs.front().run, 10);
  EXPECT_EQ(kept.runs.back().run, 12);
  EXPECT_TRUE(kept.unreadable.empty());
  EXPECT_EQ(kept.next, 13);
}

TEST(RunFiles, ABrokenOneIsNamedAndKeepsItsNumber) {
  const TemporaryFolder folder;
  ASSERT_TRUE(save_run(folder.path(), testing::SyntheticRun::make(1, false)).ok());
  std::ofstream(folder.path() + "/runs/run-0002.txt") << "not a run";
  const KeptRuns kept = load_runs(folder.path(), 3);
  EXPECT_EQ(kept.runs.size(), 1U);
  ASSERT_EQ(kept.unreadable.size(), 1U);
  EXPECT_NE(kept.unreadable[0].find("run-0002.txt: line 1"), std::string::npos);
  EXPECT_EQ(kept.next, 3);
}

}  // namespace
}  // namespace crew
