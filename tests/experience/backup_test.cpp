// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Copies of a store that is in use.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <thread>

#include "experience/store_fixture.hpp"
#include "support/file_size_limit.hpp"

namespace frys {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using testing::FileSizeLimit;
using ::testing::HasSubstr;
using testing::large_experience;
using testing::numbered_experience;
using testing::random_vector;
using testing::rows_of;
using testing::StoreTest;

class BackupTest : public StoreTest {
 protected:
  [[nodiscard]] ExperienceStoreOptions small_buffers() const {
    ExperienceStoreOptions small = options();
    small.write_buffer_bytes = std::size_t{1} << 20;  // Some rows are in tables soon.
    return small;
  }
  Result<ExperienceStore> open_at(const std::string& path) {
    ExperienceStoreOptions there = options();
    there.path = path;
    there.must_exist = true;
    return ExperienceStore::open(there, environment());
  }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& entry : fs::directory_iterator(folder_.path())) {
      all.push_back(entry.path().filename());
    }
    std::sort(all.begin(), all.end());
    return all;
  }
};

/// Whether `copy` holds what `original` held at some time.
void expect_prefix(const ExperienceStore& copy, const ExperienceStore& original) {
  const std::vector<ScanRow> all = rows_of(original);
  const std::vector<ScanRow> copied = rows_of(copy);
  ASSERT_LE(copied.size(), all.size());
  for (std::size_t i = 0; i < copied.size(); ++i) {
    ASSERT_EQ(copied[i].sequence, i + 1);
    ASSERT_EQ(copied[i].id, all[i].id);
    ASSERT_TRUE(copied[i].experience == all[i].experience);
  }
}

TEST_F(BackupTest, BesideWritersItHoldsWhatWasAcknowledged) {
  constexpr int writers = 4;
  constexpr int each = 250;
  Result<ExperienceStore> store = ExperienceStore::open(small_buffers(), environment());
  ASSERT_TRUE(store);
  std::atomic<int> acknowledged{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < writers; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < each; ++i) {
        EXPECT_TRUE(store->store(large_experience(t * each + i)));
        ++acknowledged;
        EXPECT_TRUE(store->find_similar({.text = "situation", .k = 1}));
      }
    });
  }
  std::vector<std::uint64_t> promised;
  for (int backup = 0; backup < 4; ++backup) {
    while (acknowledged < writers * each / 5 * (backup + 1)) std::this_thread::yield();
    promised.push_back(static_cast<std::uint64_t>(acknowledged.load()));
    const Status status = store->backup(folder_ / ("backup-" + std::to_string(backup)));
    EXPECT_TRUE(status.ok()) << status.to_string();
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(names(), ElementsAre("backup-0", "backup-1", "backup-2", "backup-3", "store"));
  for (int backup = 0; backup < 4; ++backup) {
    const auto copy = open_at(folder_ / ("backup-" + std::to_string(backup)));
    ASSERT_TRUE(copy) << copy.error().to_string();
    EXPECT_GE(copy->size(), promised[static_cast<std::size_t>(backup)]);
    expect_prefix(*copy, *store);
  }
  // Not all of it was in the log: rows of tables come with a backup, too.
  EXPECT_TRUE(std::any_of(fs::directory_iterator(folder_ / "backup-3"), {},
                          [](const auto& file) { return file.path().extension() == ".sst"; }));
}

TEST_F(BackupTest, WhatBecomesOfTheStoreIsNothingToIt) {
  {
    Result<ExperienceStore> store = ExperienceStore::open(small_buffers(), environment());
    ASSERT_TRUE(store);
    for (int i = 0; i < 300; ++i) ASSERT_TRUE(store->store(large_experience(i)));
    ASSERT_TRUE(store->backup(folder_ / "backup").ok());
    for (int i = 300; i < 900; ++i) ASSERT_TRUE(store->store(large_experience(i)));
  }
  for (const auto& entry : fs::directory_iterator(folder_ / "store")) {
    // Tables may be shared; they never change.
    if (entry.path().extension() != ".sst") std::ofstream(entry.path(), std::ios::app) << "damage";
  }
  fs::remove_all(folder_ / "store");
  for (int time = 0; time < 2; ++time) {
    Result<ExperienceStore> copy = open_at(folder_ / "backup");
    ASSERT_TRUE(copy) << copy.error().to_string();
    EXPECT_EQ(copy->size(), 300U + static_cast<std::uint64_t>(time));
    const std::vector<ScanRow> rows = rows_of(*copy);
    for (int i = 0; i < 300; ++i) {
      EXPECT_TRUE(rows[static_cast<std::size_t>(i)].experience == large_experience(i));
    }
    EXPECT_EQ(
        copy->find_similar({.vector = large_experience(77).embedding})->matches.at(0).sequence,
        78U);
    EXPECT_TRUE(copy->store(large_experience(5000 + time)));
    EXPECT_TRUE(copy->close().ok());
  }
}

TEST_F(BackupTest, BothGoOnByThemselves) {
  Result<ExperienceStore> store = ExperienceStore::open(small_buffers(), environment());
  ASSERT_TRUE(store);
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(store->store(large_experience(i)));
  ASSERT_TRUE(store->backup(folder_ / "backup").ok());
  Result<ExperienceStore> copy = open_at(folder_ / "backup");
  ASSERT_TRUE(copy) << copy.error().to_string();
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(store->store(large_experience(1000 + i)));
    ASSERT_TRUE(copy->store(large_experience(2000 + i)));
  }
  EXPECT_EQ(store->size(), 600U);
  EXPECT_EQ(copy->size(), 600U);
  EXPECT_TRUE(store->get(*content_id(large_experience(1299))));
  EXPECT_FALSE(store->get(*content_id(large_experience(2299))));
  EXPECT_TRUE(copy->get(*content_id(large_experience(2299))));
  EXPECT_FALSE(copy->get(*content_id(large_experience(1299))));
  ASSERT_TRUE(copy->backup(folder_ / "backup of it").ok());
  EXPECT_EQ(open_at(folder_ / "backup of it")->size(), 600U);
}

TEST_F(BackupTest, WithoutThreadsAndOfAnEmptyStore) {
  Result<ExperienceStore> store = ExperienceStore::open(small_buffers(), Environment());
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->backup(folder_ / "empty/").ok());
  EXPECT_EQ(open_at(folder_ / "empty")->size(), 0U);
  for (int i = 0; i < 600; ++i) ASSERT_TRUE(store->store(large_experience(i)));
  ASSERT_TRUE(store->backup(folder_ / "full").ok());
  const auto copy = open_at(folder_ / "full");
  ASSERT_TRUE(copy) << copy.error().to_string();
  EXPECT_EQ(copy->size(), 600U);
  expect_prefix(*copy, *store);
}

TEST_F(BackupTest, WhoMayEnterTheStoreMayEnterIt) {
  const Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  for (const fs::perms who : {fs::perms::owner_all, fs::perms::owner_all | fs::perms::group_exec}) {
    fs::permissions(folder_ / "store", who);
    ASSERT_TRUE(store->backup(folder_ / "backup").ok());
    EXPECT_EQ(fs::status(folder_ / "backup").permissions(), who);
    fs::remove_all(folder_ / "backup");
  }
}

TEST_F(BackupTest, TheSavedGraphComesWithIt) {
  std::vector<Experience> many;
  for (std::uint32_t i = 0; i < 1400; ++i) many.push_back({.embedding = random_vector(32, i)});
  ASSERT_TRUE(ExperienceStore::open(options(), Environment())->store_many(many));
  Result<ExperienceStore> store = ExperienceStore::open(options(), Environment());
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->backup(folder_ / "backup").ok());
  ASSERT_TRUE(open_at(folder_ / "backup")->close().ok());
  // It was read, not made anew: else there were a second generation.
  EXPECT_TRUE(fs::exists(folder_ / "backup/graph/graph-00000000000000000001"));
  EXPECT_FALSE(fs::exists(folder_ / "backup/graph/graph-00000000000000000002"));
}

TEST_F(BackupTest, ItIsToldWhereItCannotGo) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->store(numbered_experience(0)));
  std::ofstream(folder_ / "file") << "of somebody";
  fs::create_directory(folder_ / "empty");
  fs::create_symlink("nowhere", folder_ / "link");
  const auto before = names();
  const struct {
    std::string to;
    ErrorCode code;
    std::string why;
  } cases[] = {
      {"", ErrorCode::invalid_argument, "give one"},
      {folder_ / "file", ErrorCode::already_exists, "name a folder that does not"},
      {folder_ / "empty", ErrorCode::already_exists, "name a folder that does not"},
      {folder_ / "empty/", ErrorCode::already_exists, "name a folder that does not"},
      {folder_ / "link", ErrorCode::already_exists, "name a folder that does not"},
      {folder_ / "store", ErrorCode::already_exists, "name a folder that does not"},
      {folder_ / "store/backup", ErrorCode::invalid_argument, "outside of it"},
      {folder_ / "none/backup", ErrorCode::io_error, "create the folder first"},
      {folder_ / "file/backup", ErrorCode::io_error, "Not a directory"},
  };
  for (const auto& one : cases) {
    const Status status = store->backup(one.to);
    EXPECT_EQ(status, one.code) << one.to << ": " << status.to_string();
    EXPECT_THAT(std::string(status.message()), HasSubstr(one.why));
  }
  EXPECT_EQ(names(), before);
  EXPECT_TRUE(store->close().ok());
  EXPECT_EQ(store->backup(folder_ / "late"), ErrorCode::closed);
  EXPECT_EQ(names(), before);
}

TEST_F(BackupTest, AFailureAtAnyStepLeavesNothing) {
  FaultInjector faults;
  Environment faulty = environment();
  faulty.faults = &faults;
  Result<ExperienceStore> store = ExperienceStore::open(small_buffers(), faulty);
  ASSERT_TRUE(store);
  for (int i = 0; i < 600; ++i) ASSERT_TRUE(store->store(large_experience(i)));
  Status status;
  int step = 0;
  do {
    faults.fail("experience.backup", static_cast<std::uint64_t>(++step),
                Status(ErrorCode::io_error, "refused by the test"));
    status = store->backup(folder_ / "backup");
    EXPECT_EQ(names().size(), status.ok() ? 2U : 1U);
  } while (!status.ok() && step < 100);
  EXPECT_GT(step, 6);
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(open_at(folder_ / "backup")->size(), 600U);
}

TEST_F(BackupTest, AFullDiskLeavesNothingAndDoesNotHurtTheStore) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(store->store(large_experience(i)));
  for (const rlim_t most : {0, 100, 5000, 200'000}) {
    const FileSizeLimit limit(most);
    const Status status = store->backup(folder_ / "backup");
    EXPECT_EQ(status, ErrorCode::io_error) << status.to_string();
    EXPECT_THAT(names(), ElementsAre("store"));
  }
  EXPECT_TRUE(store->sync().ok());
  ASSERT_TRUE(store->store(large_experience(100)));
  ASSERT_TRUE(store->backup(folder_ / "backup").ok());
  EXPECT_EQ(open_at(folder_ / "backup")->size(), 101U);
}

TEST_F(BackupTest, OfAStoreThatRefusedAWriteThereIsNone) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->store(numbered_experience(0)));
  {
    const FileSizeLimit full(0);
    EXPECT_FALSE(store->store(numbered_experience(1)));
  }
  EXPECT_EQ(store->backup(folder_ / "backup"), ErrorCode::io_error);
  EXPECT_THAT(names(), ElementsAre("store"));
  ASSERT_TRUE(store->store(numbered_experience(1)));
  ASSERT_TRUE(store->backup(folder_ / "backup").ok());
  EXPECT_EQ(open_at(folder_ / "backup")->size(), 2U);
}

TEST_F(BackupTest, OnAnotherFileSystemItIsACopy) {
  struct stat here{};
  struct stat there{};
  std::string other = "/dev/shm/frys-test-XXXXXX";
  if (::mkdtemp(other.data()) == nullptr || ::stat(other.c_str(), &there) != 0) {
    GTEST_SKIP() << "/dev/shm takes no folder";
  }
  ASSERT_EQ(::stat(folder_.path().c_str(), &here), 0);
  {
    Result<ExperienceStore> store = ExperienceStore::open(small_buffers(), environment());
    ASSERT_TRUE(store);
    for (int i = 0; i < 600; ++i) ASSERT_TRUE(store->store(large_experience(i)));
    const Status status = store->backup(other + "/backup");
    EXPECT_TRUE(status.ok()) << status.to_string();
    const auto copy = open_at(other + "/backup");
    EXPECT_TRUE(copy) << copy.error().to_string();
    if (copy) {
      EXPECT_EQ(copy->size(), 600U);
      expect_prefix(*copy, *store);
    }
  }
  fs::remove_all(other);
  if (here.st_dev == there.st_dev) GTEST_SKIP() << "the temporary folder is in /dev/shm, too";
}

}  // namespace
}  // namespace frys
