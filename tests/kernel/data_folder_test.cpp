// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "kernel/data_folder.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <memory>

#include "support/temporary_folder.hpp"

namespace frys::detail {
namespace {

using ::frys::testing::TemporaryFolder;

TEST(DataFolder, MakesTheFolderAndFreesItAgain) {
  const TemporaryFolder parent;
  {
    const auto folder = DataFolder::acquire(parent / "data");
    ASSERT_TRUE(folder.has_value()) << folder.error().to_string();
    EXPECT_TRUE(std::filesystem::is_directory(parent / "data"));
  }
  EXPECT_TRUE(DataFolder::acquire(parent / "data").has_value());
}

TEST(DataFolder, NamesTheProcessThatHoldsIt) {
  const TemporaryFolder parent;
  int ready[2];
  int finish[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(finish), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto held = DataFolder::acquire(parent / "data");
    char byte = held.has_value() ? 'y' : 'n';
    if (::write(ready[1], &byte, 1) != 1 || ::read(finish[0], &byte, 1) != 1) ::_exit(1);
    ::_exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, 'y');
  const auto folder = DataFolder::acquire(parent / "data");
  ASSERT_FALSE(folder.has_value());
  EXPECT_EQ(folder.error().code(), ErrorCode::already_open);
  EXPECT_NE(folder.error().message().find("process " + std::to_string(child)), std::string::npos)
      << folder.error().to_string();
  ASSERT_EQ(::write(finish[1], "x", 1), 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(DataFolder::acquire(parent / "data").has_value());
  for (const int end : {ready[0], ready[1], finish[0], finish[1]}) ::close(end);
}

TEST(DataFolder, IsHeldAgainstTheSameProcessToo) {
  const TemporaryFolder parent;
  const auto first = DataFolder::acquire(parent.path());
  ASSERT_TRUE(first.has_value());
  const auto second = DataFolder::acquire(parent.path());
  ASSERT_FALSE(second.has_value());
  EXPECT_NE(second.error().message().find(std::to_string(::getpid())), std::string::npos);
}

TEST(DataFolder, IsFreedThoughAForkedChildLives) {
  const TemporaryFolder parent;
  int finish[2];
  ASSERT_EQ(::pipe(finish), 0);
  auto folder = std::make_unique<Result<DataFolder>>(DataFolder::acquire(parent.path()));
  ASSERT_TRUE(folder->has_value());
  const auto fork_child = [&](bool destroys) {
    const pid_t child = ::fork();
    if (child == 0) {
      if (destroys) folder.reset();
      char byte = 0;
      ::_exit(destroys || ::read(finish[0], &byte, 1) == 1 ? 0 : 1);
    }
    return child;
  };
  const pid_t alive = fork_child(false);
  int status = 0;
  ::waitpid(fork_child(true), &status, 0);  // Not the child's to free.
  EXPECT_FALSE(DataFolder::acquire(parent.path()).has_value());
  folder.reset();
  EXPECT_TRUE(DataFolder::acquire(parent.path()).has_value());
  ASSERT_EQ(::write(finish[1], "x", 1), 1);
  ::waitpid(alive, &status, 0);
  EXPECT_EQ(status, 0);
  for (const int end : finish) ::close(end);
}

TEST(DataFolder, RefusesWhatIsNoFolder) {
  const TemporaryFolder parent;
  std::ofstream(parent / "file") << "x";
  EXPECT_EQ(DataFolder::acquire(parent / "file").error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(DataFolder::acquire("").error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(DataFolder::acquire(parent / "no/such/parent").error().code(), ErrorCode::io_error);
  EXPECT_EQ(DataFolder::acquire("/proc/frys").error().code(), ErrorCode::io_error);
}

}  // namespace
}  // namespace frys::detail
