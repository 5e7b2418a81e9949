// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "arguments.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/temporary_folder.hpp"

namespace crew {
namespace {

std::string error_of(const std::vector<std::string>& words) {
  const frys::Result<Arguments> arguments = parse_arguments(words);
  if (arguments) return "accepted";
  EXPECT_EQ(arguments.error().code(), frys::ErrorCode::invalid_argument);
  return std::string(arguments.error().message());
}

TEST(Arguments, AreReadInAnyOrder) {
  const frys::testing::TemporaryFolder folder;
  const frys::Result<Arguments> arguments =
      parse_arguments({"--search", "who?", "--data", "d", folder.path(), "--report", "r.html",
                       "--search", "why?", "--limit", "2", "--memory-trace", "m"});
  ASSERT_TRUE(arguments) << arguments.error().to_string();
  EXPECT_EQ(arguments->folder, folder.path());
  EXPECT_EQ(arguments->data, "d");
  EXPECT_EQ(arguments->report, "r.html");
  EXPECT_EQ(arguments->questions, (std::vector<std::string>{"who?", "why?"}));
  EXPECT_EQ(arguments->memory_trace, "m");
  EXPECT_EQ(arguments->limit_bytes, std::size_t{2} << 20);
}

TEST(Arguments, HelpAsksForNothingElse) {
  EXPECT_TRUE(parse_arguments({"--help"})->help);
  EXPECT_NE(usage().find("--search"), std::string::npos);
}

TEST(Arguments, SayWhatIsWrongWithThem) {
  const frys::testing::TemporaryFolder folder;
  const std::string file = folder.path() + "/file";
  std::ofstream(file) << "text";
  const struct {
    std::vector<std::string> words;
    const char* expected;
  } cases[] = {
      {{"--report", "r"}, "--data DIR is missing"},
      {{"--data", "d"}, "--report FILE.html is missing"},
      {{"--data"}, "--data needs a value"},
      {{"--data", "d", "--report", ""}, "--report needs a value"},
      {{"/no/such", "--data", "d", "--report", "r"}, "no folder \"/no/such\""},
      {{file, "--data", "d", "--report", "r"}, "is a file; name the folder"},
      {{"--data", file, "--report", "r"}, "--data"},
      {{"--data", "d", "--report", folder.path()}, "is a folder; it takes a file"},
      {{"--memory-trace"}, "--memory-trace needs a value"},
      {{"--frobnicate"}, "unknown option \"--frobnicate\""},
      {{folder.path(), folder.path()}, "two folders"},
      {{"--limit", "none"}, "whole megabytes"},
      {{"--limit", "0"}, "whole megabytes"},
      {{"--limit", "-3"}, "whole megabytes"},
  };
  for (const auto& one : cases) {
    EXPECT_NE(error_of(one.words).find(one.expected), std::string::npos)
        << error_of(one.words) << " lacks: " << one.expected;
  }
}

}  // namespace
}  // namespace crew
