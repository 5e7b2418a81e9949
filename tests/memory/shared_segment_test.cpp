// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What a reader is given by a peer that makes mistakes, or means harm.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "frys/core/random.hpp"
#include "frys/memory/pool.hpp"
#include "memory/shared_file.hpp"

namespace frys {
namespace {

using ::testing::HasSubstr;

class SharedSegmentTest : public ::testing::Test {
 protected:
  /// A file in memory that begins as a segment; `seals` as they are to be.
  int make_file(const detail::SharedHeader& header, std::size_t size_bytes, int seals) {
    const int fd = ::memfd_create("peer", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    EXPECT_EQ(::ftruncate(fd, static_cast<off_t>(size_bytes)), 0);
    EXPECT_EQ(::pwrite(fd, &header, sizeof(header), 0), static_cast<ssize_t>(sizeof(header)));
    EXPECT_EQ(::fcntl(fd, F_ADD_SEALS, seals), 0);
    fds_.push_back(fd);
    return fd;
  }
  int make_file(const detail::SharedHeader& header, int seals = F_SEAL_SHRINK) {
    return make_file(header, header.data_offset + header.data_bytes, seals);
  }
  void TearDown() override {
    for (const int fd : fds_) ::close(fd);
  }
  static detail::SharedHeader header(std::size_t data_bytes) {
    return {.id = {1, 2},
            .data_offset = detail::shared_data_offset(data_bytes),
            .data_bytes = data_bytes};
  }
  static ErrorCode refusal(int fd) {
    const Result<SharedSegment> segment = SharedSegment::open(fd);
    return segment ? ErrorCode::ok : segment.error().code();
  }

  std::vector<int> fds_;
};

TEST_F(SharedSegmentTest, OnlyASealedFileOfThisLayoutIsMapped) {
  constexpr std::size_t bytes = std::size_t{8} << 20;
  EXPECT_EQ(refusal(make_file(header(bytes))), ErrorCode::ok);
  const Result<SharedSegment> open = SharedSegment::open(make_file(header(bytes), 0));
  ASSERT_FALSE(open);
  EXPECT_EQ(open.error().code(), ErrorCode::invalid_argument);
  EXPECT_THAT(open.error().message(), HasSubstr("not sealed against shrinking"));
  EXPECT_EQ(refusal(-1), ErrorCode::invalid_argument);
  const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  fds_.push_back(file);
  EXPECT_EQ(refusal(file), ErrorCode::invalid_argument);
}

TEST_F(SharedSegmentTest, AHeaderThatLiesIsRefused) {
  constexpr std::size_t bytes = std::size_t{8} << 20;
  const std::size_t file_bytes = header(bytes).data_offset + bytes;
  std::vector<detail::SharedHeader> lies(7, header(bytes));
  lies[0].magic += 1;
  lies[1].data_bytes *= 2;
  lies[2].data_bytes = 0;
  lies[3].data_offset = 0;
  lies[4].data_offset -= 64;
  lies[5].data_offset = ~std::uint64_t{0} - bytes + 1;
  lies[6].data_bytes = ~std::uint64_t{0} - 63;
  for (std::size_t i = 0; i < lies.size(); ++i) {
    EXPECT_EQ(refusal(make_file(lies[i], file_bytes, F_SEAL_SHRINK)), ErrorCode::invalid_argument)
        << i;
  }
  EXPECT_EQ(refusal(make_file(header(bytes), file_bytes - 4096, F_SEAL_SHRINK)),
            ErrorCode::invalid_argument);
  EXPECT_EQ(refusal(make_file(header(bytes), 40, F_SEAL_SHRINK)), ErrorCode::invalid_argument);
}

TEST_F(SharedSegmentTest, ARewrittenHeaderChangesNothing) {
  constexpr std::size_t bytes = std::size_t{8} << 20;
  const int fd = make_file(header(bytes));
  const SharedSegment segment = *SharedSegment::open(fd);
  const detail::SharedHeader hostile{
      .id = {1, 2}, .data_offset = 1ULL << 60, .data_bytes = 1ULL << 62};
  ASSERT_EQ(::pwrite(fd, &hostile, sizeof(hostile), 0), static_cast<ssize_t>(sizeof(hostile)));
  EXPECT_EQ(segment.size_bytes(), bytes);
  EXPECT_EQ(segment.resolve({.segment = {1, 2}, .offset = bytes, .size_bytes = 64, .generation = 1})
                .error()
                .code(),
            ErrorCode::invalid_argument);
}

TEST_F(SharedSegmentTest, EachFieldOfADescriptorIsChecked) {
  const auto pool = *MemoryPool::create({.backing = PoolBacking::shared});
  const Storage block = *pool->allocate_storage(1000);
  const MemoryDescriptor good = *describe(block);
  const int fd = *segment_fd(good.segment);
  fds_.push_back(fd);
  const SharedSegment segment = *SharedSegment::open(fd);
  ASSERT_TRUE(segment.resolve(good));
  const auto code = [&](auto&& change) {
    MemoryDescriptor bad = good;
    change(bad);
    EXPECT_FALSE(segment.is_current(bad));
    return segment.resolve(bad).error().code();
  };
  EXPECT_EQ(code([](auto& d) { d.segment.high ^= 1; }), ErrorCode::invalid_argument);
  EXPECT_EQ(code([](auto& d) { d.segment.low ^= 1; }), ErrorCode::invalid_argument);
  EXPECT_EQ(code([](auto& d) { d.offset += 1; }), ErrorCode::invalid_argument);
  EXPECT_EQ(code([](auto& d) { d.offset += 64; }), ErrorCode::not_found);
  EXPECT_EQ(code([&](auto& d) { d.offset = segment.size_bytes(); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code([](auto& d) { d.offset = ~std::uint64_t{63}; }), ErrorCode::invalid_argument);
  EXPECT_EQ(code([](auto& d) { d.size_bytes = ~std::uint64_t{0}; }), ErrorCode::invalid_argument);
  EXPECT_EQ(code([](auto& d) { d.size_bytes += 1; }), ErrorCode::not_found);
  EXPECT_EQ(code([](auto& d) { d.size_bytes -= 1; }), ErrorCode::not_found);
  EXPECT_EQ(code([](auto& d) { d.generation += 1; }), ErrorCode::not_found);
  EXPECT_EQ(code([](auto& d) { d.generation = 0; }), ErrorCode::not_found);
  // Where nothing was described every number is 0.
  EXPECT_EQ(code([](auto& d) { d = {d.segment, d.offset + 64, 0, 0}; }), ErrorCode::not_found);
}

// Numbers near those that are true, and near the ends of what a number can be.
std::uint64_t some_number(SeededRandom& random, std::uint64_t truth) {
  switch (random.next_below(6)) {
    case 0:
      return truth;
    case 1:
      return truth + random.next_below(257) - 128;
    case 2:
      return random.next();
    case 3:
      return std::uint64_t{1} << random.next_below(64);
    case 4:
      return ~std::uint64_t{0} - random.next_below(200);
    default:
      return random.next_below(std::uint64_t{1} << random.next_below(64));
  }
}

TEST_F(SharedSegmentTest, NoDescriptorLeadsOutOfTheSegment) {
  const auto pool = *MemoryPool::create({.segment_bytes = 1, .backing = PoolBacking::shared});
  std::vector<Storage> blocks;
  std::vector<MemoryDescriptor> truths;
  SeededRandom random(20260101);
  for (int i = 0; i < 64; ++i) {
    blocks.push_back(*pool->allocate_storage(random.next_below(20000)));
    truths.push_back(*describe(blocks.back()));
  }
  const int fd = *segment_fd(truths.front().segment);
  fds_.push_back(fd);
  const SharedSegment segment = *SharedSegment::open(fd);
  int found = 0;
  for (int i = 0; i < 200000; ++i) {
    const MemoryDescriptor& truth = truths[random.next_below(truths.size())];
    MemoryDescriptor forged = truth;
    forged.offset = some_number(random, truth.offset);
    forged.size_bytes = some_number(random, truth.size_bytes);
    forged.generation = some_number(random, truth.generation);
    const Result<std::span<const std::byte>> bytes = segment.resolve(forged);
    if (!bytes) continue;
    ++found;
    ASSERT_NE(std::find(truths.begin(), truths.end(), forged), truths.end());
    // To read is not to fault.
    std::size_t sum = 0;
    for (const std::byte byte : *bytes) sum += static_cast<std::size_t>(byte);
    ASSERT_LE(sum, bytes->size() * 255);
  }
  EXPECT_GT(found, 100) << "true ones are among them";
}

}  // namespace
}  // namespace frys
