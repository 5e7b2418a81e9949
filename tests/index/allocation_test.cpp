// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Counts and refuses the allocations of this program. Not under a sanitizer, whose operators stay.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <limits>
#include <new>

#include "index/made_vectors.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FRYS_SANITIZED 1
#endif
#endif

#if !defined(FRYS_SANITIZED) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();
std::atomic<std::uint64_t> calls{0};
std::atomic<std::uint64_t> refused{never};

}  // namespace

// Never inlined: g++ would see free take what new gave.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  void* memory = calls.fetch_add(1) == refused.load() ? nullptr : std::malloc(bytes | 1);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace frys {
namespace {

TEST(VectorIndexAllocation, SearchesTakeNoneOnceWarm) {
  const MadeVectors made(32, 2000, 20, false);
  VectorIndex index = make_index({.dimension = 32, .metric = Metric::cosine});
  ASSERT_TRUE(index.add(made.rows()));
  std::array<VectorNeighbour, 10> out;
  ASSERT_TRUE(index.search(made.query(0), 10, 64, out));
  const std::uint64_t before = calls.load();
  for (std::size_t q = 0; q < made.queries(); ++q) {
    ASSERT_TRUE(index.search(made.query(q), 10, 64, out));
  }
  EXPECT_EQ(calls.load(), before);
}

/// Adds all vectors one by one while the `nth` allocation from now is refused; tries again what was
/// answered by out_of_memory. Returns whether anything was refused.
bool add_with_refusal(VectorIndex& index, const MadeVectors& made, std::uint64_t nth) {
  const std::uint64_t at = calls.load() + nth;
  refused.store(at);
  for (std::size_t i = 0; i < made.count();) {
    const Result<std::uint32_t> added = index.add(made.row(i));
    if (added) {
      ++i;
    } else {
      EXPECT_EQ(added.status(), ErrorCode::out_of_memory);
    }
  }
  refused.store(never);
  return calls.load() > at;
}

// Before the graph begins, while it does, and after: nothing is lost, nothing is there twice.
TEST(VectorIndexAllocation, RefusedOnesLoseNothing) {
  const MadeVectors made(4, 1060, 1, false);
  for (std::uint64_t nth = 0;; ++nth) {
    VectorIndex index = make_index({.dimension = 4, .build_effort = 16});
    const bool any = add_with_refusal(index, made, nth);
    ASSERT_EQ(index.size(), made.count()) << nth;
    for (std::size_t i = 0; i < made.count(); i += 53) {
      const std::vector<VectorNeighbour> found = search(index, made.row(i), 1);
      ASSERT_EQ(found.size(), 1u);
      EXPECT_EQ(found[0].ordinal, i) << "after refusal " << nth;
    }
    if (!any) break;
    ASSERT_LT(nth, 1000u);
  }
}

}  // namespace
}  // namespace frys

#endif
