// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/memory/shared.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <thread>
#include <vector>

#include "frys/core/random.hpp"
#include "frys/memory/pool.hpp"

namespace frys {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t mib = std::size_t{1} << 20;

std::unique_ptr<MemoryPool> shared_pool(MemoryPoolOptions options = {}) {
  options.backing = PoolBacking::shared;
  return *MemoryPool::create(options);
}

/// A file descriptor that is closed with the object.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { ::close(fd_); }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

SharedSegment open_segment(const MemoryDescriptor& block, Access access = Access::read_only) {
  const Descriptor fd(*segment_fd(block.segment, access));
  return *SharedSegment::open(fd.get(), access);
}

// Bytes of memory that the file of a segment takes.
std::size_t taken_bytes(int fd) {
  struct stat file{};
  EXPECT_EQ(::fstat(fd, &file), 0);
  return static_cast<std::size_t>(file.st_blocks) * 512;
}

TEST(Shared, ASegmentShowsTheBytesInPlace) {
  const auto pool = shared_pool();
  EXPECT_EQ(pool->name(), "shared");
  for (const std::size_t bytes : {0UL, 1UL, 64UL, 5000UL, 40000UL, 3 * mib}) {
    Storage block = *pool->allocate_storage(bytes);
    std::memset(block.data(), 1, bytes);
    const MemoryDescriptor descriptor = *describe(block);
    EXPECT_EQ(descriptor.size_bytes, bytes);
    EXPECT_EQ(*describe(Storage(block)), descriptor) << "the same block, described again";
    const SharedSegment segment = open_segment(descriptor);
    EXPECT_EQ(segment.id(), descriptor.segment);
    EXPECT_GE(segment.size_bytes(), bytes);
    const auto seen = *segment.resolve(descriptor);
    ASSERT_EQ(seen.size(), bytes);
    if (bytes == 0) continue;
    EXPECT_NE(seen.data(), static_cast<const std::byte*>(block.data())) << "another mapping";
    EXPECT_EQ(std::memcmp(seen.data(), block.data(), bytes), 0);
    static_cast<std::byte*>(block.data())[bytes - 1] = std::byte{7};
    EXPECT_EQ(seen[bytes - 1], std::byte{7}) << "nothing was copied";
  }
}

TEST(Shared, AStorageKeepsTheMappingAndMayWrite) {
  const auto pool = shared_pool();
  const Storage block = *pool->allocate_storage(100);
  const MemoryDescriptor descriptor = *describe(block);
  const Storage reading = *open_segment(descriptor).storage(descriptor);
  EXPECT_TRUE(reading.read_only());
  const Storage writing = *open_segment(descriptor, Access::read_write).storage(descriptor);
  EXPECT_FALSE(writing.read_only());
  static_cast<char*>(writing.data())[99] = 5;
  EXPECT_EQ(static_cast<const char*>(block.data())[99], 5);
  EXPECT_EQ(static_cast<const char*>(reading.data())[99], 5);
}

TEST(Shared, AReadOnlyDescriptorCannotBeMappedForWriting) {
  const auto pool = shared_pool();
  const Storage block = *pool->allocate_storage(100);
  const Descriptor fd(*segment_fd(describe(block)->segment));
  EXPECT_EQ(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0), MAP_FAILED);
  EXPECT_EQ(SharedSegment::open(fd.get(), Access::read_write).error().code(),
            ErrorCode::failed_precondition);
  EXPECT_NE(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(Shared, ADescriptorIsStaleOnceTheBlockIsFreed) {
  const auto pool = shared_pool();
  Storage block = *pool->allocate_storage(256);
  void* const address = block.data();
  const MemoryDescriptor first = *describe(block);
  const SharedSegment segment = open_segment(first);
  Storage other_handle = block;
  block.reset();
  EXPECT_TRUE(segment.is_current(first));
  other_handle.reset();
  EXPECT_FALSE(segment.is_current(first));
  EXPECT_EQ(segment.resolve(first).error().code(), ErrorCode::not_found);
  // The same place again: the warm path gives the block that was freed last.
  block = *pool->allocate_storage(256);
  ASSERT_EQ(block.data(), address);
  EXPECT_EQ(segment.resolve(first).error().code(), ErrorCode::not_found) << "not described yet";
  const MemoryDescriptor second = *describe(block);
  EXPECT_EQ(second.offset, first.offset);
  EXPECT_NE(second.generation, first.generation);
  EXPECT_FALSE(segment.is_current(first));
  EXPECT_TRUE(segment.is_current(second));
  EXPECT_EQ(segment.storage(first).error().code(), ErrorCode::not_found);
}

TEST(Shared, OnlyShareableBlocksAreDescribed) {
  auto pool = *MemoryPool::create();
  const Storage block = *pool->allocate_storage(100);
  const Result<MemoryDescriptor> refused = describe(block);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::failed_precondition);
  EXPECT_THAT(refused.error().message(), HasSubstr("ScopeOptions::shareable"));
  char bytes[64];
  EXPECT_EQ(describe(*Storage::wrap(bytes, 64, {}, {})).error().code(),
            ErrorCode::failed_precondition);
  EXPECT_EQ(describe(Storage()).error().code(), ErrorCode::failed_precondition);
  EXPECT_EQ(segment_fd({1, 2}).error().code(), ErrorCode::not_found);
}

TEST(Shared, ManyThreadsDescribeOneBlockAlike) {
  const auto pool = shared_pool();
  for (int round = 0; round < 50; ++round) {
    Storage block = *pool->allocate_storage(64);
    std::vector<MemoryDescriptor> seen(4);
    std::vector<std::thread> threads;
    for (MemoryDescriptor& descriptor : seen) {
      threads.emplace_back([&descriptor, handle = block] { descriptor = *describe(handle); });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_THAT(seen, ::testing::Each(seen.front()));
    const SharedSegment segment = open_segment(seen.front());
    EXPECT_TRUE(segment.is_current(seen.front()));
    block.reset();
    EXPECT_FALSE(segment.is_current(seen.front()));
  }
}

TEST(Shared, BlocksAndMappingsOutliveThePool) {
  auto pool = shared_pool();
  Storage block = *pool->allocate_storage(2 * mib);
  std::memset(block.data(), 3, 2 * mib);
  pool.reset();
  const MemoryDescriptor descriptor = *describe(block);
  const SharedSegment segment = open_segment(descriptor);
  const auto seen = *segment.resolve(descriptor);
  EXPECT_EQ(seen[2 * mib - 1], std::byte{3});
  block.reset();
  EXPECT_EQ(segment_fd(descriptor.segment).error().code(), ErrorCode::not_found);
  EXPECT_FALSE(segment.is_current(descriptor));
  EXPECT_EQ(seen[2 * mib - 1], std::byte{0}) << "given back, and no fault";
}

TEST(Shared, TrimGivesTheMemoryBack) {
  const auto pool = shared_pool();
  const Storage small = *pool->allocate_storage(64);
  Storage large = *pool->allocate_storage(16 * mib);
  std::memset(large.data(), 1, 16 * mib);
  const Descriptor fd(*segment_fd(describe(small)->segment));
  EXPECT_GE(taken_bytes(fd.get()), 16 * mib);
  large.reset();
  EXPECT_GE(taken_bytes(fd.get()), 16 * mib) << "kept for the next";
  pool->trim();
  EXPECT_LT(taken_bytes(fd.get()), mib);
  EXPECT_TRUE(pool->prefault(4 * mib).ok());
  EXPECT_GE(taken_bytes(fd.get()), 4 * mib);
}

TEST(Shared, TheFileKeepsItsSize) {
  const auto pool = shared_pool();
  const Storage block = *pool->allocate_storage(64);
  const Descriptor fd(*segment_fd(describe(block)->segment, Access::read_write));
  EXPECT_NE(::ftruncate(fd.get(), 0), 0);
  EXPECT_NE(::ftruncate(fd.get(), off_t{1} << 45), 0);
  EXPECT_NE(::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_WRITE), 0) << "no seal may be added";
}

// Ends with 0 when `body` is true in a forked child.
template <typename Body>
int in_child(Body&& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body() ? 0 : 1);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status;
}

TEST(Shared, AFileSizeLimitIsAStatusAndNoSignal) {
  const int status = in_child([] {
    const rlimit small{16 * mib, 16 * mib};
    if (::setrlimit(RLIMIT_FSIZE, &small) != 0) return false;
    const auto pool = shared_pool();
    const Result<Storage> fits = pool->allocate_storage(mib);
    const Result<Storage> does_not = pool->allocate_storage(16 * mib);
    return fits && !does_not && does_not.error() == ErrorCode::out_of_memory;
  });
  EXPECT_EQ(status, 0);
}

TEST(Shared, NoFileDescriptorIsAStatus) {
  const int status = in_child([] {
    // The sanitizers look once at each kind of object, and need a file descriptor for it.
    if (!shared_pool()->allocate_storage(64)) return false;
    const rlimit none{0, 0};
    const auto pool = shared_pool();
    if (::setrlimit(RLIMIT_NOFILE, &none) != 0) return false;
    return pool->allocate_storage(64).error() == ErrorCode::out_of_memory;
  });
  EXPECT_EQ(status, 0);
}

TEST(Shared, AForkedChildLeavesItsParentsBlocksAlone) {
  const auto pool = shared_pool({.retain_bytes = 0});
  Storage block = *pool->allocate_storage(4 * mib);
  std::memset(block.data(), 9, 4 * mib);
  const MemoryDescriptor descriptor = *describe(block);
  EXPECT_EQ(in_child([&] {
              const bool refused = !describe(block) && !segment_fd(descriptor.segment);
              block.reset();  // would give the parent's pages back
              const auto own = shared_pool();
              const Storage mine = *own->allocate_storage(mib);
              std::memset(mine.data(), 1, mib);
              return refused && describe(mine)->segment != descriptor.segment;
            }),
            0);
  const auto* bytes = static_cast<const std::byte*>(block.data());
  EXPECT_EQ(bytes[0], std::byte{9});
  EXPECT_EQ(bytes[4 * mib - 1], std::byte{9});
  EXPECT_TRUE(open_segment(descriptor).is_current(descriptor));
  const auto not_mapped = [&] { return ::msync(block.data(), 4096, MS_ASYNC) != 0; };
  EXPECT_FALSE(not_mapped());
  EXPECT_EQ(in_child(not_mapped), 0) << "a child has no mapping of it";
}

}  // namespace
}  // namespace frys
