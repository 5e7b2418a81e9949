// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The program in README.md is compiled by the build; here it runs, and prints what README.md says.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "meta/source_tree.hpp"

namespace frys::meta {
namespace {

/// The first block that is fenced as ```language.
std::string block(const std::string& text, const std::string& language) {
  std::string fence = "```" + language + "\n";
  std::size_t start = text.find(fence);
  if (start == std::string::npos) return "";
  start += fence.size();
  return text.substr(start, text.find("```", start) - start);
}

TEST(Readme, ItsProgramPrintsWhatItSays) {
  std::string readme;
  for (const SourceFile& file : repository()) {
    if (file.path == "README.md") readme = file.text;
  }
  std::string program = FRYS_README_PROGRAM;
  ASSERT_NE(program, "") << "README.md has no block fenced as ```cpp";
  std::string promised = block(readme.substr(readme.find("```cpp\n")), "text");
  ASSERT_NE(promised, "") << "README.md has no block fenced as ```text after its program";

  std::string folder = ::testing::TempDir() + "frys-readme-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  std::string printed;
  for (const std::string& line : output_lines("cd '" + folder + "' && '" + program + "' 2>&1")) {
    printed += line + "\n";
  }
  std::filesystem::remove_all(folder);
  EXPECT_EQ(printed, promised);
}

}  // namespace
}  // namespace frys::meta
