// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What every file of the house has in common: a size one can read, a licence, manners inside a
// host, and nothing left unfinished.

#include <gtest/gtest.h>

#include "meta/source_tree.hpp"

namespace frys::meta {
namespace {

constexpr std::size_t max_file_lines = 600;
constexpr std::size_t max_public_header_lines = 250;

bool is_script(const SourceFile& file) { return file.text.starts_with("#!"); }

bool is_code(const SourceFile& file) {
  return file.is_cpp() || is_script(file) || file.path.ends_with(".cmake") ||
         file.path.ends_with("CMakeLists.txt");
}

std::vector<std::string> too_long(const SourceFile& file) {
  std::size_t limit = file.under("include") ? max_public_header_lines : max_file_lines;
  if (!is_code(file) || file.lines() <= limit) return {};
  return {file.path + " has " + std::to_string(file.lines()) + " lines, more than " +
          std::to_string(limit)};
}

std::vector<std::string> without_licence(const SourceFile& file) {
  if (!is_code(file)) return {};
  std::size_t end = 0;
  for (int line = 0; line < 3 && end != std::string::npos; ++line) {
    end = file.text.find('\n', end + (line > 0 ? 1 : 0));
  }
  std::string head = file.text.substr(0, end == std::string::npos ? end : end + 1);
  if (head.find("SPDX-FileCopyrightText: ") != std::string::npos &&
      head.find("SPDX-License-Identifier: Apache-2.0\n") != std::string::npos) {
    return {};
  }
  return {file.path + " does not begin with the two SPDX lines"};
}

/// The library inside a host: it prints nothing and ends nothing.
std::vector<std::string> bad_manners(const SourceFile& file) {
  bool library = file.under("include") || (file.under("src") && !file.under("src/tools"));
  if (!library || !file.is_cpp()) return {};
  return matches(
      file, file.code,
      R"(\b(cout|cerr|clog)\b|\b(v|f|vf|d)?printf\s*\(|\b(puts|fputs|fwrite|putchar|perror)\s*\()"
      R"(|\b(abort|_?exit|_Exit|quick_exit|terminate)\s*\(|__builtin_trap)");
}

/// Nothing but the pool of threads starts a thread; nobody touches signals or the locale.
std::vector<std::string> touches_host(const SourceFile& file) {
  bool library = file.under("include") || (file.under("src") && !file.under("src/tools"));
  if (!library || !file.is_cpp()) return {};
  std::vector<std::string> found =
      matches(file, file.code,
              R"(\b(sigaction|signal|setlocale|locale::global|pthread_setaffinity_np)\s*\()");
  if (!file.path.starts_with("src/scheduler/thread_pool")) {
    for (std::string& breach : matches(
             file, file.code, R"(\bstd::(thread|jthread)\b(?!::)|\bpthread_create\b|std::async)")) {
      found.push_back(std::move(breach));
    }
  }
  return found;
}

std::vector<std::string> unfinished(const SourceFile& file) {
  if (file.under("tests")) return {};
  return matches(file, file.text, R"(\b(TODO|FIXME|XXX|HACK)\b|\b(not implemented|placeholder)\b)");
}

/// Paths of the place where the house was built mean nothing to who reads it.
std::vector<std::string> local_paths(const SourceFile& file) {
  if (file.under("tests") || file.under(".ci")) return {};
  return matches(file, file.text, R"((^|[^A-Za-z0-9_.-])/work/|\.\./shared\b|/tmp/b-)");
}

template <typename Rule>
std::string over_repository(Rule rule) {
  std::vector<std::string> breaches;
  for (const SourceFile& file : repository()) {
    for (std::string& breach : rule(file)) breaches.push_back(std::move(breach));
  }
  return joined(breaches);
}

TEST(Style, NoFileIsTooLong) { EXPECT_EQ(over_repository(too_long), ""); }

TEST(Style, EveryFileNamesItsLicence) { EXPECT_EQ(over_repository(without_licence), ""); }

TEST(Style, TheLibraryNeitherPrintsNorAborts) { EXPECT_EQ(over_repository(bad_manners), ""); }

TEST(Style, TheHostStaysItself) { EXPECT_EQ(over_repository(touches_host), ""); }

TEST(Style, NothingIsLeftUnfinished) { EXPECT_EQ(over_repository(unfinished), ""); }

TEST(Style, NoPathsOfTheWorkplace) { EXPECT_EQ(over_repository(local_paths), ""); }

TEST(Style, TheRepositoryIsRead) {
  std::vector<SourceFile> files = repository();
  std::size_t headers = 0;
  for (const SourceFile& file : files) headers += file.under("include") ? 1 : 0;
  EXPECT_GT(headers, 10u);
  EXPECT_GT(files.size(), 2 * headers);
}

TEST(Style, TheRulesSeeABreach) {
  auto count = [](auto rule, const char* path, const std::string& text) {
    return rule(SourceFile(path, text)).size();
  };
  EXPECT_EQ(count(too_long, "include/frys/a.hpp", std::string(251, '\n')), 1u);
  EXPECT_EQ(count(too_long, "src/core/a.cpp", std::string(600, '\n')), 0u);
  EXPECT_EQ(count(too_long, "src/core/a.cpp", std::string(601, '\n')), 1u);
  EXPECT_EQ(count(without_licence, "src/core/a.cpp", "#include <map>\n"), 1u);
  EXPECT_EQ(count(bad_manners, "src/core/a.cpp", "std::printf(\"x\");\n"), 1u);
  EXPECT_EQ(count(bad_manners, "src/core/a.cpp", "std::terminate();\n"), 1u);
  EXPECT_EQ(count(bad_manners, "src/core/a.cpp", "snprintf(b, n, \"abort()\");  // exit(1)\n"), 0u);
  EXPECT_EQ(count(bad_manners, "src/core/a.cpp", "x = R\"(cout \" )\"; y = 1'000; exit(2);\n"), 1u);
  EXPECT_EQ(count(touches_host, "src/core/a.cpp", "std::thread worker;\n"), 1u);
  EXPECT_EQ(count(touches_host, "src/scheduler/engine.cpp", "std::thread worker;\n"), 1u);
  EXPECT_EQ(count(touches_host, "src/scheduler/thread_pool.cpp", "std::thread worker;\n"), 0u);
  EXPECT_EQ(count(touches_host, "src/core/a.cpp", "std::thread::id self;\n"), 0u);
  EXPECT_EQ(count(unfinished, "src/core/a.cpp", "// TODO: later\n"), 1u);
  EXPECT_EQ(count(local_paths, "README.md", "see /work/main\n"), 1u);
  EXPECT_EQ(count(local_paths, "README.md", "src/work/main.cpp\n"), 0u);
}

}  // namespace
}  // namespace frys::meta
