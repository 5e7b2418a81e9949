// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/memory/arena.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "frys/memory/manager.hpp"
#include "support/red_zones.hpp"

namespace frys {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t mib = std::size_t{1} << 20;

TensorMemoryManager manager() {
  return *TensorMemoryManager::create(
      {.budget_bytes = 256 * mib, .pool = {.segment_bytes = 32 * mib}}, {});
}

SizeClassSnapshot class_of(const ArenaSnapshot& arena, std::size_t block_bytes) {
  for (const SizeClassSnapshot& blocks : arena.classes) {
    if (blocks.block_bytes == block_bytes) return blocks;
  }
  return {};
}

// What the cells and the pool's own counts say of the same thing must agree.
void expect_consistent(const MemorySnapshot& snapshot) {
  std::size_t mapped = 0;
  std::size_t committed = 0;
  for (const SegmentSnapshot& segment : snapshot.arena.segments) {
    mapped += segment.mapped_bytes;
    committed += segment.used_bytes + segment.ready_bytes;
    EXPECT_LE(segment.cells.size(), 64U);
    EXPECT_LE(segment.largest_ready_bytes, segment.ready_bytes);
    EXPECT_EQ(segment.ready_runs == 0, segment.ready_bytes == 0);
    std::size_t used = 0;
    std::size_t ready = 0;
    for (const ArenaCell& cell : segment.cells) {
      used += cell.used_bytes;
      ready += cell.ready_bytes;
      EXPECT_LE(cell.used_bytes + cell.ready_bytes, segment.cell_bytes);
    }
    EXPECT_EQ(used, segment.used_bytes);
    EXPECT_EQ(ready, segment.ready_bytes);
    EXPECT_GE(segment.cells.size() * segment.cell_bytes, segment.extent_bytes);
  }
  EXPECT_EQ(mapped, snapshot.pool.mapped_bytes);
  std::size_t untouched = 0;
  for (const SizeClassSnapshot& blocks : snapshot.arena.classes) {
    EXPECT_LE(blocks.untouched_bytes, blocks.slab_bytes);
    untouched += blocks.untouched_bytes;
  }
  EXPECT_EQ(committed, snapshot.pool.committed_bytes + untouched);
  EXPECT_EQ(snapshot.arena.segments.size(), snapshot.pool.segments);
}

TEST(Arena, IsEmptyAtFirst) {
  const MemorySnapshot snapshot = manager().snapshot();
  EXPECT_TRUE(snapshot.arena.segments.empty());
  EXPECT_TRUE(snapshot.arena.classes.empty());
  EXPECT_THAT(snapshot.to_json(),
              HasSubstr("\"arena\":{\"segments\":[],\"classes\":[],\"large_bytes\":0},"));
}

TEST(Arena, ShowsWhereBlocksLie) {
  auto memory = manager();
  std::vector<Storage> held;
  for (int i = 0; i < 8; ++i) held.push_back(*memory.root().allocate(testing::filling(2 * mib)));
  held[1].reset();
  held[4].reset();
  held[5].reset();
  const MemorySnapshot snapshot = memory.snapshot();
  expect_consistent(snapshot);
  ASSERT_EQ(snapshot.arena.segments.size(), 1U);
  const SegmentSnapshot& segment = snapshot.arena.segments[0];
  EXPECT_EQ(segment.used_bytes, 10 * mib);
  EXPECT_EQ(segment.ready_bytes, 6 * mib);
  EXPECT_EQ(segment.ready_runs, 2U);
  EXPECT_EQ(segment.largest_ready_bytes, 4 * mib);
  EXPECT_EQ(segment.extent_bytes, 16 * mib);
  EXPECT_EQ(segment.cell_bytes, mib / 4);
  ASSERT_EQ(segment.cells.size(), 64U);
  EXPECT_EQ(segment.cells[0].used_bytes, mib / 4);
  EXPECT_EQ(segment.cells[8].used_bytes, 0U);
  EXPECT_EQ(segment.cells[8].ready_bytes, mib / 4);
  EXPECT_EQ(snapshot.arena.large_bytes, 10 * mib);
  EXPECT_TRUE(snapshot.arena.classes.empty());
  EXPECT_THAT(snapshot.to_json(), HasSubstr("\"ready_runs\":2,\"largest_ready_bytes\":4194304,"));
}

TEST(Arena, CountsTheBlocksOfEachClass) {
  auto memory = manager();
  std::vector<Storage> held;
  for (int i = 0; i < 100; ++i) held.push_back(*memory.root().allocate(testing::filling(1024)));
  for (int i = 0; i < 3; ++i) held.push_back(*memory.root().allocate(testing::filling(mib)));
  for (int i = 0; i < 10; ++i) held[static_cast<std::size_t>(i)].reset();
  held.pop_back();
  MemorySnapshot snapshot = memory.snapshot();
  expect_consistent(snapshot);
  SizeClassSnapshot small = class_of(snapshot.arena, 1024);
  EXPECT_EQ(small.live_blocks, 90U);
  EXPECT_GE(small.cached_blocks, 10U);
  EXPECT_EQ((small.live_blocks + small.cached_blocks) * 1024, small.slab_bytes);
  SizeClassSnapshot large = class_of(snapshot.arena, mib);
  EXPECT_EQ(large.live_blocks, 2U);
  EXPECT_EQ(large.cached_blocks, 1U);
  EXPECT_EQ(large.slab_bytes, 3 * mib);
  EXPECT_EQ(snapshot.arena.large_bytes, 0U);
  EXPECT_EQ(snapshot.arena.classes.size(), 2U);
  EXPECT_THAT(snapshot.to_json(), HasSubstr("{\"block_bytes\":1048576,\"live_blocks\":2,"
                                            "\"cached_blocks\":1,\"slab_bytes\":3145728,"));
  held.clear();
  memory.trim();
  snapshot = memory.snapshot();
  expect_consistent(snapshot);
  EXPECT_TRUE(snapshot.arena.classes.empty());
}

TEST(Arena, MayBeAskedForWhileOthersWork) {
  auto memory = manager();
  std::atomic<bool> stop{false};
  std::vector<std::thread> workers;
  for (int i = 0; i < 3; ++i) {
    workers.emplace_back([&, i] {
      for (std::size_t bytes = 64; !stop.load(); bytes = bytes * 3 % (4 * mib) + 64) {
        static_cast<void>(memory.root().allocate(bytes + static_cast<std::size_t>(i)));
        if (bytes < 256) memory.trim();
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    for (const SegmentSnapshot& segment : memory.snapshot().arena.segments) {
      EXPECT_LE(segment.used_bytes + segment.ready_bytes, segment.extent_bytes);
    }
  }
  stop.store(true);
  for (std::thread& worker : workers) worker.join();
  expect_consistent(memory.snapshot());
}

}  // namespace
}  // namespace frys
