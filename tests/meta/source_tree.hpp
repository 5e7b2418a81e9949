// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The repository as the meta tests read it: every text file of ours, line by line, with its
// includes. Rules are functions from files to breaches, so that each is also tried on a file that
// breaks it.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace frys::meta {

/// One file: its path from the repository's root, its text, and its text without comments and
/// literals (line structure kept).
struct SourceFile {
  std::string path;
  std::string text;
  std::string code;

  SourceFile(std::string file_path, std::string file_text);

  bool is_cpp() const;
  /// Whether it lies under `folder` (no slash at the end).
  bool under(std::string_view folder) const;
  std::size_t lines() const;
};

struct Include {
  std::string target;  ///< What stands between the quotes or brackets.
  bool quoted;
  std::size_t line;
};

/// All files under the folders and the single files that make up the repository.
std::vector<SourceFile> repository();

std::vector<Include> includes_of(const SourceFile& file);

/// C++ without comments, string and character literals; every other byte keeps its line.
std::string without_comments_and_literals(std::string_view text);

/// The breaches one a line, for a test's message.
std::string joined(const std::vector<std::string>& breaches);

/// Where a regular expression matches in `text`: "path:line: match".
std::vector<std::string> matches(const SourceFile& file, std::string_view text,
                                 const std::string& regex);

/// What a shell command prints; ends the test with a failure when it cannot be run.
std::vector<std::string> output_lines(const std::string& command);

}  // namespace frys::meta
