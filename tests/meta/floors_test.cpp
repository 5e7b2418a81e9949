// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The floors of docs/ARCHITECTURE.md, held by reading every include: a room sees itself and what
// stands below it, a third party is seen in its room alone.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "meta/source_tree.hpp"

namespace frys::meta {
namespace {

using Names = std::set<std::string, std::less<>>;

/// What each room may include besides itself.
const std::map<std::string, Names, std::less<>>& floors() {
  static const Names up_to_tensor{"core", "simd", "cuda", "memory", "tensor"};
  static const Names up_to_index{"core", "simd", "cuda", "memory", "tensor", "index"};
  static const Names below_kernel{"core",   "simd",  "cuda",      "memory",
                                  "tensor", "index", "scheduler", "experience"};
  static const std::map<std::string, Names, std::less<>> instance{
      {"core", {}},
      {"simd", {"core"}},
      {"cuda", {"core"}},
      {"memory", {"core", "simd", "cuda"}},
      {"tensor", {"core", "simd", "cuda", "memory"}},
      {"index", {"core", "simd", "cuda", "memory"}},
      {"scheduler", up_to_tensor},
      {"experience", up_to_index},
      {"kernel", below_kernel},
      {"tools", {}},
  };
  return instance;
}

/// The first part of a path after `prefix`; empty when it lies right there.
std::string first_folder(std::string_view path, std::size_t prefix) {
  std::size_t slash = path.find('/', prefix);
  return slash == std::string_view::npos ? "" : std::string(path.substr(prefix, slash - prefix));
}

/// The room a file belongs to. Headers right under include/frys/ speak for the kernel.
std::string room_of(const SourceFile& file) {
  if (file.under("src")) return first_folder(file.path, 4);
  if (!file.under("include/frys")) return "";
  std::string folder = first_folder(file.path, 13);
  return folder.empty() ? "kernel" : folder;
}

/// The room an include looks at; empty when it isn't one of ours.
std::string room_seen(const Include& include) {
  if (include.target.starts_with("frys/")) {
    std::string folder = first_folder(include.target, 5);
    return folder.empty() ? "kernel" : folder;
  }
  return include.quoted ? first_folder(include.target, 0) : "";
}

std::string where(const SourceFile& file, const Include& include) {
  return file.path + ":" + std::to_string(include.line) + " includes " + include.target;
}

std::vector<std::string> floor_breaches(const SourceFile& file) {
  std::vector<std::string> breaches;
  std::string room = room_of(file);
  if (room.empty() || !file.is_cpp()) return breaches;
  auto floor = floors().find(room);
  if (floor == floors().end()) return {file.path + ": no floor is known for the room " + room};
  for (const Include& include : includes_of(file)) {
    std::string seen = room_seen(include);
    bool public_header = include.target.starts_with("frys/");
    if (seen.empty()) {
      if (include.quoted) breaches.push_back(where(file, include) + ", not as room/file");
      continue;
    }
    bool allowed = seen == room || floor->second.contains(seen);
    // Tools speak to the kernel, and may use any public header.
    if (room == "tools") allowed = seen == room || public_header;
    if (file.under("include") && !public_header) {
      breaches.push_back(where(file, include) + ", which is not public");
    } else if (!allowed) {
      breaches.push_back(where(file, include) + ", which " + room + " must not see");
    }
  }
  return breaches;
}

/// Where each third party lives. Headers of the language and of POSIX are nobody's.
const std::map<std::string, std::vector<std::string>, std::less<>>& third_party_rooms() {
  static const std::map<std::string, std::vector<std::string>, std::less<>> instance{
      {"xsimd", {"src/simd"}},
      {"mimalloc", {"src/memory"}},
      {"mimalloc.h", {"src/memory"}},
      {"sys/mman.h", {"src/memory"}},
      {"sanitizer", {"src/memory"}},
      {"valgrind", {"src/memory"}},
      {"cuda.h", {"src/cuda"}},
      {"asio", {"src/scheduler", "include/frys/asio.hpp"}},
      {"asio.hpp", {"src/scheduler", "include/frys/asio.hpp"}},
      {"rocksdb", {"src/experience"}},
      {"rapidjson", {"src/tools"}},
  };
  return instance;
}

bool is_system_header(const std::string& target) {
  static const Names folders{"sys", "linux", "netinet", "arpa", "net"};
  std::string folder = first_folder(target, 0);
  if (!folder.empty()) return folders.contains(folder);
  return !target.ends_with(".hpp");
}

std::vector<std::string> third_party_breaches(const SourceFile& file) {
  std::vector<std::string> breaches;
  if (!file.is_cpp() || (!file.under("src") && !file.under("include"))) return breaches;
  for (const Include& include : includes_of(file)) {
    if (include.target.starts_with("frys/")) continue;
    auto party = third_party_rooms().find(include.target);
    if (party == third_party_rooms().end()) {
      party = third_party_rooms().find(first_folder(include.target, 0));
    }
    if (party == third_party_rooms().end()) {
      if (!include.quoted && !is_system_header(include.target)) {
        breaches.push_back(where(file, include) + ", a third party without a room");
      }
      continue;
    }
    bool at_home =
        std::any_of(party->second.begin(), party->second.end(),
                    [&](const std::string& room) { return file.path == room || file.under(room); });
    if (!at_home) breaches.push_back(where(file, include) + ", which has another room");
  }
  return breaches;
}

/// An example is a host: it includes public headers and its own.
std::vector<std::string> example_breaches(const SourceFile& file,
                                          const std::vector<SourceFile>& files) {
  std::vector<std::string> breaches;
  if (!file.is_cpp() || !file.under("examples")) return breaches;
  for (const Include& include : includes_of(file)) {
    if (!include.quoted || include.target.starts_with("frys/")) continue;
    bool own = std::any_of(files.begin(), files.end(), [&](const SourceFile& other) {
      // Named from the file's own folder, or from one around it.
      std::size_t folder = other.path.size() - std::min(other.path.size(), include.target.size());
      return folder > 0 && other.path[folder - 1] == '/' && other.under("examples") &&
             other.path.ends_with(include.target) &&
             file.path.starts_with(other.path.substr(0, folder));
    });
    if (!own) breaches.push_back(where(file, include) + ", which is not public");
  }
  return breaches;
}

template <typename Rule>
std::vector<std::string> over_repository(Rule rule) {
  std::vector<std::string> breaches;
  for (const SourceFile& file : repository()) {
    for (std::string& breach : rule(file)) breaches.push_back(std::move(breach));
  }
  return breaches;
}

TEST(Floors, EveryRoomSeesOnlyWhatStandsBelowIt) {
  auto breaches = over_repository(floor_breaches);
  EXPECT_TRUE(breaches.empty()) << joined(breaches);
}

TEST(Floors, ThirdPartiesStayInTheirRooms) {
  auto breaches = over_repository(third_party_breaches);
  EXPECT_TRUE(breaches.empty()) << joined(breaches);
}

TEST(Floors, ExamplesUseNothingPrivate) {
  std::vector<SourceFile> files = repository();
  std::vector<std::string> breaches;
  for (const SourceFile& file : files) {
    for (std::string& breach : example_breaches(file, files)) breaches.push_back(breach);
  }
  EXPECT_TRUE(breaches.empty()) << joined(breaches);
}

TEST(Floors, TheRulesSeeABreach) {
  auto floor = [](const char* path, const char* text) {
    return floor_breaches(SourceFile(path, text)).size();
  };
  EXPECT_EQ(floor("src/scheduler/a.cpp", "#include \"frys/experience/experience.hpp\"\n"), 1u);
  EXPECT_EQ(floor("src/experience/a.cpp", "#include \"scheduler/deque.hpp\"\n"), 1u);
  EXPECT_EQ(floor("include/frys/core/a.hpp", "#include \"frys/memory/pool.hpp\"\n"), 1u);
  EXPECT_EQ(floor("include/frys/tensor/a.hpp", "#include \"tensor/inner.hpp\"\n"), 1u);
  EXPECT_EQ(floor("src/tools/a.cpp", "#include \"scheduler/deque.hpp\"\n"), 1u);
  EXPECT_EQ(floor("src/memory/a.cpp", "#include \"pool.hpp\"\n"), 1u);
  EXPECT_EQ(floor("src/attic/a.cpp", ""), 1u);
  EXPECT_EQ(floor("src/kernel/a.cpp", "#include \"frys/experience/experience.hpp\"\n"), 0u);
  EXPECT_EQ(floor("src/tools/a.cpp", "#include \"frys/experience/experience.hpp\"\n"), 0u);

  auto party = [](const char* path, const char* text) {
    return third_party_breaches(SourceFile(path, text)).size();
  };
  EXPECT_EQ(party("src/tensor/a.cpp", "#include <xsimd/xsimd.hpp>\n"), 1u);
  EXPECT_EQ(party("include/frys/kernel.hpp", "#include <asio.hpp>\n"), 1u);
  EXPECT_EQ(party("src/core/a.cpp", "#  include <boost/any.hpp>\n"), 1u);
  EXPECT_EQ(party("src/core/a.cpp", "#include <sys/mman.h>\n"), 1u);
  EXPECT_EQ(party("src/core/a.cpp", "#include <sys/stat.h>\n#include <vector>\n"), 0u);
  EXPECT_EQ(party("include/frys/asio.hpp", "#include <asio/async_result.hpp>\n"), 0u);

  SourceFile example("examples/crew/a.cpp", "#include \"tensor/inner.hpp\"\n#include \"b.hpp\"\n");
  EXPECT_EQ(example_breaches(example, {SourceFile("examples/crew/b.hpp", "")}).size(), 1u);
}

}  // namespace
}  // namespace frys::meta
