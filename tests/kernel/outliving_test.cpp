// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Tensors that the host keeps when the kernel, and every thread that made them, is gone.

#include <frys/frys.hpp>

#include <gtest/gtest.h>

#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/temporary_folder.hpp"

namespace frys {
namespace {

/// What steps leave with the host.
struct Kept {
  std::mutex mutex;
  std::vector<TensorView> views;
};

// Each step makes tensors of many sizes in its own scope and leaves views of them.
WorkflowGraph leaving_tensors(int steps, Kept& kept) {
  WorkflowGraph graph("leaving");
  for (int number = 0; number < steps; ++number) {
    const auto make = [number, &kept](StepContext& step) -> Status {
      for (const std::int64_t elements : {1, 1000, 70000, 600000}) {
        auto tensor = Tensor::full(step.scope(), {elements}, DType::f32, number);
        if (!tensor) return tensor.error();
        const std::lock_guard lock(kept.mutex);
        kept.views.push_back(tensor->view());
      }
      return {};
    };
    (void)graph.add_step({.name = "make-" + std::to_string(number), .agent = "a", .run = make});
  }
  return graph;
}

TEST(OutlivingTensors, AreReadAndDroppedOnAnyThreadAfterTheKernelIsGone) {
  constexpr int steps = 12;
  const testing::TemporaryFolder parent;
  Kept kept;
  MemoryScope root;
  {
    auto kernel = Kernel::open({.data_dir = parent / "data", .worker_threads = 3});
    ASSERT_TRUE(kernel.has_value()) << kernel.error().to_string();
    root = kernel->memory().root();
    const auto id = kernel->scheduler().submit(leaving_tensors(steps, kept));
    ASSERT_TRUE(id.has_value());
    const auto report = kernel->scheduler().wait(*id);
    ASSERT_TRUE(report.has_value() && report->status.ok());
    EXPECT_TRUE(kernel->close().ok());
  }
  ASSERT_EQ(kept.views.size(), 4U * steps);
  EXPECT_FALSE(root.is_open());
  EXPECT_EQ(root.allocate(64).status().code(), ErrorCode::closed);
  EXPECT_EQ(root.stats().live_bytes, steps * (64 + 4032 + 280000 + 2400000U));

  std::mutex mutex;
  double sum = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (;;) {
        std::optional<TensorView> view;
        {
          const std::lock_guard lock(kept.mutex);
          if (kept.views.empty()) return;
          view.emplace(std::move(kept.views.back()));
          kept.views.pop_back();
        }
        const double part = *ops::sum(*view);
        const std::lock_guard lock(mutex);
        sum += part;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sum, (1 + 1000 + 70000 + 600000) * (steps * (steps - 1) / 2.0));
  EXPECT_EQ(root.stats().live_bytes, 0U) << "the last of them gave everything back";
}

}  // namespace
}  // namespace frys
