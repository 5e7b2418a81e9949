// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "support/bench_cache.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "support/temporary_folder.hpp"

namespace frys::bench {
namespace {

namespace fs = std::filesystem;

Status write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
  return {};
}

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class Cache : public ::testing::Test {
 protected:
  Status keep(const std::string& key, const std::string& text) const {
    return cache_.keep(key, [&](const std::string& path) { return write(path, text); });
  }
  std::string found(const std::string& key) const {
    const auto path = cache_.find(key);
    return path ? read(*path) : "nothing";
  }
  std::size_t files() const {
    const fs::directory_iterator all(folder_ / "deep/cache");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }

  testing::TemporaryFolder folder_;
  BenchCache cache_{folder_ / "deep/cache"};
};

TEST_F(Cache, GivesBackWhatItKept) {
  EXPECT_EQ(found("a"), "nothing");
  ASSERT_TRUE(keep("a", "first").ok());
  ASSERT_TRUE(keep("b", "").ok());
  EXPECT_EQ(found("a"), "first");
  EXPECT_EQ(found("b"), "");
  ASSERT_TRUE(keep("a", "second").ok());
  EXPECT_EQ(found("a"), "second");
  EXPECT_EQ(files(), 4u);  // Each with its seal, and no draft.
  cache_.forget("a");
  EXPECT_EQ(found("a"), "nothing");
  EXPECT_EQ(found("b"), "");
}

TEST_F(Cache, DoesNotGiveWhatIsNotWhole) {
  const std::string text = "what was written";
  const struct {
    const char* what;
    void (*damage)(const std::string& path);
  } damages[] = {
      {"flipped", [](const std::string& path) { (void)write(path, "what was writteN"); }},
      {"cut", [](const std::string& path) { fs::resize_file(path, 8); }},
      {"longer", [](const std::string& path) { fs::resize_file(path, 17); }},
      {"gone", [](const std::string& path) { fs::remove(path); }},
      {"unsealed", [](const std::string& path) { fs::remove(path + ".seal"); }},
      {"seal emptied", [](const std::string& path) { fs::resize_file(path + ".seal", 0); }},
      {"both gone empty",
       [](const std::string& path) {
         fs::remove(path);
         fs::resize_file(path + ".seal", 0);
       }},
  };
  for (const auto& one : damages) {
    ASSERT_TRUE(keep("a", text).ok());
    ASSERT_EQ(found("a"), text);
    one.damage(folder_ / "deep/cache/a");
    EXPECT_EQ(found("a"), "nothing") << one.what;
    EXPECT_EQ(files(), 0u) << one.what;
  }
}

TEST_F(Cache, KeepsNothingOfWhatFailed) {
  ASSERT_TRUE(keep("a", "before").ok());
  const Status failed = cache_.keep("a", [](const std::string& path) {
    (void)write(path, "half");
    return Status(ErrorCode::io_error, "the disk is full");
  });
  EXPECT_EQ(failed.message(), "the disk is full");
  EXPECT_EQ(found("a"), "nothing");
  EXPECT_EQ(files(), 0u);
  const Status unwritten = cache_.keep("a", [](const std::string&) { return Status(); });
  EXPECT_EQ(unwritten.code(), ErrorCode::io_error);
  EXPECT_EQ(found("a"), "nothing");
}

TEST_F(Cache, WithoutAFolderNothingIsKept) {
  const BenchCache none("");
  bool asked = false;
  EXPECT_TRUE(none.keep("a",
                        [&](const std::string&) {
                          asked = true;
                          return Status();
                        })
                  .ok());
  EXPECT_FALSE(asked);
  EXPECT_FALSE(none.find("a"));
  ASSERT_TRUE(write(folder_ / "file", "").ok());
  EXPECT_EQ(
      BenchCache(folder_ / "file/x").keep("a", [](const std::string&) { return Status(); }).code(),
      ErrorCode::io_error);
}

TEST_F(Cache, LiesWhereTheSystemKeepsCaches) {
  const char* kept = std::getenv("XDG_CACHE_HOME");
  const std::string before = kept == nullptr ? "" : kept;
  ::setenv("XDG_CACHE_HOME", "/somewhere", 1);
  EXPECT_EQ(BenchCache::default_folder(), "/somewhere/frys-bench");
  ::setenv("XDG_CACHE_HOME", "relative", 1);  // Which the specification says to ignore.
  EXPECT_NE(BenchCache::default_folder(), "relative/frys-bench");
  if (kept == nullptr) {
    ::unsetenv("XDG_CACHE_HOME");
  } else {
    ::setenv("XDG_CACHE_HOME", before.c_str(), 1);
  }
}

}  // namespace
}  // namespace frys::bench
