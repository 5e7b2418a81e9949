// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/shared_data.hpp"
#include "tools/tool_runner.hpp"

namespace frys::testing {
namespace {

using ::testing::HasSubstr;

constexpr const char* header = "dataset\ttrace\tpattern_label\tkind\tagent\ttarget\n";

TEST(Collaboration, NamesPatternsAndForeseesAgents) {
  const TestFolder folder;
  std::string log = header;
  for (int i = 0; i < 5; ++i) {
    log += "one\tt1\treview_loop\tmessage\twriter\tcritic\n";
    log += "one\tt1\treview_loop\tmessage\tcritic\twriter\n";
    log += "two\tt2\tsomething_new\tmessage\ta\t*\n";
    log += "two\tt2\tsomething_new\tthought\tb\t\n";
  }
  const ToolRun run = run_tool({"collaboration", folder.write("log.tsv", log), "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  FlatJson json = flatten_json(run.out);
  ASSERT_TRUE(json.valid);
  EXPECT_EQ(json.strings["datasets[0].pattern_label"], "review_loop");
  EXPECT_EQ(json.numbers["datasets[0].pattern"], 1);
  EXPECT_GT(json.numbers["datasets[0].next"], 0.8);
  EXPECT_EQ(json.strings["datasets[1].pattern_label"], "");  // Not known: not scored.
}

TEST(Collaboration, SaysFileLineAndFieldOfWhatIsWrong) {
  const TestFolder folder;
  ToolRun run = run_tool({"collaboration", folder.write("a.tsv", "dataset\ttrace\tkind\tagent\n")});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("a.tsv:1: field \"target\": is missing from the header"));
  run = run_tool(
      {"collaboration", folder.write("b.tsv", std::string(header) + "d\tt\tl\tmessage\ta\tb\n" +
                                                  "d\tt\tl\tmessage\ta\n")});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("b.tsv:3: field \"target\": the header has 6 columns"));
  run = run_tool({"collaboration", folder.path("absent.tsv")});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("No such file"));
  EXPECT_EQ(run_tool({"collaboration", folder.write("c.tsv", "")}).exit_code, 2);
  EXPECT_EQ(run_tool({"collaboration", folder.write("d.tsv", header)}).exit_code, 0);
}

// The figures that the detector is held to, on recorded messages: patterns with one dataset left
// out at a time, the next agent on every dataset.
TEST(Collaboration, IsNotBelowNearestNeighboursOnRecordedMessages) {
  const auto path = shared_data("agents/messages.tsv");
  if (!path) GTEST_SKIP() << "recorded messages are not at hand";
  const ToolRun run = run_tool({"collaboration", *path, "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  FlatJson json = flatten_json(run.out);
  ASSERT_TRUE(json.valid);
  auto& figure = json.numbers;
  EXPECT_GE(figure["mean.pattern"], figure["mean.pattern_nearest_neighbour"]);
  EXPECT_GE(figure["mean.pattern"], 0.85);
  EXPECT_GE(figure["mean.pattern_long"],
            figure["mean.pattern_long_nearest_neighbour_same_dataset"]);
  EXPECT_GT(figure["mean.next"], figure["mean.next_nearest_neighbour"]);
  for (int i = 0; i < 6; ++i) {
    const std::string dataset = "datasets[" + std::to_string(i) + "]";
    ASSERT_TRUE(figure.contains(dataset + ".next"));
    EXPECT_GE(figure[dataset + ".next"], figure[dataset + ".next_nearest_neighbour"]) << dataset;
  }
}

}  // namespace
}  // namespace frys::testing
