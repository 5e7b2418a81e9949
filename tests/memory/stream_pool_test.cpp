// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/memory/stream_pool.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "frys/memory/simulated_device.hpp"

namespace frys::testing {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t mib = std::size_t{1} << 20;
constexpr std::size_t segment = 2 * mib;

/// A pool of 2 MiB segments over a device of 8 MiB with two streams.
class StreamPoolTest : public ::testing::Test {
 protected:
  void SetUp() override {
    first_ = *device_.create_stream();
    second_ = *device_.create_stream();
    pool_ = *StreamOrderedPool::create(device_, {.segment_bytes = segment});
  }
  void TearDown() override {
    EXPECT_EQ(device_.stats().races, 0U);
    pool_.reset();
    EXPECT_EQ(device_.stats().races, 0U);
    EXPECT_EQ(device_.stats().reserved_bytes, 0U);
    EXPECT_EQ(device_.stats().events, 0U);
  }
  static Environment with(FaultInjector& faults) {
    Environment environment;
    environment.faults = &faults;
    return environment;
  }
  /// A block that a kernel of 100 ns writes as a whole.
  char* get(std::size_t bytes, Stream stream) {
    const Result<void*> block = pool_->allocate(bytes, stream);
    EXPECT_TRUE(block) << block.status().to_string();
    if (!block) return nullptr;
    const Status status = device_.write(stream, *block, bytes, 100);
    EXPECT_TRUE(status.ok()) << status.to_string();
    return static_cast<char*>(*block);
  }
  void give(void* block, std::size_t bytes, Stream stream) {
    const Status status = pool_->deallocate(block, bytes, stream);
    EXPECT_TRUE(status.ok()) << status.to_string();
  }

  FaultInjector faults_;
  SimulatedDevice device_{4 * segment, with(faults_)};
  Stream first_, second_;
  std::unique_ptr<StreamOrderedPool> pool_;
};

TEST_F(StreamPoolTest, TheSameStreamNeedsNoEvent) {
  char* block = get(1000, first_);
  give(block, 1000, first_);
  EXPECT_EQ(get(1000, first_), block);
  give(block, 1000, first_);
  EXPECT_EQ(pool_->stats().events, 0U);
  EXPECT_EQ(device_.stats().records, 0U);
  EXPECT_EQ(device_.stats().queries, 0U);
}

TEST_F(StreamPoolTest, AnotherStreamWaits) {
  char* block = get(segment, first_);
  give(block, segment, first_);
  EXPECT_EQ(get(segment, second_), block);
  EXPECT_EQ(device_.stats().waits, 1U);
  EXPECT_EQ(device_.stats().records, 1U);
  EXPECT_EQ(pool_->stats().waits, 1U);
  EXPECT_EQ(pool_->stats().cross_stream_reuses, 1U);
  EXPECT_EQ(pool_->stats().events, 1U);
  EXPECT_EQ(pool_->stats().segments, 1U);
  give(block, segment, second_);
}

TEST_F(StreamPoolTest, OneWaitOrdersAllThatWasFreedBefore) {
  std::vector<char*> blocks;
  for (int i = 0; i < 4; ++i) blocks.push_back(get(segment / 4, first_));
  for (const int i : {0, 2, 1, 3}) give(blocks[i], segment / 4, first_);
  for (int i = 0; i < 4; ++i) blocks[i] = get(segment / 4, second_);
  EXPECT_EQ(pool_->stats().cross_stream_reuses, 4U);
  EXPECT_EQ(device_.stats().records, 1U);
  EXPECT_EQ(device_.stats().waits, 1U);
  for (char* block : blocks) give(block, segment / 4, second_);
}

TEST_F(StreamPoolTest, ACompletePointNeedsNoWait) {
  char* block = get(segment, first_);
  give(block, segment, first_);
  device_.advance(100);
  EXPECT_EQ(get(segment, second_), block);
  EXPECT_EQ(pool_->stats().cross_stream_reuses, 1U);
  EXPECT_EQ(device_.stats().waits, 0U);
  EXPECT_EQ(device_.stats().queries, 1U);
  give(block, segment, second_);
}

TEST_F(StreamPoolTest, AnEventThatWasPassedMeanwhileNeedsNoWait) {
  char* lower = get(mib, first_);
  char* upper = get(mib, first_);
  give(lower, mib, first_);
  give(upper, mib, first_);
  lower = get(mib, second_);
  EXPECT_EQ(device_.stats().waits, 1U);
  device_.advance(200);
  upper = get(mib, Stream{});  // the first event is asked again, and answers for both
  EXPECT_EQ(device_.stats().waits, 1U);
  EXPECT_EQ(device_.stats().records, 1U);
  EXPECT_EQ(pool_->stats().events, 1U);
  give(lower, mib, second_);
  give(upper, mib, Stream{});
}

TEST_F(StreamPoolTest, NewMemoryIsAnybodysAtOnce) {
  char* block = get(1000, first_);
  char* other = get(1000, second_);
  EXPECT_EQ(pool_->stats().segments, 1U);
  EXPECT_EQ(device_.stats().records, 0U);
  give(block, 1000, first_);
  give(other, 1000, second_);
}

TEST_F(StreamPoolTest, AnyStreamMayFreeWhatItIsOrderedBehind) {
  char* block = get(segment, first_);
  const Event event = *device_.create_event();
  ASSERT_TRUE(device_.record(event, first_).ok());
  ASSERT_TRUE(device_.wait(second_, event).ok());
  ASSERT_TRUE(device_.write(second_, block, segment, 100).ok());
  give(block, segment, second_);
  EXPECT_EQ(get(segment, second_), block);
  EXPECT_EQ(pool_->stats().waits, 0U);
  give(block, segment, second_);
  EXPECT_EQ(get(segment, first_), block);  // its own memory once, now another's
  EXPECT_EQ(pool_->stats().waits, 1U);
  give(block, segment, first_);
  ASSERT_TRUE(device_.destroy_event(event).ok());
}

TEST_F(StreamPoolTest, NeighboursOfOneStreamAreJoinedAtOnce) {
  std::vector<char*> blocks;
  for (int i = 0; i < 8; ++i) blocks.push_back(get(segment / 8, first_));
  for (const int i : {1, 3, 2, 7, 5, 6, 0, 4}) give(blocks[i], segment / 8, first_);
  EXPECT_EQ(pool_->stats().free_blocks, 1U);
  EXPECT_EQ(get(segment, first_), blocks[0]);
  give(blocks[0], segment, first_);
}

TEST_F(StreamPoolTest, NeighboursOfSeveralStreamsAreMerged) {
  const Stream streams[] = {first_, second_, first_, second_};
  std::vector<char*> blocks;
  for (const Stream stream : streams) blocks.push_back(get(segment / 4, stream));
  for (int i = 0; i < 4; ++i) give(blocks[i], segment / 4, streams[i]);
  EXPECT_EQ(pool_->stats().free_blocks, 4U);
  EXPECT_EQ(get(segment, Stream{}), blocks[0]);
  EXPECT_EQ(pool_->stats().merges, 1U);
  EXPECT_EQ(pool_->stats().segments, 1U);
  EXPECT_EQ(device_.stats().waits, 2U);
  give(blocks[0], segment, Stream{});
}

TEST_F(StreamPoolTest, AMergeTakesNoMoreThanItNeeds) {
  char* left = get(mib / 2, first_);
  char* middle = get(mib / 2, second_);
  char* rest = get(mib, first_);
  give(left, mib / 2, first_);
  give(middle, mib / 2, second_);
  char* merged = get(mib / 2 + 256, Stream{});
  EXPECT_EQ(merged, left);
  char* kept = get(mib / 2 - 256, second_);
  EXPECT_EQ(kept, middle + 256);  // the second stream's still: it waits for nobody
  EXPECT_EQ(device_.stats().waits, 2U);
  give(merged, mib / 2 + 256, Stream{});
  give(kept, mib / 2 - 256, second_);
  give(rest, mib, first_);
}

TEST_F(StreamPoolTest, NeighboursThatAreOrderedAlreadyJoinAsTheyAreFreed) {
  char* left = get(mib, first_);
  char* right = get(mib, second_);
  give(left, mib, first_);
  char* half = get(mib / 2, second_);  // from now on the second stream waits for the first
  EXPECT_EQ(half, left);
  give(right, mib, second_);
  EXPECT_EQ(pool_->stats().free_blocks, 1U);
  give(half, mib / 2, second_);
  EXPECT_EQ(pool_->stats().free_blocks, 1U);
  EXPECT_EQ(device_.stats().waits, 1U);
}

TEST_F(StreamPoolTest, GrowsByWholeSegments) {
  char* small = get(1, first_);
  EXPECT_EQ(pool_->stats().reserved_bytes, segment);
  char* large = get(2 * segment - 5, first_);
  EXPECT_EQ(pool_->stats().reserved_bytes, 3 * segment);
  char* fits = get(segment - 256, first_);
  EXPECT_EQ(pool_->stats().segments, 2U);
  EXPECT_EQ(fits, small + 256);
  give(small, 1, first_);
  give(large, 2 * segment - 5, first_);
  give(fits, segment - 256, first_);
}

TEST_F(StreamPoolTest, ASmallerSegmentWillDoWhereALargeOneIsRefused) {
  pool_ = *StreamOrderedPool::create(device_, {.segment_bytes = 8 * segment});
  char* block = get(1000, first_);
  EXPECT_EQ(pool_->stats().reserved_bytes, segment);
  EXPECT_EQ(pool_->stats().driver_failures, 1U);
  give(block, 1000, first_);
}

TEST_F(StreamPoolTest, ARefusalGivesFreeSegmentsBack) {
  char* blocks[4];
  for (char*& block : blocks) block = get(segment, first_);
  give(blocks[0], segment, first_);
  give(blocks[1], segment, second_);  // behind nothing of its own; the first is done by then
  ASSERT_TRUE(device_.synchronize(first_).ok());
  const std::uint64_t reserves = device_.stats().reserves;
  char* large = get(2 * segment, first_);
  EXPECT_EQ(device_.stats().reserves, reserves + 2);
  EXPECT_EQ(pool_->stats().segments, 3U);
  EXPECT_EQ(pool_->stats().reserved_bytes, 4 * segment);
  give(blocks[2], segment, first_);
  give(blocks[3], segment, first_);
  give(large, 2 * segment, first_);
}

TEST_F(StreamPoolTest, ARefusalJoinsWhatIsFreeAnywhere) {
  // Blocks of three streams in turn, more of them than a merge looks at.
  const Stream streams[] = {first_, second_, Stream{}};
  constexpr std::size_t bytes = segment / 256;
  std::vector<char*> blocks;
  for (int i = 0; i < 4 * 256; ++i) blocks.push_back(get(bytes, streams[i % 3]));
  for (int i = 1; i < 4 * 256; ++i) give(blocks[i], bytes, streams[i % 3]);
  const StreamPoolStats before = pool_->stats();
  EXPECT_GT(before.free_blocks, 1000U);
  char* large = get(segment - bytes, first_);
  EXPECT_EQ(pool_->stats().merges, 0U);
  EXPECT_LE(pool_->stats().free_blocks, 3U);
  give(large, segment - bytes, first_);
  give(blocks[0], bytes, first_);
}

TEST_F(StreamPoolTest, OutOfMemorySaysHowItStands) {
  char* blocks[8];
  for (char*& block : blocks) block = get(mib, first_);
  for (const int i : {1, 3, 4}) give(blocks[i], mib, first_);
  const Result<void*> refused = pool_->allocate(3 * mib - 7, second_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::out_of_memory);
  EXPECT_EQ(std::string(refused.error().message()),
            "the pool was asked for 3145728 bytes on stream 2 of simulated device 0; 5242880 bytes "
            "are live in 5 blocks, 3145728 are free in 3 pieces, the largest of 1048576, and no "
            "more is to be had (the device has 0 of its 8388608 bytes left); give blocks back, or "
            "ask for smaller ones");
  for (const int i : {0, 2, 5, 6, 7}) give(blocks[i], mib, first_);
  give(get(3 * mib, second_), 3 * mib, second_);
}

TEST_F(StreamPoolTest, OtherErrorsOfTheDeviceArePassedOn) {
  faults_.fail("device.reserve", 1, Status(ErrorCode::unavailable, "the device fell off"));
  const Result<void*> refused = pool_->allocate(1, first_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::unavailable);
  EXPECT_THAT(std::string(refused.error().message()), HasSubstr("the device fell off"));
  EXPECT_EQ(device_.stats().reserves, 1U);
}

TEST_F(StreamPoolTest, StatsAreExact) {
  char* a = get(1, first_);
  char* b = get(257, first_);
  char* zero = static_cast<char*>(*pool_->allocate(0, first_));
  StreamPoolStats stats = pool_->stats();
  EXPECT_EQ(stats.live_bytes, 256U + 512 + 256);
  EXPECT_EQ(stats.live_blocks, 3U);
  EXPECT_EQ(stats.reserved_bytes, segment);
  EXPECT_EQ(stats.cached_bytes, segment - 1024);
  EXPECT_EQ(stats.free_blocks, 1U);
  give(a, 1, first_);
  stats = pool_->stats();
  EXPECT_EQ(stats.live_bytes, 768U);
  EXPECT_EQ(stats.cached_bytes, segment - 768);
  EXPECT_EQ(stats.free_blocks, 2U);
  give(b, 257, first_);
  give(zero, 0, first_);
  stats = pool_->stats();
  EXPECT_EQ(stats.live_blocks, 0U);
  EXPECT_EQ(stats.cached_bytes, segment);
  EXPECT_EQ(stats.free_blocks, 1U);
}

TEST_F(StreamPoolTest, TrimKeepsWhatIsLive) {
  char* kept = get(segment, first_);
  char* gone = get(segment, second_);
  give(gone, segment, second_);
  EXPECT_TRUE(pool_->trim().ok());
  EXPECT_EQ(pool_->stats().segments, 1U);
  EXPECT_EQ(pool_->stats().cached_bytes, 0U);
  EXPECT_EQ(device_.now_ns(), 100);  // it waited for the second stream's work
  give(kept, segment, first_);
}

TEST_F(StreamPoolTest, WhatIsNoLiveBlockIsRefused) {
  char* block = get(1000, first_);
  EXPECT_EQ(pool_->deallocate(block + 256, 1000, first_).code(), ErrorCode::invalid_argument);
  give(block, 1000, first_);
  const Status twice = pool_->deallocate(block, 1000, first_);
  EXPECT_EQ(twice.code(), ErrorCode::invalid_argument);
  EXPECT_THAT(std::string(twice.message()), HasSubstr("not a live block"));
  EXPECT_TRUE(pool_->deallocate(nullptr, 5, first_).ok());
}

TEST_F(StreamPoolTest, ARetiredStreamsHandleMayComeBack) {
  char* lower = get(mib, first_);
  char* upper = get(mib, first_);
  give(lower, mib, first_);
  give(upper, mib, first_);
  ASSERT_EQ(get(mib, second_), lower);  // one wait for what the first freed
  const Event event = *device_.create_event();
  ASSERT_TRUE(device_.record(event, second_).ok());
  ASSERT_TRUE(device_.wait(first_, event).ok());
  ASSERT_TRUE(pool_->retire(second_).ok());
  ASSERT_TRUE(device_.destroy_stream(second_).ok());
  ASSERT_EQ(*device_.create_stream(), second_);
  EXPECT_EQ(get(mib, second_), upper);  // the new second has waited for nobody
  EXPECT_EQ(pool_->stats().waits, 2U);
  give(lower, mib, first_);
  give(upper, mib, second_);
  ASSERT_TRUE(device_.destroy_event(event).ok());
}

TEST_F(StreamPoolTest, ARetiredStreamsMemoryIsAnybodys) {
  char* block = get(segment, second_);
  give(block, segment, second_);
  ASSERT_TRUE(pool_->retire(second_).ok());
  ASSERT_TRUE(device_.destroy_stream(second_).ok());
  EXPECT_EQ(device_.now_ns(), 100);
  EXPECT_EQ(get(segment, first_), block);
  EXPECT_EQ(device_.stats().records, 0U);
  give(block, segment, first_);
  EXPECT_TRUE(pool_->retire(second_).ok());  // unknown by now
}

TEST_F(StreamPoolTest, EveryFailingCallOfTheDriverLosesNothing) {
  const auto work = [&] {
    std::vector<std::pair<void*, Stream>> held;
    const auto use = [&](std::size_t bytes, Stream stream) {
      const Result<void*> block = pool_->allocate(bytes, stream);
      if (!block) return;
      EXPECT_TRUE(device_.write(stream, *block, bytes, 100).ok());
      held.emplace_back(*block, stream);
    };
    for (const Stream stream : {first_, second_, first_, second_}) use(mib / 2, stream);
    for (const auto& [block, stream] : held) give(block, mib / 2, stream);
    held.clear();
    use(segment, Stream{});
    use(mib, first_);
    use(mib, second_);
    for (const auto& [block, stream] : held) give(block, 0, stream);
    held.clear();
    for (int i = 0; i < 5; ++i) use(segment, second_);
    use(3 * segment, first_);
    for (const auto& [block, stream] : held) give(block, 0, stream);
    (void)pool_->trim();
  };
  int failures = 0;
  for (const char* point : {"device.reserve", "device.release", "device.create_event",
                            "device.record", "device.query", "device.wait", "device.synchronize"}) {
    for (std::uint64_t nth = 1;; ++nth, ++failures) {
      pool_ = *StreamOrderedPool::create(device_, {.segment_bytes = segment});
      const std::uint64_t visits = faults_.visits(point);
      faults_.fail(point, nth, Status(ErrorCode::io_error, "injected"));
      work();
      const bool reached = faults_.visits(point) >= visits + nth;
      // Disarms what was not reached.
      while (faults_.visits(point) < visits + nth) (void)faults_.check(point);
      EXPECT_EQ(pool_->stats().live_blocks, 0U) << point << nth;
      EXPECT_EQ(pool_->stats().reserved_bytes, device_.stats().reserved_bytes) << point << nth;
      EXPECT_EQ(pool_->stats().events, device_.stats().events) << point << nth;
      EXPECT_TRUE(pool_->trim().ok()) << point << nth;
      EXPECT_EQ(device_.stats().reserved_bytes, 0U) << point << nth;
      pool_.reset();
      EXPECT_EQ(device_.stats().events, 0U) << point << nth;
      if (!reached) break;
    }
  }
  EXPECT_GT(failures, 20);
}

}  // namespace
}  // namespace frys::testing
