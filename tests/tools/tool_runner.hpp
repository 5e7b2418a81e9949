// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Runs the built tool and catches what it prints.

#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace frys::testing {

struct ToolRun {
  int exit_code = -1;  ///< 128 and more: ended by a signal.
  std::string out;
  std::string err;
};

/// `out_path`: the file its standard output goes to; by default one that becomes `out`.
ToolRun run_tool(const std::vector<std::string>& arguments, const std::string& out_path = {});

/// A folder of its own for one test, removed at the end.
class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  /// Writes a file and returns its path.
  [[nodiscard]] std::string write(const std::string& name, std::string_view text) const;
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }

 private:
  std::string folder_;
};

std::string read_file(const std::string& path);
std::vector<std::string> split(const std::string& text, char separator);

/// The numbers and strings of a JSON text by path, as "workflows[0].tasks".
struct FlatJson {
  bool valid = false;
  std::map<std::string, double> numbers;
  std::map<std::string, std::string> strings;
};
FlatJson flatten_json(const std::string& text);

/// One task of a WfFormat file; memory 0 is left out.
struct TaskLine {
  std::string name;
  double runtime_s = 1;
  double memory_bytes = 0;
  std::vector<std::string> parents;
};
std::string wfformat_json(const std::vector<TaskLine>& tasks);

}  // namespace frys::testing
