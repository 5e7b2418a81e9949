// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The machine goes down: of every file there is what was put on the device, and no more. A killed
// process leaves the system's copies behind; so this program takes the place of the calls that put
// files on the device, notes how long the files were, and cuts them.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <new>

#include "experience/store_fixture.hpp"

namespace {

/// What is on the device. Children share it with their parent; one process at a time changes it.
class Device {
 public:
  /// Until then nothing is noted, so that other tests go on as ever.
  static Device& start() {
    if (device == nullptr) {
      void* memory = ::mmap(nullptr, sizeof(Device), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
      device = new (memory) Device();
    }
    *device = Device();
    return *device;
  }
  static void stop() { device = nullptr; }

  static int sync(int fd, long call) {
    if (device != nullptr && device->broken_) return errno = EIO, -1;
    const int result = static_cast<int>(::syscall(call, fd));
    struct stat info{};
    if (device != nullptr && result == 0 && ::fstat(fd, &info) == 0) device->note(info);
    return result;
  }
  static int remove(const char* path) {
    struct stat info{};
    if (device != nullptr && ::stat(path, &info) == 0) device->forget(info);
    return static_cast<int>(::syscall(SYS_unlinkat, AT_FDCWD, path, 0));
  }

  /// From now on syncs fail, and afterwards what the files in `folder` then hold never gets there:
  /// the system takes it for written.
  void break_down() { broken_ = true; }
  void repair(const std::string& folder) {
    broken_ = false;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      struct stat info{};
      if (::stat(entry.path().c_str(), &info) != 0) continue;
      File* file = find(info.st_ino);
      if (file == nullptr) note(info), file = find(info.st_ino), file->bytes = 0;
      file->stuck = file->bytes != info.st_size;
    }
  }

  void go_down(const std::string& folder) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      struct stat info{};
      if (::stat(entry.path().c_str(), &info) != 0) continue;
      const File* file = find(info.st_ino);
      const off_t kept = file == nullptr ? 0 : file->bytes;
      if (kept < info.st_size) std::filesystem::resize_file(entry.path(), kept);
    }
  }

 private:
  struct File {
    ino_t inode;
    off_t bytes;
    bool stuck;
  };

  File* find(ino_t inode) {
    File* end = files_ + count_;
    File* file = std::find_if(files_, end, [&](const File& f) { return f.inode == inode; });
    return file == end ? nullptr : file;
  }
  void note(const struct stat& info) {
    File* file = find(info.st_ino);
    if (file == nullptr) *(file = &files_[count_++]) = {info.st_ino, 0, false};
    if (!file->stuck) file->bytes = info.st_size;
  }
  void forget(const struct stat& info) {
    if (File* file = find(info.st_ino)) *file = files_[--count_];
  }

  static inline Device* device = nullptr;
  File files_[256] = {};
  std::size_t count_ = 0;
  bool broken_ = false;
};

}  // namespace

extern "C" {
int fdatasync(int fd) { return Device::sync(fd, SYS_fdatasync); }
int fsync(int fd) { return Device::sync(fd, SYS_fsync); }
int unlink(const char* path) noexcept { return Device::remove(path); }
}

namespace frys {
namespace {

using testing::numbered_experience;

constexpr StoreOptions synced{Durability::synced};
constexpr StoreOptions buffered{Durability::buffered};

class PowerLossTest : public ::testing::Test {
 protected:
  ~PowerLossTest() override { Device::stop(); }

  /// Opened in this thread alone: children of a fork have no other.
  [[nodiscard]] Result<ExperienceStore> open(bool salvage = false) const {
    ExperienceStoreOptions options;
    options.path = path_;
    options.dimension = 32;
    options.salvage = salvage;
    return ExperienceStore::open(options, Environment());
  }

  /// Opens the store in a process that runs `body` and then ends at once; 0 when all went well.
  template <typename Body>
  int in_child(Body body) {
    const pid_t child = ::fork();
    if (child == 0) {
      Result<ExperienceStore> store = open();
      if (!store) ::fprintf(stderr, "%s\n", store.error().to_string().c_str());
      ::_exit(store && body(*store) ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
  }

  void expect_there(const Result<ExperienceStore>& store, std::initializer_list<int> numbers) {
    ASSERT_TRUE(store) << store.error().to_string();
    for (const int number : numbers) {
      const auto found = store->get(*content_id(numbered_experience(number)));
      EXPECT_TRUE(found) << number << ": " << found.error().to_string();
    }
  }

  testing::TemporaryFolder folder_;
  const std::string path_ = folder_ / "store";
  Device& device_ = Device::start();
};

TEST_F(PowerLossTest, WhatWasAcknowledgedAsSyncedIsThere) {
  ASSERT_EQ(in_child([&](ExperienceStore& store) {
              bool good = true;
              for (int i = 0; i < 3; ++i) {
                good = good && store.store(numbered_experience(i), synced).has_value();
              }
              good = good && store.store(numbered_experience(3), buffered).has_value();
              device_.go_down(path_);
              return good;
            }),
            0);
  const Result<ExperienceStore> store = open();
  expect_there(store, {0, 1, 2});
  EXPECT_EQ(store->size(), 3U);  // Else this test would prove nothing.
}

TEST_F(PowerLossTest, ASyncReachesWhatAnEarlierProcessLeft) {
  ASSERT_EQ(in_child([](ExperienceStore& store) {
              return store.store(numbered_experience(0), buffered).has_value();
            }),
            0);
  ASSERT_EQ(in_child([&](ExperienceStore& store) {
              const bool good = store.store(numbered_experience(0), synced) &&
                                store.store(numbered_experience(1), synced);
              device_.go_down(path_);
              return good;
            }),
            0);
  expect_there(open(), {0, 1});
}

TEST_F(PowerLossTest, ASyncThatFailedIsMadeGoodByTheNext) {
  ASSERT_EQ(in_child([&](ExperienceStore& store) {
              const bool early = store.store(numbered_experience(0), buffered).has_value();
              device_.break_down();
              const Status refused = store.store(numbered_experience(1), synced).status();
              device_.repair(path_);
              const bool late = store.store(numbered_experience(1), synced).has_value();
              device_.go_down(path_);
              return early && refused == ErrorCode::io_error && late;
            }),
            0);
  expect_there(open(), {0, 1});
}

TEST_F(PowerLossTest, AnswersDoWithoutWhatARefusedRemovalTookFromTheDisk) {
  ASSERT_EQ(in_child([&](ExperienceStore& store) {
              bool good = store.store(numbered_experience(0), synced) &&
                          store.store(numbered_experience(1), synced);
              device_.break_down();
              const ExperienceId id = *content_id(numbered_experience(0));
              const Status refused = store.remove(id, synced);
              // The lake is opened again for the readers alone, and finds the removal in its log.
              const Status late = store.store(numbered_experience(2), synced).status();
              good = good && refused == ErrorCode::io_error && late == ErrorCode::io_error &&
                     store.get(id).status() == ErrorCode::not_found;
              ScanQuery scan;
              scan.with_experience = true;
              SimilarityQuery query{.text = "situation number"};
              query.with_experience = true;
              const Result<ScanPage> page = store.scan(scan);
              const Result<SimilarMatches> matches = store.find_similar(query);
              return good && page && page->rows.size() == 1 && matches && matches->size() == 1;
            }),
            0);
}

TEST_F(PowerLossTest, SalvageServesWhatWasAddedAgainAfterALostRemoval) {
  const auto again = [&](auto&& step) { ASSERT_EQ(in_child(step), 0); };
  again([](ExperienceStore& store) {
    return store.store(numbered_experience(0), buffered).has_value() &&
           store.store(numbered_experience(1), buffered).has_value();
  });
  again([](ExperienceStore& store) {
    return store.remove(*content_id(numbered_experience(0)), buffered).ok();
  });
  again([](ExperienceStore& store) {
    return store.store(numbered_experience(0), buffered).has_value();
  });
  std::vector<std::filesystem::path> logs;
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    if (entry.path().extension() == ".log" && entry.file_size() > 0) logs.push_back(entry.path());
  }
  ASSERT_EQ(logs.size(), 3U);
  std::sort(logs.begin(), logs.end());
  std::filesystem::remove(logs[1]);
  EXPECT_EQ(open().status(), ErrorCode::corruption);
  for (int i = 0; i < 2; ++i) {
    const Result<ExperienceStore> store = open(/*salvage=*/i == 0);
    ASSERT_TRUE(store) << store.error().to_string();
    expect_there(store, {0, 1});
    EXPECT_EQ(store->size(), 2U);
    EXPECT_EQ(store->look_up(*content_id(numbered_experience(0)))->sequence, 4U);
    EXPECT_EQ(store->find_similar({.text = "situation number"})->size(), 2U);
  }
}

TEST_F(PowerLossTest, SalvageServesWhatComesAfterAGap) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(in_child([&](ExperienceStore& store) {
                return store.store(numbered_experience(i), buffered).has_value();
              }),
              0);
  }
  std::vector<std::filesystem::path> logs;
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    if (entry.path().extension() == ".log") logs.push_back(entry.path());
  }
  std::sort(logs.begin(), logs.end());
  ASSERT_EQ(logs.size(), 3U);
  std::filesystem::resize_file(logs[1], 0);
  const Status refusal = open().status();
  EXPECT_EQ(refusal, ErrorCode::corruption);
  EXPECT_NE(refusal.message().find("salvage"), std::string_view::npos) << refusal.to_string();
  {
    Result<ExperienceStore> store = open(/*salvage=*/true);
    expect_there(store, {0, 2});
    EXPECT_EQ(store->size(), 2U);
    SimilarityQuery query{.text = numbered_experience(2).situation, .k = 1};
    query.outcome_weight = 0;
    const auto matches = store->find_similar(query);
    ASSERT_TRUE(matches);
    EXPECT_EQ(matches->matches.at(0).sequence, 3U) << "the lost one leaves a gap";
    EXPECT_TRUE(store->store(numbered_experience(1)));
    EXPECT_TRUE(store->close().ok());
  }
  const Result<ExperienceStore> store = open();
  expect_there(store, {0, 1, 2});
  EXPECT_EQ(store->size(), 3U);
}

TEST_F(PowerLossTest, OpeningDoesNotPileUpLogs) {
  const auto logs = [&] {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      count += entry.path().extension() == ".log" ? 1 : 0;
    }
    return count;
  };
  ASSERT_TRUE(open()->store(numbered_experience(0)));
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(open());
  EXPECT_LE(logs(), 2U);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(open()->store(numbered_experience(i)));
  EXPECT_LE(logs(), 10U);
  EXPECT_EQ(open()->size(), 20U);
}

}  // namespace
}  // namespace frys
