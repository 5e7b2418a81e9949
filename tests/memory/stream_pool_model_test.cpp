// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// `StreamOrderedPool` against a model: random work on several streams, whose every block is written
// by its stream from the first byte to the last when it is handed out, and written or read again
// before it is given back. The simulated device sees a block that was handed out too early; the
// model sees one that overlaps another.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "frys/core/random.hpp"
#include "frys/memory/simulated_device.hpp"
#include "frys/memory/stream_pool.hpp"

namespace frys::testing {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20;

class Model {
 public:
  Model(std::size_t capacity_bytes, std::size_t stream_count)
      : device_(capacity_bytes),
        pool_(*StreamOrderedPool::create(device_, {.segment_bytes = 4 * mib})) {
    streams_.push_back(Stream{});
    while (streams_.size() < stream_count) streams_.push_back(*device_.create_stream());
  }

  /// `steps` random operations of one host thread.
  void run(std::uint64_t seed, int steps) {
    SeededRandom random(seed);
    std::vector<Block> held;
    const Event event = *device_.create_event();
    for (int i = 0; i < steps; ++i) {
      const std::uint64_t choice = random.next_below(100);
      if (choice < 50) {
        allocate(random, held);
      } else if (choice < 98 && !held.empty()) {
        std::swap(held[random.next_below(held.size())], held.back());
        give_back(random, held.back(), event);
        held.pop_back();
      } else if (choice == 98) {
        device_.advance(static_cast<std::int64_t>(random.next_below(3000)));
      } else if (random.next_below(20) == 0) {
        expect_ok(pool_->trim());
      }
    }
    for (Block& block : held) give_back(random, block, event);
    expect_ok(device_.destroy_event(event));
  }

  void expect_sound() {
    const StreamPoolStats stats = pool_->stats();
    EXPECT_EQ(device_.stats().races, 0U);
    EXPECT_EQ(overlaps_, 0U);
    EXPECT_EQ(stats.live_blocks, 0U);
    EXPECT_EQ(stats.live_bytes, 0U);
    EXPECT_EQ(stats.cached_bytes, device_.stats().reserved_bytes);
    EXPECT_EQ(stats.segments, device_.stats().segments);
    EXPECT_EQ(stats.events, device_.stats().events);
    expect_ok(pool_->trim());
    EXPECT_EQ(device_.stats().reserved_bytes, 0U);
    EXPECT_EQ(device_.stats().races, 0U);
  }
  [[nodiscard]] StreamPoolStats stats() const { return pool_->stats(); }
  [[nodiscard]] std::uint64_t refusals() const { return refusals_; }

 private:
  struct Block {
    void* data;
    std::size_t bytes;
    Stream stream;
  };

  static void expect_ok(const Status& status) { EXPECT_TRUE(status.ok()) << status.to_string(); }

  Stream any_stream(SeededRandom& random) { return streams_[random.next_below(streams_.size())]; }

  void allocate(SeededRandom& random, std::vector<Block>& held) {
    const std::size_t bytes = 1 + random.next_below(std::uint64_t{256} << random.next_below(13));
    const Stream stream = any_stream(random);
    const Result<void*> block = pool_->allocate(bytes, stream);
    if (!block) {
      EXPECT_EQ(block.error().code(), ErrorCode::out_of_memory) << block.error().to_string();
      const std::lock_guard lock(mutex_);
      ++refusals_;
      return;
    }
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(*block) % device_alignment_bytes, 0U);
    claim(*block, bytes);
    use(random, stream, *block, bytes, true);
    held.push_back({*block, bytes, stream});
  }

  /// Uses the block once more, half of the time on another stream, which then frees it.
  void give_back(SeededRandom& random, Block& block, Event event) {
    if (random.next_below(2) == 0) {
      const Stream other = any_stream(random);
      expect_ok(device_.record(event, block.stream));
      expect_ok(device_.wait(other, event));
      block.stream = other;
    }
    use(random, block.stream, block.data, block.bytes, random.next_below(2) == 0);
    {
      const std::lock_guard lock(mutex_);
      claimed_.erase(reinterpret_cast<std::uintptr_t>(block.data));
    }
    expect_ok(pool_->deallocate(block.data, block.bytes, block.stream));
  }

  void use(SeededRandom& random, Stream stream, void* data, std::size_t bytes, bool writes) {
    const auto duration_ns = static_cast<std::int64_t>(random.next_below(1000));
    expect_ok(writes ? device_.write(stream, data, bytes, duration_ns)
                     : device_.read(stream, data, bytes, duration_ns));
  }

  void claim(void* data, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    const auto begin = reinterpret_cast<std::uintptr_t>(data);
    const auto after = claimed_.lower_bound(begin);
    if (after != claimed_.end() && after->first < begin + bytes) ++overlaps_;
    if (after != claimed_.begin() && std::prev(after)->second > begin) ++overlaps_;
    claimed_[begin] = begin + bytes;
  }

  SimulatedDevice device_;
  std::unique_ptr<StreamOrderedPool> pool_;
  std::vector<Stream> streams_;
  std::mutex mutex_;
  std::map<std::uintptr_t, std::uintptr_t> claimed_;
  std::uint64_t overlaps_ = 0;
  std::uint64_t refusals_ = 0;
};

TEST(StreamPoolModel, EveryHandOutIsOrderedAndApart) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    Model model(std::size_t{1} << 30, 2 + seed % 5);
    model.run(seed, 4000);
    model.expect_sound();
    // The run went over the rungs that it is to prove.
    EXPECT_GT(model.stats().cross_stream_reuses, 20U) << seed;
    EXPECT_GT(model.stats().waits, 10U) << seed;
    EXPECT_EQ(model.refusals(), 0U) << seed;
    if (::testing::Test::HasFailure()) break;
  }
}

TEST(StreamPoolModel, TheSameWhereMemoryIsShort) {
  std::uint64_t refusals = 0;
  std::uint64_t merges = 0;
  for (std::uint64_t seed = 100; seed < 108; ++seed) {
    Model model(12 * mib, 4);
    model.run(seed, 4000);
    model.expect_sound();
    refusals += model.refusals();
    merges += model.stats().merges;
    if (::testing::Test::HasFailure()) break;
  }
  EXPECT_GT(refusals, 50U);
  EXPECT_GT(merges, 20U);
}

TEST(StreamPoolModel, TheSameFromSeveralThreads) {
  for (const std::size_t capacity : {24 * mib, std::size_t{1} << 30}) {
    Model model(capacity, 5);
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < 4; ++t) {
      threads.emplace_back([&model, t] { model.run(1000 + t, 1500); });
    }
    for (std::thread& thread : threads) thread.join();
    model.expect_sound();
  }
}

}  // namespace
}  // namespace frys::testing
