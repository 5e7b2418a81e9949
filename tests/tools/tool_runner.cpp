// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tools/tool_runner.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <rapidjson/reader.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

extern char** environ;

namespace frys::testing {

ToolRun run_tool(const std::vector<std::string>& arguments, const std::string& out_path) {
  const TestFolder folder;
  const std::string out = out_path.empty() ? folder.path("out") : out_path;
  const std::string err = folder.path("err");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out.c_str(), O_WRONLY | O_CREAT, 0600);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err.c_str(), O_WRONLY | O_CREAT, 0600);
  std::vector<std::string> words = {FRYS_TOOL};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t child = 0;
  const int failed = posix_spawn(&child, FRYS_TOOL, &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ToolRun run;
  if (failed != 0) return run;
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  run.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (out_path.empty()) run.out = read_file(out);
  run.err = read_file(err);
  return run;
}

TestFolder::TestFolder() : folder_(::testing::TempDir() + "frys_tools_XXXXXX") {
  EXPECT_NE(mkdtemp(folder_.data()), nullptr);
}
TestFolder::~TestFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string TestFolder::write(const std::string& name, std::string_view text) const {
  std::ofstream(path(name), std::ios::binary) << text;
  return path(name);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

namespace {

// Keeps the path of the value that RapidJSON is at.
class Flattener : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Flattener> {
 public:
  // NOLINTBEGIN(readability-identifier-naming): RapidJSON's names.
  bool Default() { return next(); }
  bool Int(int v) { return number(v); }
  bool Uint(unsigned v) { return number(v); }
  bool Int64(std::int64_t v) { return number(static_cast<double>(v)); }
  bool Uint64(std::uint64_t v) { return number(static_cast<double>(v)); }
  bool Double(double v) { return number(v); }
  bool String(const char* text, rapidjson::SizeType length, bool) {
    next();
    flat.strings[path()] = std::string(text, length);
    return true;
  }
  bool Key(const char* text, rapidjson::SizeType length, bool) {
    levels_.back().key.assign(text, length);
    return true;
  }
  bool StartObject() { return open(false); }
  bool StartArray() { return open(true); }
  bool EndObject(rapidjson::SizeType) { return close(); }
  bool EndArray(rapidjson::SizeType) { return close(); }
  // NOLINTEND
  FlatJson flat;

 private:
  struct Level {
    bool array;
    int index;
    std::string key;
  };
  bool next() {
    if (!levels_.empty() && levels_.back().array) ++levels_.back().index;
    return true;
  }
  bool open(bool array) {
    next();
    levels_.push_back({array, -1, {}});
    return true;
  }
  bool close() {
    levels_.pop_back();
    return true;
  }
  bool number(double value) {
    next();
    flat.numbers[path()] = value;
    return true;
  }
  [[nodiscard]] std::string path() const {
    std::string path;
    for (const Level& level : levels_) {
      if (level.array) {
        path += '[' + std::to_string(level.index) + ']';
      } else {
        path += (path.empty() ? "" : ".") + level.key;
      }
    }
    return path;
  }
  std::vector<Level> levels_;
};

}  // namespace

FlatJson flatten_json(const std::string& text) {
  Flattener flattener;
  rapidjson::StringStream stream(text.c_str());
  rapidjson::Reader reader;
  flattener.flat.valid = !reader.Parse(stream, flattener).IsError();
  return std::move(flattener.flat);
}

std::string wfformat_json(const std::vector<TaskLine>& tasks) {
  std::ostringstream specification;
  std::ostringstream execution;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const char* comma = i == 0 ? "\n" : ",\n";
    specification << comma << R"(    {"name": ")" << tasks[i].name << R"(", "id": ")"
                  << tasks[i].name << R"(", "children": [], "inputFiles": [], "parents": [)";
    for (std::size_t k = 0; k < tasks[i].parents.size(); ++k) {
      specification << (k == 0 ? "\"" : ", \"") << tasks[i].parents[k] << '"';
    }
    specification << "]}";
    execution << comma << R"(    {"id": ")" << tasks[i].name << R"(", "runtimeInSeconds": )"
              << tasks[i].runtime_s;
    if (tasks[i].memory_bytes > 0) execution << ", \"memoryInBytes\": " << tasks[i].memory_bytes;
    execution << '}';
  }
  return "{\n \"name\": \"test\", \"schemaVersion\": \"1.5\",\n \"workflow\": {\n"
         "  \"specification\": {\"tasks\": [" +
         specification.str() + "\n  ], \"files\": []},\n  \"execution\": {\"tasks\": [" +
         execution.str() + "\n  ]}\n }\n}\n";
}

}  // namespace frys::testing
