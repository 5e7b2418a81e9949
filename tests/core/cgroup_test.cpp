// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "core/cgroup.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "frys/core/machine.hpp"

namespace frys::detail {
namespace {

class Cgroup : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::path(::testing::TempDir()) /
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void write(const std::string& path, const std::string& content) {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << content;
  }
  CgroupLimits read() const { return read_cgroup_limits(root_.string()); }

  std::filesystem::path root_;
};

TEST_F(Cgroup, NothingThereMeansNoLimit) {
  EXPECT_FALSE(read().cores);
  EXPECT_FALSE(read().memory_bytes);
}

TEST_F(Cgroup, Version2TakesTheTightestOfAllAncestors) {
  write("proc/self/cgroup", "0::/app/worker\n");
  write("sys/fs/cgroup/app/worker/memory.max", "max\n");
  write("sys/fs/cgroup/app/memory.max", "1048576\n");
  write("sys/fs/cgroup/app/worker/cpu.max", "150000 100000\n");
  write("sys/fs/cgroup/app/cpu.max", "max 100000\n");
  EXPECT_EQ(read().memory_bytes, 1048576U);
  EXPECT_EQ(read().cores, 1.5);
}

TEST_F(Cgroup, WhereVersion2SlowsDownIsALimitToo) {
  write("proc/self/cgroup", "0::/app\n");
  write("sys/fs/cgroup/app/memory.max", "8192\n");
  write("sys/fs/cgroup/app/memory.high", "4096\n");
  EXPECT_EQ(read().memory_bytes, 4096U);
  write("sys/fs/cgroup/app/memory.high", "max\n");
  EXPECT_EQ(read().memory_bytes, 8192U);
}

TEST_F(Cgroup, Version1HasAHierarchyEach) {
  write("proc/self/cgroup", "5:cpu,cpuacct:/a\n4:memory:/b\n");
  write("sys/fs/cgroup/memory/b/memory.limit_in_bytes", "4096\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  write("sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "50000\n");
  write("sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(read().memory_bytes, 4096U);
  EXPECT_EQ(read().cores, 0.5);
}

TEST_F(Cgroup, NonsenseIsNoLimit) {
  write("proc/self/cgroup", "0::/\n");
  write("sys/fs/cgroup/memory.max", "lots\n");
  write("sys/fs/cgroup/cpu.max", "100000 0\n");
  EXPECT_FALSE(read().cores);
  EXPECT_FALSE(read().memory_bytes);
}

TEST(Machine, IsPlausible) {
  EXPECT_GE(machine().cores, 1U);
  EXPECT_GE(machine().memory_bytes, std::size_t{64} << 20);
  EXPECT_EQ(machine().page_bytes % 4096, 0U);
}

}  // namespace
}  // namespace frys::detail
