// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/memory/manager.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <thread>
#include <vector>

#include "frys/core/machine.hpp"
#include "frys/memory/copies.hpp"
#include "support/red_zones.hpp"

namespace frys {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t mib = std::size_t{1} << 20;

struct RecordingSink final : LogSink {
  std::string text;
  void write(const LogRecord& record) noexcept override {
    text += std::string(record.component) + ": " + std::string(record.message) + "\n";
  }
};

TEST(TensorMemoryManager, DefaultsToFourFifthsOfTheMachine) {
  auto memory = TensorMemoryManager::create({}, {});
  ASSERT_TRUE(memory);
  EXPECT_NEAR(static_cast<double>(memory->root().stats().budget_bytes),
              0.8 * static_cast<double>(machine().memory_bytes), 1024.0);
  EXPECT_EQ(memory->root().path(), "kernel");
  EXPECT_EQ(memory->pool_stats().mapped_bytes, 0U);
}

TEST(TensorMemoryManager, AnEmptyRootNameIsInvalid) {
  EXPECT_EQ(TensorMemoryManager::create({.root_name = ""}, {}).status().code(),
            ErrorCode::invalid_argument);
}

TEST(TensorMemoryManager, ScopesByNameAreSharedUntilClosed) {
  auto memory = *TensorMemoryManager::create({.budget_bytes = mib}, {});
  MemoryScope workflow = *memory.workflow_scope("wf");
  EXPECT_EQ(workflow, *memory.workflow_scope("wf"));
  MemoryScope agent = *memory.agent_scope("wf", "a");
  EXPECT_EQ(agent, *memory.agent_scope("wf", "a"));
  EXPECT_FALSE(agent == *memory.agent_scope("other", "a"));
  ASSERT_TRUE(agent.close().ok());
  MemoryScope next = *memory.agent_scope("wf", "a");
  EXPECT_TRUE(next.is_open());
  ASSERT_TRUE(workflow.close().ok());
  EXPECT_FALSE(next.is_open());
  EXPECT_TRUE(memory.agent_scope("wf", "a")->is_open());
  EXPECT_EQ(memory.workflow_scope("").status().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(memory.agent_scope("wf", "").status().code(), ErrorCode::invalid_argument);
}

TEST(TensorMemoryManager, ClosedWorkflowsAreForgotten) {
  auto memory = *TensorMemoryManager::create({.budget_bytes = mib}, {});
  for (int i = 0; i < 1000; ++i) {
    auto scope = memory.workflow_scope("wf-" + std::to_string(i));
    ASSERT_TRUE(scope->close().ok());
  }
  EXPECT_EQ(memory.root().stats().children, 0U);
}

TEST(TensorMemoryManager, BlocksOutliveCloseTheManagerAndTheirThread) {
  Storage kept;
  MemoryScope scope;
  {
    RecordingSink sink;
    Environment environment;
    environment.log = &sink;
    auto memory = *TensorMemoryManager::create({.budget_bytes = 64 * mib}, environment);
    scope = *memory.agent_scope("wf", "a");
    std::thread([&] { kept = *scope.allocate(3 * mib); }).join();
    std::memset(kept.data(), 5, kept.size_bytes());
    ASSERT_TRUE(memory.close().ok());
    ASSERT_TRUE(memory.close().ok());
    EXPECT_EQ(memory.workflow_scope("wf").status().code(), ErrorCode::closed);
    EXPECT_EQ(memory.agent_scope("wf", "a").status().code(), ErrorCode::closed);
    EXPECT_EQ(memory.root().allocate(1).status().code(), ErrorCode::closed);
    EXPECT_EQ(memory.snapshot().root.stats.live_bytes, 3 * mib);
    EXPECT_THAT(sink.text, HasSubstr("memory: closed with 3145728 bytes still held"));
    memory.trim();
  }
  EXPECT_EQ(static_cast<unsigned char*>(kept.data())[kept.size_bytes() - 1], 5);
  EXPECT_EQ(scope.allocate(1).status().code(), ErrorCode::closed);
  EXPECT_EQ(scope.stats().live_bytes, 3 * mib);
  kept.reset();
  EXPECT_EQ(scope.stats().live_bytes, 0U);
}

TEST(TensorMemoryManager, MovesAndTheMovedFromIsClosed) {
  auto memory = *TensorMemoryManager::create({.budget_bytes = mib}, {});
  auto other = *TensorMemoryManager::create({.budget_bytes = 2 * mib}, {});
  MemoryScope replaced = memory.root();
  memory = std::move(other);
  EXPECT_FALSE(replaced.is_open());
  EXPECT_EQ(memory.root().stats().budget_bytes, 2 * mib);
  EXPECT_EQ(other.workflow_scope("x").status().code(), ErrorCode::closed);  // NOLINT
  EXPECT_TRUE(other.close().ok());                                          // NOLINT
}

TEST(TensorMemoryManager, PromisesToManyScopesDoNotOutgrowTheBudget) {
  constexpr std::size_t budget = 256 * mib;
  auto memory = *TensorMemoryManager::create({.budget_bytes = budget}, {});
  const Storage held = *memory.root().allocate(240 * mib);
  std::vector<MemoryScope> scopes;
  for (int i = 0; i < 16; ++i) {
    scopes.push_back(*memory.root().child("s"));
    ASSERT_TRUE(scopes.back().reserve(16 * mib).ok());
  }
  EXPECT_EQ(memory.pool_stats().committed_bytes, budget);
}

TEST(TensorMemoryManager, FreePagesMakeRoomForWhatFitsInNone) {
  constexpr std::size_t budget = 256 * mib;
  auto memory = *TensorMemoryManager::create({.budget_bytes = budget}, {});
  std::vector<Storage> blocks;
  for (int i = 0; i < 126; ++i) blocks.push_back(*memory.root().allocate(2 * mib));
  for (std::size_t i = 0; i < blocks.size(); i += 2) blocks[i].reset();
  const Storage large = *memory.root().allocate(128 * mib);
  EXPECT_EQ(memory.root().stats().live_bytes, 254 * mib);
  EXPECT_LE(memory.pool_stats().committed_bytes, budget);
}

TEST(TensorMemoryManager, SnapshotIsATreeAndJson) {
  FRYS_SKIP_WITH_RED_ZONES();
  auto memory = *TensorMemoryManager::create({.budget_bytes = 64 * mib}, {});
  MemoryScope a = *memory.agent_scope("w\"1", "a");
  auto block = a.allocate(4096);
  const MemorySnapshot snapshot = memory.snapshot();
  ASSERT_EQ(snapshot.root.children.size(), 1U);
  ASSERT_EQ(snapshot.root.children[0].children.size(), 1U);
  EXPECT_EQ(snapshot.root.children[0].children[0].stats.live_bytes, 4096U);
  EXPECT_EQ(snapshot.pool.live_bytes, 4096U);
  const std::string json = snapshot.to_json();
  EXPECT_THAT(json, ::testing::StartsWith("{\"pool\":{\"mapped_bytes\":"));
  EXPECT_THAT(json, HasSubstr("\"name\":\"w\\\"1\",\"live_bytes\":4096,\"peak_bytes\":4096,"
                              "\"budget_bytes\":null,"));
  EXPECT_THAT(json, HasSubstr("\"closed\":false,\"children\":[{\"name\":\"a\","));
  EXPECT_THAT(json, HasSubstr("\"budget_bytes\":67108864"));
  EXPECT_THAT(json, HasSubstr("\"metadata\":\"" + std::string(to_string(snapshot.pool.metadata)) +
                              "\"},\"shared_pool\":{"));
  EXPECT_THAT(json, HasSubstr("\"arena\":{\"segments\":["));
  EXPECT_THAT(json, HasSubstr("\"root\":{\"name\":\"kernel\""));
  EXPECT_EQ(std::count(json.begin(), json.end(), '{'), std::count(json.begin(), json.end(), '}'));
}

TEST(Copies, AreCountedForTheProcessAndForTheScopesAbove) {
  auto memory = *TensorMemoryManager::create({.budget_bytes = mib}, {});
  MemoryScope step = *memory.agent_scope("w", "a")->child("step");
  auto block = step.allocate(100);
  const CopyStats before = copy_stats();
  note_copy(&*block, 100);
  note_copy(nullptr, 7);
  int byte = 0;
  auto wrapped = Storage::wrap(&byte, 1, {}, nullptr);
  note_copy(&*wrapped, 1);
  EXPECT_EQ(copy_stats().copies - before.copies, 3U);
  EXPECT_EQ(copy_stats().bytes - before.bytes, 108U);
  for (const MemoryScope& scope : {step, memory.root()}) {
    EXPECT_EQ(scope.stats().copies, 1U);
    EXPECT_EQ(scope.stats().copied_bytes, 100U);
  }
  ASSERT_TRUE(step.close().ok());
  note_copy(&*block, 50);
  EXPECT_EQ(memory.root().stats().copied_bytes, 150U);
}

TEST(CudaDevices, AnswersWithDevicesOrSaysWhyNot) {
  auto devices = cuda_devices();
  if (devices) {
    ASSERT_FALSE(devices->empty());
    for (const CudaDeviceInfo& gpu : *devices) {
      EXPECT_EQ(gpu.device.type, DeviceType::cuda);
      EXPECT_FALSE(gpu.name.empty());
      EXPECT_GT(gpu.total_memory_bytes, mib);
      EXPECT_GE(gpu.compute_major, 1);
    }
  } else {
    EXPECT_EQ(devices.error().code(), ErrorCode::unavailable);
    EXPECT_FALSE(devices.error().message().empty());
  }
}

TEST(TensorMemoryManager, TellsItsMetricsUntilItIsClosed) {
  MetricsRegistry metrics;
  Environment environment;
  environment.metrics = &metrics;
  auto made = *TensorMemoryManager::create({.budget_bytes = 8 * mib}, environment);
  auto memory = std::move(made);
  Storage held = *memory.root().allocate(mib);
  static_cast<void>(memory.root().allocate(4 * mib));
  EXPECT_FALSE(memory.root().allocate(8 * mib));
  EXPECT_FALSE(memory.root().reserve(9 * mib).ok());
  std::map<std::string, double> values;
  for (const MetricSample& sample : metrics.snapshot()) values[sample.name] = sample.value;
  const PoolStats pool = memory.pool_stats();
  EXPECT_EQ(values.size(), 9U);
  EXPECT_EQ(values["frys_memory_live_bytes"], mib);
  EXPECT_EQ(values["frys_memory_peak_bytes"], 5 * mib);
  EXPECT_EQ(values["frys_memory_allocations_total"], 2);
  EXPECT_EQ(values["frys_memory_refusals_total"], 2);
  EXPECT_EQ(values["frys_memory_mapped_bytes"], static_cast<double>(pool.mapped_bytes));
  EXPECT_EQ(values["frys_memory_committed_bytes"], static_cast<double>(pool.committed_bytes));
  EXPECT_GE(values["frys_memory_committed_bytes"], 5 * mib);
  EXPECT_EQ(values["frys_memory_cached_bytes"], static_cast<double>(pool.cached_bytes));
  EXPECT_EQ(values["frys_memory_first_touch_pages_total"],
            static_cast<double>(pool.first_touch_pages));
  EXPECT_GE(values["frys_memory_first_touch_pages_total"], 5 * 256);
  EXPECT_EQ(values["frys_memory_system_calls_total"], static_cast<double>(pool.system_calls));
  EXPECT_TRUE(memory.close().ok());
  EXPECT_TRUE(metrics.snapshot().empty());
}

}  // namespace
}  // namespace frys
