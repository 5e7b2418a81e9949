// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What happens when the world refuses: errors on demand, a disk without room, a failing embedder.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <thread>

#include "experience/store_fixture.hpp"
#include "support/file_size_limit.hpp"

namespace frys {
namespace {

using testing::FileSizeLimit;
using testing::numbered_experience;
using testing::StoreTest;

class StoreFaultTest : public StoreTest {
 protected:
  [[nodiscard]] Environment faulty() {
    Environment with_faults = environment();
    with_faults.faults = &faults_;
    return with_faults;
  }
  FaultInjector faults_;
  const Status refused_ = Status(ErrorCode::io_error, "refused by the test");
};

TEST_F(StoreFaultTest, ARefusedOpenLeavesNothingBehind) {
  faults_.fail("experience.open", 1, refused_);
  EXPECT_EQ(ExperienceStore::open(options(), faulty()).status(), ErrorCode::io_error);
  EXPECT_TRUE(ExperienceStore::open(options(), faulty()));
}

TEST_F(StoreFaultTest, ARefusedWriteIsNotThere) {
  {
    Result<ExperienceStore> store = ExperienceStore::open(options(), faulty());
    ASSERT_TRUE(store);
    ASSERT_TRUE(store->store(numbered_experience(0)));
    faults_.fail("experience.write", 1, refused_, 2);
    EXPECT_EQ(store->store(numbered_experience(1)).status(), ErrorCode::io_error);
    EXPECT_EQ(store->store(numbered_experience(2)).status(), ErrorCode::io_error);
    EXPECT_EQ(store->size(), 1U);
    EXPECT_EQ(store->find_similar({.text = "situation number", .k = 100})->size(), 1U);
    SimilarityQuery by_type{.text = "situation number", .k = 100};
    by_type.step_type = "type-1";
    EXPECT_TRUE(store->find_similar(by_type)->empty());
    // The same again, and it is.
    ASSERT_TRUE(store->store(numbered_experience(2)));
    ASSERT_TRUE(store->store(numbered_experience(1)));
    EXPECT_EQ(store->find_similar(by_type)->matches.at(0).sequence, 3U);
  }
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store) << store.error().to_string();
  EXPECT_EQ(store->size(), 3U);
}

TEST_F(StoreFaultTest, ARefusedReadOrSyncIsTold) {
  Result<ExperienceStore> store = ExperienceStore::open(options(), faulty());
  ASSERT_TRUE(store);
  const ExperienceId id = *store->store(numbered_experience(0));
  faults_.fail("experience.read", 1, refused_, 2);
  EXPECT_EQ(store->get(id).status(), ErrorCode::io_error);
  SimilarityQuery query{.text = "situation"};
  query.with_experience = true;
  EXPECT_EQ(store->find_similar(query).status(), ErrorCode::io_error);
  EXPECT_TRUE(store->find_similar(query));
  faults_.fail("experience.sync", 1, refused_);
  EXPECT_EQ(store->sync(), ErrorCode::io_error);
  EXPECT_TRUE(store->sync().ok());
}

void store_on_a_full_disk(const ExperienceStoreOptions& options, const Environment& environment) {
  std::vector<ExperienceId> acknowledged;
  int refused = 0;
  const auto number = [](std::size_t i) {
    Experience e = numbered_experience(static_cast<int>(i));
    e.payload.assign(10'000, static_cast<std::byte>(i));
    return e;
  };
  {
    Result<ExperienceStore> store = ExperienceStore::open(options, environment);
    ASSERT_TRUE(store) << store.error().to_string();
    {
      const FileSizeLimit limit(200'000);
      for (std::size_t i = 0; i < 40; ++i) {
        const auto id = store->store(number(i), {.durability = Durability::synced});
        if (id) {
          acknowledged.push_back(*id);
        } else {
          EXPECT_EQ(id.error(), ErrorCode::io_error) << id.error().to_string();
          ++refused;
        }
      }
      EXPECT_GT(refused, 10);
      EXPECT_GT(acknowledged.size(), 10U);
      // What is there can be read and found meanwhile.
      for (const ExperienceId& id : acknowledged) EXPECT_TRUE(store->get(id));
      EXPECT_TRUE(store->find_similar({.text = "situation"}));
    }
    // Room again: it goes on by itself.
    for (std::size_t i = 0; i < 40; ++i) {
      const auto id = store->store(number(i));
      ASSERT_TRUE(id) << id.error().to_string();
    }
    EXPECT_EQ(store->size(), 40U);
    EXPECT_TRUE(store->close().ok());
  }
  Result<ExperienceStore> store = ExperienceStore::open(options, environment);
  ASSERT_TRUE(store) << store.error().to_string();
  EXPECT_EQ(store->size(), 40U);
  for (const ExperienceId& id : acknowledged) EXPECT_TRUE(store->get(id));
}

TEST_F(StoreFaultTest, WhenItCannotBeOpenedAgainReadsSayWhy) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  const ExperienceId id = *store->store(numbered_experience(0));
  {
    const FileSizeLimit full(0);
    EXPECT_EQ(store->store(numbered_experience(1)).status(), ErrorCode::io_error);
    EXPECT_TRUE(store->get(id));
  }
  const std::string current = folder_ / "store/CURRENT";
  std::filesystem::rename(current, folder_ / "CURRENT");
  EXPECT_EQ(store->store(numbered_experience(1)).status(), ErrorCode::corruption);
  const Status reason = store->get(id).status();
  EXPECT_EQ(reason, ErrorCode::corruption);
  EXPECT_NE(reason.message().find("CURRENT"), std::string_view::npos) << reason.to_string();
  std::filesystem::rename(folder_ / "CURRENT", current);
  EXPECT_TRUE(store->store(numbered_experience(1)));
  EXPECT_TRUE(store->get(id));
  EXPECT_TRUE(store->close().ok());
}

TEST_F(StoreFaultTest, ClosingAfterAFailureSaysSo) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->store(numbered_experience(0)));
  {
    const FileSizeLimit full(0);
    EXPECT_EQ(store->store(numbered_experience(1)).status(), ErrorCode::io_error);
  }
  EXPECT_EQ(store->sync(), ErrorCode::io_error);
  EXPECT_EQ(store->close(), ErrorCode::io_error);
  Result<ExperienceStore> again = open();
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->get(*content_id(numbered_experience(0))));
}

TEST_F(StoreFaultTest, AFullDiskIsToldAndOvercome) {
  store_on_a_full_disk(options(), environment());
}

TEST_F(StoreFaultTest, AFullDiskIsOvercomeWithoutThreads) {
  store_on_a_full_disk(options(), Environment());
}

TEST_F(StoreFaultTest, SyncingBesideARefusedWriteIsTold) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  std::atomic<bool> ended{false};
  std::thread syncs([&] {
    while (!ended) {
      const Status status = store->sync();
      EXPECT_TRUE(status.ok() || status == ErrorCode::io_error) << status.to_string();
    }
  });
  int refused = 0;
  for (int i = 0; i < 20; ++i) {
    {
      const FileSizeLimit full(0);
      const auto id = store->store(numbered_experience(2 * i));
      refused += id.status() == ErrorCode::io_error ? 1 : 0;
    }
    EXPECT_TRUE(store->store(numbered_experience(2 * i + 1)));
  }
  ended = true;
  syncs.join();
  EXPECT_EQ(refused, 20);
  EXPECT_TRUE(store->close().ok());
}

/// Folders have the names of the next write-ahead logs.
class NoNewLogs {
 public:
  explicit NoNewLogs(const std::string& store) {
    int last = 0;
    for (const auto& entry : std::filesystem::directory_iterator(store)) {
      last = std::max(last, std::atoi(entry.path().filename().c_str()));
    }
    for (int number = last + 1; number < last + 50; ++number) {
      char name[32];
      std::snprintf(name, sizeof(name), "/%06d.log", number);
      if (std::filesystem::create_directory(store + name)) made_.push_back(store + name);
    }
  }
  ~NoNewLogs() {
    for (const std::string& name : made_) std::filesystem::remove(name);
  }

 private:
  std::vector<std::string> made_;
};

TEST_F(StoreFaultTest, ANewLogThatCannotBeMadeIsToldAndOvercome) {
  ExperienceStoreOptions wide = options();
  wide.dimension = 4096;
  wide.write_buffer_bytes = std::size_t{1} << 20;
  Result<ExperienceStore> store = ExperienceStore::open(wide, environment());
  ASSERT_TRUE(store);
  std::vector<Experience> many;
  for (int i = 0; i < 100; ++i) {
    many.push_back(numbered_experience(i));
    many.back().payload.resize(20'000);
  }
  // Rows and vectors are both more than their buffers take: what comes next needs new ones.
  ASSERT_TRUE(store->store_many(many));
  {
    const NoNewLogs none(wide.path);
    EXPECT_EQ(store->store(numbered_experience(100)).status(), ErrorCode::io_error);
  }
  const auto id = store->store(numbered_experience(101));
  ASSERT_TRUE(id) << id.error().to_string();
  EXPECT_EQ(store->size(), 101U);
  ASSERT_TRUE(store->close().ok());
  store = ExperienceStore::open(wide, environment());
  ASSERT_TRUE(store) << store.error().to_string();
  EXPECT_EQ(store->size(), 101U);
  for (const Experience& e : many) EXPECT_TRUE(store->get(*content_id(e)));
}

class OddEmbedder final : public Embedder {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "odd"; }
  [[nodiscard]] std::size_t dimension() const noexcept override { return 8; }
  Status embed(std::string_view text, std::span<float> out) const noexcept override {
    if (text == "fail") return Status(ErrorCode::unavailable, "the model is away");
    const bool broken = text == "nan";
    for (float& value : out) value = broken ? std::numeric_limits<float>::quiet_NaN() : 1.0F;
    return {};
  }
};

TEST_F(StoreFaultTest, AnEmbeddersFailureIsPassedOn) {
  ExperienceStoreOptions odd;
  odd.path = folder_ / "odd";
  odd.embedder = std::make_shared<OddEmbedder>();
  Result<ExperienceStore> store = ExperienceStore::open(odd, environment());
  ASSERT_TRUE(store);
  EXPECT_EQ(store->store({.situation = "fail"}).status(), ErrorCode::unavailable);
  EXPECT_EQ(store->store({.situation = "nan"}).status(), ErrorCode::invalid_argument);
  EXPECT_EQ(store->find_similar({.text = "fail"}).status(), ErrorCode::unavailable);
  EXPECT_EQ(store->find_similar({.text = "nan"}).status(), ErrorCode::invalid_argument);
  EXPECT_TRUE(store->store({.situation = "fine"}));
  EXPECT_EQ(store->size(), 1U);
}

}  // namespace
}  // namespace frys
