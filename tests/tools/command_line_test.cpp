// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/tool_runner.hpp"

namespace frys::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(CommandLine, SaysItsVersionAndHelp) {
  const ToolRun version = run_tool({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_EQ(version.out, std::string("frys ") + FRYS_VERSION + "\n");
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"--help"}, {"-h"}, {"replay", "--help"}, {"collaboration", "x", "--help"}}) {
    const ToolRun help = run_tool(words);
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_THAT(help.out, HasSubstr("frys replay FILE"));
    EXPECT_THAT(help.err, IsEmpty());
  }
}

TEST(CommandLine, SaysThatItsOutputIsLost) {
  const ToolRun help = run_tool({"--help"}, "/dev/full");
  EXPECT_EQ(help.exit_code, 1);
  EXPECT_THAT(help.err, HasSubstr("output can't be written"));
  const TestFolder folder;
  const std::string workflow = folder.write("w.json", wfformat_json({{.name = "a"}}));
  const ToolRun replay = run_tool({"replay", workflow, "--json"}, "/dev/full");
  EXPECT_EQ(replay.exit_code, 1);
  EXPECT_THAT(replay.err, HasSubstr("output can't be written"));
}

struct Wrong {
  std::vector<std::string> words;
  std::string what;
};

TEST(CommandLine, AnswersWrongArgumentsWithTwoAndWhatIsWrong) {
  const std::vector<Wrong> table = {
      {{}, "no command"},
      {{"frobnicate"}, "unknown command frobnicate"},
      {{"--frobnicate"}, "unknown command --frobnicate"},
      {{"--version", "now"}, "unknown argument now"},
      {{"memory"}, "memory needs to be told what to do"},
      {{"memory", "forget"}, "replay exists"},
      {{"memory", "replay"}, "memory replay needs at least one trace"},
      {{"memory", "replay", "x", "--rounds", "0"}, "--rounds must be a whole number from 1"},
      {{"memory", "replay", "x", "--threads", "0"}, "--threads must be a whole number from 1"},
      {{"replay"}, "replay needs at least one file"},
      {{"replay", "x.json", "--frobnicate"}, "unknown option --frobnicate"},
      {{"replay", "x.json", "--workers"}, "--workers needs a value"},
      {{"replay", "x.json", "--workers", "0"}, "--workers must be a whole number from 1"},
      {{"replay", "x.json", "--workers", "-3"}, "--workers must be a whole number from 1"},
      {{"replay", "x.json", "--workers", "2x"}, "found \"2x\""},
      {{"replay", "x.json", "--workers", "99999999999999999999"}, "--workers must be"},
      {{"replay", "x.json", "--workers=4", "--workers", "5"}, "--workers was given twice"},
      {{"replay", "x.json", "--json=yes"}, "--json takes no value"},
      {{"replay", "x.json", "--memory", "0"}, "--memory must be a number of bytes"},
      {{"replay", "x.json", "--memory", "8X"}, "found \"8X\""},
      {{"replay", "x.json", "--memory", "99999999T"}, "--memory must be"},
      {{"replay", "x.json", "--policy", "random"}, "--policy must be organized or fifo"},
      {{"replay", "x.json", "--decisions", ""}, "--decisions needs the name of a file"},
      {{"collaboration"}, "collaboration needs exactly one file"},
      {{"collaboration", "a", "b"}, "collaboration needs exactly one file"},
      {{"collaboration", "a", "--workers", "2"}, "unknown option --workers"},
  };
  for (const Wrong& wrong : table) {
    const ToolRun run = run_tool(wrong.words);
    EXPECT_EQ(run.exit_code, 2) << wrong.what;
    EXPECT_THAT(run.err, HasSubstr(wrong.what));
    EXPECT_THAT(run.err, HasSubstr("frys --help"));
    EXPECT_THAT(run.out, IsEmpty());
  }
}

}  // namespace
}  // namespace frys::testing
