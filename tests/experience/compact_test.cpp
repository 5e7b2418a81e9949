// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Room on disk that removed experiences give back.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "experience/lake.hpp"
#include "experience/store_fixture.hpp"
#include "support/file_size_limit.hpp"

namespace frys {
namespace {

namespace fs = std::filesystem;
using testing::large_experience;
using testing::rows_of;
using testing::StoreTest;

class CompactTest : public StoreTest {
 protected:
  void fill(ExperienceStore& store, int count) {
    for (int i = 0; i < count; ++i) {
      Result<ExperienceId> id = store.store(large_experience(i));
      ASSERT_TRUE(id) << id.error().to_string();
      ids_.push_back(*id);
    }
  }
  void remove_most(ExperienceStore& store) {
    for (std::size_t i = 0; i < ids_.size(); ++i) {
      if (i % 10 == 3) continue;
      ASSERT_TRUE(store.remove(ids_[i]).ok());
    }
  }
  /// Of the tables; logs that were written out are taken away at the next opening.
  [[nodiscard]] std::uintmax_t table_bytes() const {
    std::uintmax_t bytes = 0;
    for (const auto& entry : fs::directory_iterator(options().path)) {
      if (entry.path().extension() == ".sst") bytes += entry.file_size();
    }
    return bytes;
  }
  /// Of the log of a store that is closed.
  std::size_t log_entries() {
    detail::LakeOptions of{.path = options().path, .must_exist = true, .as_made = true};
    of.write_buffer_bytes = options().write_buffer_bytes;
    auto lake = detail::ExperienceLake::open(of, environment());
    EXPECT_TRUE(lake);
    std::size_t entries = 0;
    const auto count = [&](std::uint64_t, const detail::LogItem&, const detail::LakeVectors&) {
      ++entries;
      return Status();
    };
    EXPECT_TRUE(lake && (*lake)->scan(1, count).ok());
    return entries;
  }
  static std::vector<std::uint64_t> sequences(const std::vector<ScanRow>& rows) {
    std::vector<std::uint64_t> all;
    for (const ScanRow& row : rows) all.push_back(row.sequence);
    return all;
  }

  std::vector<ExperienceId> ids_;
};

TEST_F(CompactTest, GivesBackWhatWasRemovedAndKeepsTheRest) {
  std::uintmax_t before = 0;
  std::vector<ScanRow> kept;
  {
    Result<ExperienceStore> store = open();
    ASSERT_TRUE(store);
    fill(*store, 600);
    ASSERT_TRUE(store->compact().ok());
    before = table_bytes();
    EXPECT_GT(before, 600U * 3000U);
    remove_most(*store);
    ASSERT_TRUE(store->amend(ids_[3], {.reward = 5}).ok());
    ASSERT_TRUE(store->amend(ids_[3], {.reward = 6}).ok());
    kept = rows_of(*store);
    ASSERT_EQ(kept.size(), 60U);
    const Status status = store->compact();
    ASSERT_TRUE(status.ok()) << status.to_string();
    EXPECT_LT(table_bytes(), before / 5);
    EXPECT_TRUE(store->compact().ok()) << "nothing is left to do";
    ASSERT_TRUE(store->store(large_experience(1000)));
  }
  EXPECT_LE(log_entries(), 130U) << "61 that are there, an amendment, and what is between them";
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store) << store.error().to_string();
  std::vector<ScanRow> rows = rows_of(*store);
  ASSERT_EQ(rows.size(), 61U);
  EXPECT_EQ(rows.back().sequence, 600U + 540U + 2U + 1U) << "sequences are not given again";
  rows.pop_back();
  EXPECT_EQ(sequences(rows), sequences(kept));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].reward, kept[i].reward);
    EXPECT_TRUE(rows[i].experience == kept[i].experience);
  }
  EXPECT_EQ(store->look_up(ids_[3])->reward, 6);
  EXPECT_EQ(store->look_up(ids_[4]).status(), ErrorCode::not_found);
}

TEST_F(CompactTest, WorksWithoutThreads) {
  Result<ExperienceStore> store = ExperienceStore::open(options(), Environment());
  ASSERT_TRUE(store);
  fill(*store, 300);
  ASSERT_TRUE(store->compact().ok());
  const std::uintmax_t before = table_bytes();
  remove_most(*store);
  const Status status = store->compact();
  ASSERT_TRUE(status.ok()) << status.to_string();
  EXPECT_LT(table_bytes(), before / 4);
  EXPECT_EQ(rows_of(*store).size(), 30U);
}

TEST_F(CompactTest, BesideWritersNothingIsLost) {
  ExperienceStoreOptions small = options();
  small.write_buffer_bytes = std::size_t{1} << 20;
  Result<ExperienceStore> store = ExperienceStore::open(small, environment());
  ASSERT_TRUE(store);
  fill(*store, 300);
  std::atomic<bool> stop{false};
  const auto compact = [&] {
    while (!stop.load()) {
      const Status status = store->compact();
      EXPECT_TRUE(status.ok()) << status.to_string();
    }
  };
  std::thread compactors[] = {std::thread(compact), std::thread(compact)};
  for (int i = 300; i < 1200; ++i) {
    Result<ExperienceId> id = store->store(large_experience(i));
    ASSERT_TRUE(id) << id.error().to_string();
    ids_.push_back(*id);
    if (i % 3 != 0) continue;
    ASSERT_TRUE(store->remove(ids_[static_cast<std::size_t>(i / 3)]).ok());
  }
  stop.store(true);
  for (std::thread& compactor : compactors) compactor.join();
  const std::vector<ScanRow> before = rows_of(*store);
  ASSERT_EQ(before.size(), 900U);
  ASSERT_TRUE(store->close().ok());
  store = ExperienceStore::open(small, environment());
  ASSERT_TRUE(store) << store.error().to_string();
  EXPECT_EQ(sequences(rows_of(*store)), sequences(before));
}

TEST_F(CompactTest, ADiskThatIsFullLosesNothing) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  fill(*store, 600);
  ASSERT_TRUE(store->compact().ok());
  remove_most(*store);
  const std::vector<std::uint64_t> before = sequences(rows_of(*store));
  {
    const testing::FileSizeLimit limit(rlim_t{20000});
    EXPECT_EQ(store->compact(), ErrorCode::io_error);
  }
  EXPECT_EQ(sequences(rows_of(*store)), before);
  ASSERT_TRUE(store->store(large_experience(1000))) << "the store has overcome it";
  const Status status = store->compact();
  EXPECT_TRUE(status.ok()) << status.to_string();
  ASSERT_TRUE(store->close().ok());
  store = open();
  ASSERT_TRUE(store) << store.error().to_string();
  EXPECT_EQ(store->size(), before.size() + 1);
}

TEST_F(CompactTest, AClosedStoreSaysSo) {
  Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->close().ok());
  EXPECT_EQ(store->compact(), ErrorCode::closed);
}

}  // namespace
}  // namespace frys
