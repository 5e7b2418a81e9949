// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What every `MemoryResource` must do, as one suite that is run on each of them.
//
// To run it on another resource: include this header in a test of its own and instantiate
// `MemoryResourceConformance` with a `MemoryResourceCase`.

#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <ostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "frys/core/random.hpp"
#include "frys/memory/resource.hpp"

namespace frys::testing {

struct MemoryResourceCase {
  std::string name;
  std::function<std::unique_ptr<MemoryResource>(const Environment&)> make;
  std::size_t largest_alignment = 65536;
  bool refuses_all = false;   ///< Every request fails; only the manner of it is tested.
  bool asks_injector = true;  ///< Goes by `Environment::faults` at `fault_point`.
  std::string fault_point = "memory.map";
  std::uint64_t tries = 1;  ///< How often a fresh resource asks before it refuses.
  Device device = {};

  friend void PrintTo(const MemoryResourceCase& c, std::ostream* out) { *out << c.name; }
};

/// Who holds which addresses of resources whose memory the CPU may not touch.
class ClaimedRanges {
 public:
  /// False when somebody holds some of it already.
  bool claim(const MemoryResource* resource, const void* data, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    const auto begin = reinterpret_cast<std::uintptr_t>(data);
    auto& ranges = ranges_[resource];
    auto after = ranges.lower_bound(begin);
    if (after != ranges.end() && after->first < begin + bytes) return false;
    if (after != ranges.begin() && std::prev(after)->second > begin) return false;
    ranges.emplace_hint(after, begin, begin + bytes);
    return true;
  }
  void give_up(const MemoryResource* resource, const void* data) {
    const std::lock_guard lock(mutex_);
    auto& ranges = ranges_[resource];
    ranges.erase(reinterpret_cast<std::uintptr_t>(data));
    if (ranges.empty()) ranges_.erase(resource);
  }
  static ClaimedRanges& instance() {
    static ClaimedRanges ranges;
    return ranges;
  }

 private:
  std::mutex mutex_;
  std::map<const MemoryResource*, std::map<std::uintptr_t, std::uintptr_t>> ranges_;
};

/// One block with a pattern of its own in all its bytes; where the CPU may not touch them, with its
/// range claimed.
class ShadowedBlock {
 public:
  ShadowedBlock(MemoryResource& resource, std::size_t bytes, std::size_t alignment,
                std::uint64_t seed)
      : bytes_(bytes), alignment_(alignment), seed_(seed) {
    Result<void*> block = resource.allocate(bytes, alignment);
    if (!block) {
      status_ = block.error();
      return;
    }
    data_ = static_cast<unsigned char*>(*block);
    if (resource.device().type == DeviceType::host) {
      for (std::size_t i = 0; i < bytes_; ++i) data_[i] = pattern(i);
    } else {
      claimed_ = true;
      overlaps_ = !ClaimedRanges::instance().claim(&resource, data_, std::max(bytes_, 1UL));
    }
  }

  [[nodiscard]] const Status& status() const { return status_; }
  [[nodiscard]] unsigned char* data() const { return data_; }
  [[nodiscard]] bool whole() const {
    if (claimed_) return !overlaps_;
    for (std::size_t i = 0; i < bytes_; ++i) {
      if (data_[i] != pattern(i)) return false;
    }
    return true;
  }
  void give_back(MemoryResource& resource) {
    if (claimed_ && !overlaps_) ClaimedRanges::instance().give_up(&resource, data_);
    resource.deallocate(data_, bytes_, alignment_);
    data_ = nullptr;
  }

 private:
  [[nodiscard]] unsigned char pattern(std::size_t i) const {
    return static_cast<unsigned char>(seed_ * 131 + i * 7 + (i >> 8));
  }
  std::size_t bytes_;
  std::size_t alignment_;
  std::uint64_t seed_;
  unsigned char* data_ = nullptr;
  bool claimed_ = false;
  bool overlaps_ = false;
  Status status_;
};

class MemoryResourceConformance : public ::testing::TestWithParam<MemoryResourceCase> {
 protected:
  void SetUp() override {
    environment_.faults = &faults_;
    resource_ = GetParam().make(environment_);
    ASSERT_NE(resource_, nullptr);
  }
  /// True, and checked, when the resource refuses everything.
  bool refuses(std::size_t bytes) {
    if (!GetParam().refuses_all) return false;
    Result<void*> block = resource_->allocate(bytes, 64);
    EXPECT_FALSE(block.has_value());
    EXPECT_EQ(block.error().code(), ErrorCode::out_of_memory);
    return true;
  }

  FaultInjector faults_;
  Environment environment_;
  std::unique_ptr<MemoryResource> resource_;
};

TEST_P(MemoryResourceConformance, SaysWhatItIs) {
  EXPECT_FALSE(resource_->name().empty());
  EXPECT_EQ(resource_->device(), GetParam().device);
}

TEST_P(MemoryResourceConformance, BlocksAreAlignedAndWritable) {
  if (refuses(64)) return;
  for (std::size_t alignment = 1; alignment <= GetParam().largest_alignment; alignment *= 2) {
    for (std::size_t bytes : {1UL, 63UL, 64UL, 65UL, 1000UL, 4096UL, 70000UL, 1UL << 20}) {
      ShadowedBlock block(*resource_, bytes, alignment, bytes);
      ASSERT_TRUE(block.status().ok()) << block.status().to_string();
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block.data()) % alignment, 0U)
          << bytes << " at " << alignment;
      EXPECT_TRUE(block.whole());
      block.give_back(*resource_);
    }
  }
}

TEST_P(MemoryResourceConformance, BlocksDoNotOverlap) {
  if (refuses(1)) return;
  std::vector<ShadowedBlock> blocks;
  for (std::size_t i = 0; i < 200; ++i) blocks.emplace_back(*resource_, i * 37 + 1, 64, i);
  for (std::size_t i = 0; i < blocks.size(); ++i) EXPECT_TRUE(blocks[i].whole()) << i;
  for (ShadowedBlock& block : blocks) block.give_back(*resource_);
}

TEST_P(MemoryResourceConformance, ZeroBytesGiveABlockOfTheirOwn) {
  if (refuses(0)) return;
  Result<void*> a = resource_->allocate(0, 64);
  Result<void*> b = resource_->allocate(0, 64);
  ASSERT_TRUE(a && b);
  EXPECT_NE(*a, nullptr);
  EXPECT_NE(*a, *b);
  resource_->deallocate(*a, 0, 64);
  resource_->deallocate(*b, 0, 64);
}

TEST_P(MemoryResourceConformance, GivingNullBackDoesNothing) {
  resource_->deallocate(nullptr, 0, 64);
  resource_->deallocate(nullptr, 4096, 64);
}

TEST_P(MemoryResourceConformance, AnAlignmentIsAPowerOfTwo) {
  if (refuses(64)) return;
  for (std::size_t alignment : {0UL, 3UL, 48UL, 65UL, std::numeric_limits<std::size_t>::max()}) {
    Result<void*> block = resource_->allocate(64, alignment);
    ASSERT_FALSE(block.has_value()) << alignment;
    EXPECT_EQ(block.error().code(), ErrorCode::invalid_argument) << alignment;
  }
}

TEST_P(MemoryResourceConformance, SizesThatOverflowAreRefused) {
  constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
  for (std::size_t bytes : {most, most - 1, most - 63, most - 65535, most / 2, most / 2 + 1,
                            std::size_t{1} << 47, (std::size_t{1} << 46) + 1}) {
    Result<void*> block = resource_->allocate(bytes, 64);
    ASSERT_FALSE(block.has_value()) << bytes;
    EXPECT_THAT(block.error().code(),
                ::testing::AnyOf(ErrorCode::invalid_argument, ErrorCode::out_of_memory))
        << bytes;
  }
}

TEST_P(MemoryResourceConformance, AnyThreadMayFree) {
  if (refuses(64)) return;
  std::vector<ShadowedBlock> blocks;
  std::thread maker([&] {
    for (std::size_t i = 0; i < 300; ++i) blocks.emplace_back(*resource_, 64 * (i % 50), 64, i);
  });
  maker.join();  // the thread that made them is gone
  std::thread taker([&] {
    for (ShadowedBlock& block : blocks) {
      EXPECT_TRUE(block.whole());
      block.give_back(*resource_);
    }
  });
  taker.join();
}

TEST_P(MemoryResourceConformance, ThreadsDoNotDisturbEachOther) {
  if (refuses(64)) return;
  constexpr std::size_t threads = 4;
  std::vector<std::thread> workers;
  std::vector<int> broken(threads, 0);
  for (std::size_t t = 0; t < threads; ++t) {
    workers.emplace_back([&, t] {
      SeededRandom random(t + 1);
      std::vector<ShadowedBlock> held;
      for (int round = 0; round < 2000; ++round) {
        if (held.size() < 40 && random.next_below(2) == 0) {
          const std::size_t bytes = random.next_below(std::uint64_t{1} << random.next_below(18));
          held.emplace_back(*resource_, bytes, 64, random.next());
          if (!held.back().status().ok()) ++broken[t];
        } else if (!held.empty()) {
          std::swap(held[random.next_below(held.size())], held.back());
          if (!held.back().whole()) ++broken[t];
          held.back().give_back(*resource_);
          held.pop_back();
        }
      }
      for (ShadowedBlock& block : held) {
        if (!block.whole()) ++broken[t];
        block.give_back(*resource_);
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_THAT(broken, ::testing::Each(0));
}

TEST_P(MemoryResourceConformance, ARefusalIsPassedOnAndForgotten) {
  if (!GetParam().asks_injector) return;  // maps nothing itself
  faults_.fail(GetParam().fault_point, 1, Status(ErrorCode::out_of_memory, "injected"),
               GetParam().tries);
  Result<void*> block = resource_->allocate(4096, 64);
  ASSERT_FALSE(block.has_value());
  EXPECT_EQ(block.error().code(), ErrorCode::out_of_memory);
  EXPECT_EQ(faults_.visits(GetParam().fault_point), GetParam().tries);
  block = resource_->allocate(4096, 64);
  ASSERT_TRUE(block.has_value());
  resource_->deallocate(*block, 4096, 64);
}

}  // namespace frys::testing
