// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/graph_checkpoint.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "experience/store_fixture.hpp"
#include "frys/core/fault.hpp"
#include "frys/core/simulation.hpp"

namespace frys::testing {
namespace {

namespace fs = std::filesystem;

constexpr int rows = 2000;

/// What is said of graphs.
class Messages final : public LogSink {
 public:
  void write(const LogRecord& record) noexcept override {
    if (record.message.find("graph") == std::string_view::npos) return;
    if (record.level == LogLevel::warning) warnings.emplace_back(record.message);
    if (record.level == LogLevel::info) infos.emplace_back(record.message);
  }
  std::vector<std::string> warnings;
  std::vector<std::string> infos;
};

/// Stores of `rows` experiences. A simulated executor runs nothing, so what is linked after opening
/// was loaded; without one, calls link.
class GraphCheckpointTest : public ::testing::Test {
 protected:
  [[nodiscard]] Environment environment(Executor& executor = inline_executor()) {
    Environment environment;
    environment.executor = &executor;
    environment.log = &messages_;
    environment.faults = &faults_;
    return environment;
  }
  Result<ExperienceStore> open(const Environment& environment, const std::string& path) {
    return ExperienceStore::open({.path = path, .dimension = 32}, environment);
  }
  void fill(ExperienceStore& store, int begin, int end) {
    for (int i = begin; i < end; ++i) {
      Experience e;
      e.embedding = random_vector(32, static_cast<std::uint32_t>(i));
      ASSERT_TRUE(store.store(e));
    }
  }
  /// What an opening finds linked; and that every fiftieth experience is found.
  std::uint64_t loaded() {
    SimulatedExecutor executor;
    Result<ExperienceStore> store = open(environment(executor), path_);
    EXPECT_TRUE(store) << store.status().to_string();
    if (!store) return 0;
    const std::uint64_t indexed = store->stats().indexed;
    for (std::uint64_t i = 0; i < store->size(); i += 50) {
      SimilarityQuery query{.vector = random_vector(32, static_cast<std::uint32_t>(i)), .k = 1};
      const Result<SimilarMatches> found = store->find_similar(query);
      EXPECT_TRUE(found && found->size() == 1 && found->front().sequence == i + 1) << i;
    }
    return indexed;
  }
  [[nodiscard]] std::vector<fs::path> files() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(path_ + "/graph")) found.push_back(entry);
    std::ranges::sort(found);
    return found;
  }
  static void flip(const fs::path& path) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(5000);
    const int byte = file.get();
    file.seekp(5000);
    file.put(static_cast<char>(byte ^ 4));
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_ / "store";
  Messages messages_;
  FaultInjector faults_;
};

TEST_F(GraphCheckpointTest, OpeningTakesUpTheGraphThatClosingLeft) {
  std::uint64_t linked = 0;
  {
    Result<ExperienceStore> store = open(environment(), path_);
    ASSERT_TRUE(store);
    fill(*store, 0, rows);
    linked = store->stats().indexed;
    ASSERT_TRUE(store->close().ok());
  }
  EXPECT_GT(linked, rows - 300U);
  EXPECT_EQ(loaded(), linked);
  EXPECT_TRUE(messages_.warnings.empty());
  EXPECT_EQ(files().size(), 1U) << "nothing new was linked, nothing is saved again";
}

TEST_F(GraphCheckpointTest, OfTwoGenerationsTheOneThatIsWholeIsTaken) {
  std::vector<std::uint64_t> linked;
  for (int round = 0; round < 4; ++round) {
    Result<ExperienceStore> store = open(environment(), path_);
    ASSERT_TRUE(store);
    fill(*store, round * 1500, (round + 1) * 1500);
    linked.push_back(store->stats().indexed);
    ASSERT_TRUE(store->close().ok());
  }
  ASSERT_EQ(files().size(), 2U);
  EXPECT_EQ(loaded(), linked[3]);
  flip(files()[1]);
  EXPECT_EQ(loaded(), linked[2]);
  ASSERT_EQ(messages_.warnings.size(), 1U);
  EXPECT_NE(messages_.warnings[0].find("a table is damaged"), std::string::npos);
  fs::resize_file(files()[0], 3000);
  EXPECT_EQ(loaded(), 0U);
  EXPECT_EQ(messages_.warnings.size(), 3U);
}

TEST_F(GraphCheckpointTest, AGraphOfOtherExperiencesIsPassedOver) {
  for (const int first : {0, 7}) {
    Result<ExperienceStore> store = open(environment(), first == 0 ? path_ : folder_ / "other");
    ASSERT_TRUE(store);
    fill(*store, first, first + rows);
  }
  fs::remove_all(path_ + "/graph");
  fs::copy(folder_ / "other/graph", path_ + "/graph");
  EXPECT_EQ(loaded(), 0U);
  ASSERT_EQ(messages_.infos.size(), 1U);
  EXPECT_NE(messages_.infos[0].find("other vectors"), std::string::npos);
  EXPECT_TRUE(messages_.warnings.empty());
}

TEST_F(GraphCheckpointTest, AFailureAtAnyStepLeavesTheOneBefore) {
  std::uint64_t linked = 0;
  int end = 1500;
  {
    Result<ExperienceStore> store = open(environment(), path_);
    ASSERT_TRUE(store);
    fill(*store, 0, end);
    linked = store->stats().indexed;
  }
  for (const char* step : {"write", "sync", "rename"}) {
    {
      Result<ExperienceStore> store = open(environment(), path_);
      ASSERT_TRUE(store);
      fill(*store, end, end + 500);
      end += 500;
      faults_.fail(std::string("experience.checkpoint.") + step, 1,
                   Status(ErrorCode::io_error, "the disk is full"));
      EXPECT_TRUE(store->close().ok()) << "what is stored is safe";
    }
    ASSERT_EQ(messages_.warnings.size(), 1U) << step;
    EXPECT_NE(messages_.warnings[0].find("not saved: "), std::string::npos);
    messages_.warnings.clear();
    ASSERT_EQ(files().size(), 1U) << step;
    EXPECT_EQ(loaded(), linked);
  }
}

TEST_F(GraphCheckpointTest, WhatAKilledProcessLeftIsNoGraph) {
  {
    Result<ExperienceStore> store = open(environment(), path_);
    ASSERT_TRUE(store);
    fill(*store, 0, rows);
  }
  fs::rename(files()[0], path_ + "/graph/graph.part");
  std::ofstream(path_ + "/graph/graph-none") << "x";
  EXPECT_EQ(loaded(), 0U);
  {
    Result<ExperienceStore> store = open(environment(), path_);
    ASSERT_TRUE(store);
  }
  EXPECT_GT(loaded(), rows - 300U);
  EXPECT_FALSE(fs::exists(path_ + "/graph/graph.part"));
}

}  // namespace
}  // namespace frys::testing
