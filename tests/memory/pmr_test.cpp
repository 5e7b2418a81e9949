// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/memory/pmr.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "frys/memory/manager.hpp"
#include "memory/memory_tools.hpp"

namespace frys {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t mib = std::size_t{1} << 20;

class Pmr : public ::testing::Test {
 protected:
  [[nodiscard]] std::size_t live(const MemoryScope& scope) const {
    return scope.stats().live_bytes;
  }
  static ErrorCode refusal_of(PmrResource& resource, std::size_t bytes, std::size_t alignment) {
    try {
      resource.deallocate(resource.allocate(bytes, alignment), bytes, alignment);
    } catch (const MemoryRefused& refused) {
      return refused.status().code();
    }
    return ErrorCode::ok;
  }

  TensorMemoryManager memory_ = *TensorMemoryManager::create({.budget_bytes = 64 * mib}, {});
  MemoryScope step_ = *memory_.root().child("step", {.budget_bytes = 4 * mib});
  PmrResource blocks_{step_};
};

TEST_F(Pmr, AVectorIsChargedToTheScope) {
  {
    std::pmr::vector<double> numbers(&blocks_);
    numbers.resize(1000);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(numbers.data()) % 64, 0U);
    EXPECT_EQ(live(step_), 8000U);
    EXPECT_EQ(live(memory_.root()), 8000U);
    for (int i = 0; i < 5000; ++i) numbers.push_back(i);
    EXPECT_EQ(numbers.back(), 4999);
    EXPECT_EQ(live(step_), (numbers.capacity() * sizeof(double) + 63) / 64 * 64);
  }
  EXPECT_EQ(live(step_), 0U);
}

TEST_F(Pmr, StringsAndMapsLiveInTheBudget) {
  {
    std::pmr::unordered_map<int, std::pmr::string> names(&blocks_);
    for (int i = 0; i < 500; ++i) {
      names[i] = "a name that is too long to lie in the string itself, " + std::to_string(i);
    }
    EXPECT_THAT(names.at(321), HasSubstr(", 321"));
    EXPECT_GE(live(step_), 500U * 2 * 64);
    names.erase(321);
    EXPECT_EQ(names.count(321), 0U);
  }
  EXPECT_EQ(live(step_), 0U);
}

TEST_F(Pmr, AStandardPoolBetweenMakesSmallObjectsCheap) {
  const auto charged = [&](std::pmr::memory_resource& resource) {
    std::pmr::unordered_map<int, int> map(&resource);
    for (int i = 0; i < 10'000; ++i) map[i] = i;
    return live(step_);
  };
  const std::size_t direct = charged(blocks_);
  std::size_t pooled = 0;
  {
    std::pmr::unsynchronized_pool_resource small({.largest_required_pool_block = 512}, &blocks_);
    pooled = charged(small);
  }
  EXPECT_GE(direct, 640'000U);
  EXPECT_LT(pooled, direct * 2 / 3);
  RecordProperty("direct_bytes", static_cast<int>(direct));
  RecordProperty("pooled_bytes", static_cast<int>(pooled));
  EXPECT_EQ(live(step_), 0U);
}

TEST_F(Pmr, AMonotonicBufferGivesAllBackAtOnce) {
  std::pmr::monotonic_buffer_resource arena(&blocks_);
  std::pmr::vector<std::pmr::string> lines(&arena);
  for (int i = 0; i < 200; ++i) lines.emplace_back(std::string(100, 'x'));
  EXPECT_GE(live(step_), 200U * 100);
  lines = std::pmr::vector<std::pmr::string>(&arena);
  arena.release();
  EXPECT_EQ(live(step_), 0U);
}

TEST_F(Pmr, ABudgetRefusesByAnExceptionThatSaysWhy) {
  std::pmr::vector<char> bytes(&blocks_);
  bytes.resize(mib, 'a');
  try {
    bytes.resize(4 * mib);
    FAIL() << "the budget is 4 MiB, and 1 MiB was held";
  } catch (const std::bad_alloc& thrown) {
    const auto* refused = dynamic_cast<const MemoryRefused*>(&thrown);
    ASSERT_NE(refused, nullptr);
    EXPECT_EQ(refused->status().code(), ErrorCode::budget_exceeded);
    EXPECT_THAT(refused->status().message(), HasSubstr("kernel/step"));
    EXPECT_THAT(refused->what(), HasSubstr("refused"));
  }
  EXPECT_EQ(bytes.size(), mib);  // the strong guarantee of resize
  EXPECT_EQ(bytes.back(), 'a');
  EXPECT_EQ(live(step_), mib);
  EXPECT_EQ(refusal_of(blocks_, 2 * mib, 8), ErrorCode::ok);
}

TEST_F(Pmr, AlignsAsAskedAndChargesWhatThatTakes) {
  for (std::size_t alignment = 1; alignment <= 65536; alignment *= 2) {
    for (std::size_t bytes : {0UL, 1UL, 64UL, 100UL, 5000UL, 70'000UL, 300'000UL}) {
      void* block = blocks_.allocate(bytes, alignment);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % std::max(alignment, 64UL), 0U) << bytes;
      std::memset(block, 1, bytes);
      EXPECT_GE(live(step_), std::max(bytes, 64UL));
      if (alignment > 64) {
        EXPECT_EQ(live(step_) % alignment, 0U) << bytes << " at " << alignment;
      }
      blocks_.deallocate(block, bytes, alignment);
      ASSERT_EQ(live(step_), 0U) << bytes << " at " << alignment;
    }
  }
}

TEST_F(Pmr, RefusesWhatNobodyCanGive) {
  EXPECT_EQ(refusal_of(blocks_, 64, 131072), ErrorCode::invalid_argument);
  EXPECT_EQ(refusal_of(blocks_, 64, 48), ErrorCode::invalid_argument);
  constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
  for (std::size_t bytes : {most, most - 63, most / 2, (std::size_t{1} << 46) + 1}) {
    EXPECT_EQ(refusal_of(blocks_, bytes, 8), ErrorCode::invalid_argument) << bytes;
    EXPECT_EQ(refusal_of(blocks_, bytes, 4096), ErrorCode::invalid_argument) << bytes;
  }
  PmrResource nowhere{MemoryScope()};
  EXPECT_EQ(refusal_of(nowhere, 64, 8), ErrorCode::closed);
}

TEST_F(Pmr, ZeroBytesAreABlockOfTheirOwn) {
  void* a = blocks_.allocate(0, 1);
  void* b = blocks_.allocate(0, 1);
  EXPECT_NE(a, b);
  EXPECT_EQ(live(step_), 128U);
  blocks_.deallocate(a, 0, 1);
  blocks_.deallocate(b, 0, 1);
  EXPECT_EQ(live(step_), 0U);
}

TEST_F(Pmr, IsEqualByScope) {
  PmrResource same(step_);
  PmrResource other(memory_.root());
  EXPECT_TRUE(blocks_ == same);
  EXPECT_FALSE(blocks_ == other);
  EXPECT_FALSE(blocks_ == *std::pmr::new_delete_resource());
  std::pmr::vector<int> from(100, 7, &blocks_);
  const int* data = from.data();
  std::pmr::vector<int> to(std::move(from), &same);  // equal resources: moved, not copied
  EXPECT_EQ(to.data(), data);
  std::pmr::vector<int> elsewhere(std::move(to), &other);
  EXPECT_NE(elsewhere.data(), data);
  EXPECT_EQ(live(memory_.root()), live(step_) + 448);
}

TEST_F(Pmr, AContainerOutlivesTheScopesClose) {
  auto numbers = std::make_optional<std::pmr::vector<int>>(1000, 5, &blocks_);
  ASSERT_TRUE(step_.close().ok());
  EXPECT_EQ(step_.stats().escaped_bytes, 4032U);
  EXPECT_EQ(memory_.root().stats().adopted_bytes, 4032U);
  EXPECT_EQ(numbers->at(999), 5);
  try {
    numbers->resize(2000);
    FAIL() << "the scope is closed";
  } catch (const MemoryRefused& refused) {
    EXPECT_EQ(refused.status().code(), ErrorCode::closed);
  }
  numbers.reset();
  EXPECT_EQ(live(memory_.root()), 0U);
}

TEST_F(Pmr, AContainerOutlivesTheManager) {
  std::pmr::vector<int> numbers(100'000, 5, &blocks_);
  {
    TensorMemoryManager gone = std::move(memory_);
  }
  EXPECT_EQ(numbers[99'999], 5);
}

TEST_F(Pmr, TheAdaptorKeepsTheScopeOpen) {
  std::optional<PmrResource> adaptor(std::in_place, *memory_.root().child("short"));
  EXPECT_TRUE(adaptor->scope().is_open());
  EXPECT_EQ(memory_.root().stats().children, 2U);
  adaptor.reset();
  EXPECT_EQ(memory_.root().stats().children, 1U);
}

TEST_F(Pmr, AnyThreadMayFree) {
  std::pmr::vector<std::pmr::string> lines(&blocks_);
  std::thread([&] {
    for (int i = 0; i < 1000; ++i) lines.emplace_back(std::string(40 + i % 300, 'x'));
  }).join();
  EXPECT_GE(live(step_), 1000U * 64);
  std::thread([moved = std::move(lines)]() mutable { moved.clear(); }).join();
  EXPECT_EQ(live(step_), 0U);
}

#ifdef FRYS_MEMORY_ASAN
TEST_F(Pmr, ASanSeesBeyondTheEndAndAfterTheFree) {
  auto* block = static_cast<volatile char*>(blocks_.allocate(100, 8));
  EXPECT_DEATH(block[100] = 1, "poison");
  blocks_.deallocate(const_cast<char*>(block), 100, 8);
  EXPECT_DEATH(block[0] = 1, "poison");
}
#endif

}  // namespace
}  // namespace frys
