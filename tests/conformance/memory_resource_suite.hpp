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
#include <memory>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "frys/core/random.hpp"
#include "frys/memory/resource.hpp"

namespace frys::testing {

struct MemoryResourceCase {
  std::string name;
  std::function<std::unique_ptr<MemoryResource>(const Environment&)> make;
  std::size_t largest_alignment = 65536;
  bool refuses_all = false;   ///< Every request fails; only the manner of it is tested.
  bool asks_injector = true;  ///< Goes by `Environment::faults` at "memory.map".

  friend void PrintTo(const MemoryResourceCase& c, std::ostream* out) { *out << c.name; }
};

/// One block with a pattern of its own in all its bytes.
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
    for (std::size_t i = 0; i < bytes_; ++i) data_[i] = pattern(i);
  }

  [[nodiscard]] const Status& status() const { return status_; }
  [[nodiscard]] unsigned char* data() const { return data_; }
  [[nodiscard]] bool whole() const {
    for (std::size_t i = 0; i < bytes_; ++i) {
      if (data_[i] != pattern(i)) return false;
    }
    return true;
  }
  void give_back(MemoryResource& resource) {
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
  EXPECT_EQ(resource_->device(), Device{});
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
  faults_.fail("memory.map", 1, Status(ErrorCode::out_of_memory, "injected"));
  Result<void*> block = resource_->allocate(4096, 64);
  ASSERT_FALSE(block.has_value());
  EXPECT_EQ(block.error().code(), ErrorCode::out_of_memory);
  block = resource_->allocate(4096, 64);
  ASSERT_TRUE(block.has_value());
  resource_->deallocate(*block, 4096, 64);
}

}  // namespace frys::testing
