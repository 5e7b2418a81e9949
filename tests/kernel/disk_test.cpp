// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A kernel on disks that refuse: read-only, full, and with stored bytes changed under it. What
// needs another user or a mount of its own runs in a child process, which the parent judges.

#include <frys/frys.hpp>

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "frys/core/random.hpp"
#include "support/temporary_folder.hpp"

namespace frys {
namespace {

using ::frys::testing::TemporaryFolder;

constexpr int skipped = 77;

// Runs `body` in a child and gives its exit status; what it writes to stderr is seen in the log.
template <typename Body>
int in_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// 0 when `condition`, else says what was found and gives 1.
int expect(bool condition, const Status& found) {
  if (!condition) std::fprintf(stderr, "found: %s\n", found.to_string().c_str());
  return condition ? 0 : 1;
}

TEST(Disk, AReadOnlyFolderIsNamed) {
  const TemporaryFolder parent;
  ASSERT_EQ(::chmod(parent.path().c_str(), 0555), 0);
  const int result = in_child([&] {
    if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) return skipped;
    const Status status = Kernel::open({.data_dir = parent / "data"}).status();
    return expect(status == ErrorCode::io_error &&
                      status.message().find(parent / "data") != std::string::npos,
                  status);
  });
  ::chmod(parent.path().c_str(), 0755);
  if (result == skipped) GTEST_SKIP() << "cannot become an ordinary user here";
  EXPECT_EQ(result, 0);
}

int expect_there(Kernel& kernel, const std::vector<ExperienceId>& ids) {
  for (const ExperienceId& id : ids) {
    const auto found = kernel.experience().get(id);
    if (!found) return expect(false, found.error());
  }
  return 0;
}

// Stores records of 64 KiB until the disk is full; every one acknowledged must be found again.
int fill_until_refused(const std::string& folder, std::vector<ExperienceId>& acknowledged) {
  auto kernel = Kernel::open({.data_dir = folder});
  if (!kernel) return expect(false, kernel.error());
  SeededRandom random(11);
  Status refused;
  for (int i = 0; i < 2000 && refused.ok(); ++i) {
    Experience experience{.situation = "record " + std::to_string(i)};
    experience.payload.resize(64 * 1024);
    for (auto& byte : experience.payload) byte = static_cast<std::byte>(random.next());
    const auto id = kernel->experience().store(experience, {.durability = Durability::synced});
    if (id) acknowledged.push_back(*id);
    refused = id.status();
  }
  if (int bad = expect(refused == ErrorCode::io_error, refused)) return bad;
  if (int bad = expect_there(*kernel, acknowledged)) return bad;
  (void)kernel->close();  // May say that the disk is full; it must come back.
  return expect(!acknowledged.empty(), Status());
}

// Opening needs some room: without it the disk is blamed, with it all is there.
int reopen(const std::string& disk, const std::vector<ExperienceId>& acknowledged) {
  if (auto kernel = Kernel::open({.data_dir = disk + "/data"}); kernel.has_value()) {
    if (int bad = expect_there(*kernel, acknowledged)) return bad;
  } else if (int bad = expect(kernel.error() == ErrorCode::io_error, kernel.error())) {
    return bad;
  }
  if (::mount("none", disk.c_str(), "tmpfs", MS_REMOUNT, "size=64m") != 0) return skipped;
  auto kernel = Kernel::open({.data_dir = disk + "/data"});
  if (!kernel) return expect(false, kernel.error());
  if (int bad = expect_there(*kernel, acknowledged)) return bad;
  const auto id = kernel->experience().store({.situation = "room again"});
  return expect(id.has_value(), id.status());
}

TEST(Disk, AFullDiskLosesNothingAcknowledged) {
  const TemporaryFolder parent;
  const int result = in_child([&] {
    const std::string disk = parent / "disk";
    std::filesystem::create_directory(disk);
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=24m") != 0) {
      return skipped;
    }
    std::vector<ExperienceId> acknowledged;
    if (int bad = fill_until_refused(disk + "/data", acknowledged)) return bad;
    return reopen(disk, acknowledged);
  });
  if (result == skipped) GTEST_SKIP() << "no small disk can be mounted here";
  EXPECT_EQ(result, 0);
}

void flip_byte(const std::filesystem::path& file, std::uint64_t position) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(position));
  const char byte = static_cast<char>(stream.get() ^ 0x40);
  stream.seekp(static_cast<std::streamoff>(position));
  stream.put(byte);
}

// Opens and reads the whole of a store that may be damaged. Any answer will do, but a wrong one.
void read_damaged(const std::string& folder, const std::vector<ExperienceId>& ids) {
  auto kernel = Kernel::open({.data_dir = folder});
  if (!kernel) {
    EXPECT_TRUE(kernel.error() == ErrorCode::corruption || kernel.error() == ErrorCode::io_error)
        << kernel.error().to_string();
    return;
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto found = kernel->experience().get(ids[i]);
    if (!found) continue;  // Gone or reported; a wrong record would be worse.
    EXPECT_EQ(found->situation, "situation " + std::to_string(i));
  }
  (void)kernel->experience().find_similar({.text = "situation 3"});
}

TEST(Disk, ADamagedStoreGivesNoWrongAnswer) {
  const TemporaryFolder parent;
  std::vector<ExperienceId> ids;
  {
    auto kernel = Kernel::open({.data_dir = parent / "data"});
    ASSERT_TRUE(kernel.has_value());
    for (int i = 0; i < 50; ++i) {
      ids.push_back(*kernel->experience().store({.situation = "situation " + std::to_string(i)}));
    }
  }
  SeededRandom random(5);
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(parent / "data/experience")) {
    if (entry.is_regular_file() && entry.file_size() > 0) files.push_back(entry.path());
  }
  ASSERT_GE(files.size(), 3U);
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename());
    const std::filesystem::path copy = parent / "damaged";
    std::filesystem::copy(parent / "data", copy, std::filesystem::copy_options::recursive);
    const auto target = copy / "experience" / file.filename();
    flip_byte(target, random.next_below(std::filesystem::file_size(target)));
    read_damaged(copy.string(), ids);
    std::filesystem::remove_all(copy);
  }
}

}  // namespace
}  // namespace frys
