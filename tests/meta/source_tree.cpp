// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "meta/source_tree.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

namespace frys::meta {

namespace fs = std::filesystem;

namespace {

bool starts_identifier(std::string_view text, std::size_t at) {
  return at == 0 ||
         !(std::isalnum(static_cast<unsigned char>(text[at - 1])) || text[at - 1] == '_');
}

/// The end of the literal or comment that starts at `at`, or `at` when none does.
std::size_t skip(std::string_view text, std::size_t at) {
  auto end_after = [&](std::string_view mark, std::size_t from) {
    std::size_t found = text.find(mark, from);
    return found == std::string_view::npos ? text.size() : found + mark.size();
  };
  std::string_view rest = text.substr(at);
  if (rest.starts_with("//")) return std::min(text.find('\n', at), text.size());
  if (rest.starts_with("/*")) return end_after("*/", at + 2);
  if (rest.starts_with("R\"") && starts_identifier(text, at)) {
    std::size_t open = text.find('(', at);
    if (open == std::string_view::npos) return at;
    std::string close = ")" + std::string(text.substr(at + 2, open - at - 2)) + "\"";
    return end_after(close, open);
  }
  // A quote between digits separates them: 1'000'000.
  if (rest[0] != '"' && !(rest[0] == '\'' && starts_identifier(text, at))) return at;
  std::size_t end = at + 1;
  while (end < text.size() && text[end] != rest[0] && text[end] != '\n') {
    end += text[end] == '\\' ? 2 : 1;
  }
  return std::min(end + 1, text.size());
}

}  // namespace

std::string without_comments_and_literals(std::string_view text) {
  std::string code;
  code.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = skip(text, at);
    if (end == at) {
      code += text[at++];
      continue;
    }
    for (; at < end; ++at) code += text[at] == '\n' ? '\n' : ' ';
  }
  return code;
}

SourceFile::SourceFile(std::string file_path, std::string file_text)
    : path(std::move(file_path)), text(std::move(file_text)) {
  code = is_cpp() ? without_comments_and_literals(text) : text;
}

bool SourceFile::is_cpp() const {
  return path.ends_with(".cpp") || path.ends_with(".hpp") || path.ends_with(".h") ||
         path.ends_with(".cu");
}

bool SourceFile::under(std::string_view folder) const {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

std::size_t SourceFile::lines() const {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

std::vector<SourceFile> repository() {
  const fs::path root = FRYS_SOURCE_DIR;
  std::vector<fs::path> found;
  for (const char* folder :
       {"include", "src", "tests", "bench", "examples", "scripts", "cmake", "docs", ".ci"}) {
    if (!fs::exists(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      if (entry.is_regular_file()) found.push_back(entry.path());
    }
  }
  for (const char* file : {"CMakeLists.txt", "CMakePresets.json", "README.md"}) {
    if (fs::exists(root / file)) found.push_back(root / file);
  }
  std::sort(found.begin(), found.end());
  std::vector<SourceFile> files;
  for (const fs::path& path : found) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    files.emplace_back(path.lexically_relative(root).string(), text.str());
  }
  return files;
}

std::vector<Include> includes_of(const SourceFile& file) {
  static const std::regex pattern(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  std::vector<Include> includes;
  std::istringstream lines(file.text);
  std::string line;
  for (std::size_t number = 1; std::getline(lines, line); ++number) {
    std::smatch match;
    if (std::regex_search(line, match, pattern)) {
      includes.push_back({match[2], match[1] == "\"", number});
    }
  }
  return includes;
}

std::string joined(const std::vector<std::string>& breaches) {
  std::string text;
  for (const std::string& breach : breaches) text += "\n  " + breach;
  return text;
}

std::vector<std::string> matches(const SourceFile& file, std::string_view text,
                                 const std::string& regex) {
  const std::regex pattern(regex);
  std::vector<std::string> found;
  std::istringstream lines{std::string(text)};
  std::string line;
  for (std::size_t number = 1; std::getline(lines, line); ++number) {
    std::smatch match;
    if (std::regex_search(line, match, pattern)) {
      found.push_back(file.path + ":" + std::to_string(number) + ": " + match.str());
    }
  }
  return found;
}

std::vector<std::string> output_lines(const std::string& command) {
  std::vector<std::string> lines;
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) {
    ADD_FAILURE() << "cannot run " << command;
    return lines;
  }
  std::string text;
  char chunk[4096];
  while (std::size_t got = std::fread(chunk, 1, sizeof chunk, pipe)) text.append(chunk, got);
  EXPECT_EQ(pclose(pipe), 0) << command;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace frys::meta
