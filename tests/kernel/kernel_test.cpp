// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <frys/frys.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <optional>
#include <thread>

#include "support/temporary_folder.hpp"

namespace frys {
namespace {

using ::frys::testing::TemporaryFolder;

std::size_t threads_now() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator("/proc/self/task")) {
    ++count;
  }
  return count;
}

// One step makes a tensor of `elements` floats, the next sees it.
WorkflowGraph hand_off(std::int64_t elements, std::atomic<const void*>& made,
                       std::atomic<const void*>& seen) {
  WorkflowGraph graph("hand-off");
  const auto make = graph.add_step({.name = "make",
                                    .agent = "writer",
                                    .input_size = static_cast<double>(elements),
                                    .run = [elements, &made](StepContext& step) -> Status {
                                      auto tensor =
                                          Tensor::full(step.scope(), {elements}, DType::f32, 1.0);
                                      if (!tensor) return tensor.error();
                                      made = tensor->data<float>();
                                      return step.publish("numbers", tensor->view());
                                    }});
  (void)graph.add_step({.name = "see",
                        .agent = "reader",
                        .after = {*make},
                        .input_size = static_cast<double>(elements),
                        .run = [&seen](StepContext& step) -> Status {
                          auto numbers = step.input("make", "numbers");
                          if (!numbers) return numbers.error();
                          seen = numbers->data<float>();
                          return {};
                        }});
  return graph;
}

Result<WorkflowReport> run(Kernel& kernel, WorkflowGraph graph) {
  const Result<WorkflowId> id = kernel.scheduler().submit(std::move(graph));
  if (!id) return id.error();
  return kernel.scheduler().wait(*id);
}

TEST(Kernel, RunsAWorkflowAndRemembersIt) {
  const TemporaryFolder parent;
  auto kernel = Kernel::open({.data_dir = parent / "data"});
  ASSERT_TRUE(kernel.has_value()) << kernel.error().to_string();
  std::atomic<const void*> made{nullptr};
  std::atomic<const void*> seen{nullptr};
  const auto report = run(*kernel, hand_off(1000, made, seen));
  ASSERT_TRUE(report.has_value()) << report.error().to_string();
  EXPECT_TRUE(report->status.ok()) << report->status.to_string();
  EXPECT_NE(made.load(), nullptr);
  EXPECT_EQ(made.load(), seen.load());
  EXPECT_EQ(kernel->experience().size(), 2U);
  EXPECT_TRUE(kernel->close().ok());
}

TEST(Kernel, WhatOneRunLearnedTheNextProcessPredicts) {
  const TemporaryFolder parent;
  std::atomic<const void*> ignored{nullptr};
  constexpr std::int64_t elements = 500'000;
  std::size_t predicted[2] = {};
  for (std::size_t& prediction : predicted) {
    auto kernel = Kernel::open({.data_dir = parent / "data"});
    ASSERT_TRUE(kernel.has_value()) << kernel.error().to_string();
    const auto report = run(*kernel, hand_off(elements, ignored, ignored));
    ASSERT_TRUE(report.has_value() && report->status.ok());
    for (const StepRecord& record : report->records) {
      if (record.step == "make") prediction = record.predicted_bytes;
    }
  }
  const auto truth = static_cast<double>(elements * 4);
  const auto error = [&](std::size_t bytes) {
    return std::abs(static_cast<double>(bytes) - truth);
  };
  EXPECT_LT(error(predicted[1]), error(predicted[0]));
  EXPECT_GE(predicted[1], elements * 4U);
}

TEST(Kernel, ASecondOneOnTheSameFolderIsTold) {
  const TemporaryFolder parent;
  auto first = Kernel::open({.data_dir = parent / "data"});
  ASSERT_TRUE(first.has_value());
  const auto second = Kernel::open({.data_dir = parent / "data"});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code(), ErrorCode::already_open);
  EXPECT_NE(second.error().message().find(std::to_string(::getpid())), std::string::npos);
  ASSERT_TRUE(first->close().ok());
  EXPECT_TRUE(Kernel::open({.data_dir = parent / "data"}).has_value());
}

TEST(Kernel, CloseJoinsEveryThreadAndKeepsTensorsValid) {
  const TemporaryFolder parent;
  std::thread([] {}).join();  // A sanitizer starts its own thread with the first.
  const std::size_t before = threads_now();
  std::optional<Tensor> kept;
  {
    auto kernel = Kernel::open({.data_dir = parent / "data", .worker_threads = 3});
    ASSERT_TRUE(kernel.has_value());
    EXPECT_GE(threads_now(), before + 3);
    MemoryScope root = kernel->memory().root();
    auto tensor = Tensor::full(root, {1000}, DType::f32, 2.0);
    ASSERT_TRUE(tensor.has_value());
    kept.emplace(*std::move(tensor));
    ASSERT_TRUE(kernel->close().ok());
    EXPECT_EQ(threads_now(), before);
    EXPECT_TRUE(kernel->close().ok());
  }
  EXPECT_EQ(kept->data<float>()[999], 2.0F);
  EXPECT_EQ(*ops::sum(*kept), 2000.0);
}

TEST(Kernel, CannotBeClosedFromAStep) {
  const TemporaryFolder parent;
  auto kernel = Kernel::open({.data_dir = parent / "data"});
  ASSERT_TRUE(kernel.has_value());
  WorkflowGraph graph("suicide");
  ErrorCode code = ErrorCode::ok;
  (void)graph.add_step({.name = "close", .run = [&](StepContext&) -> Status {
                          code = kernel->close().code();
                          return {};
                        }});
  const auto report = run(*kernel, std::move(graph));
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(code, ErrorCode::failed_precondition);
  EXPECT_EQ(kernel->experience().size(), 1U);
  EXPECT_TRUE(kernel->close().ok());
}

TEST(Kernel, CloseCancelsWhatRuns) {
  const TemporaryFolder parent;
  auto kernel = Kernel::open({.data_dir = parent / "data"});
  ASSERT_TRUE(kernel.has_value());
  std::atomic<bool> started{false};
  WorkflowGraph graph("endless");
  (void)graph.add_step({.name = "spin", .run = [&](StepContext& step) -> Status {
                          started = true;
                          while (!step.token().is_cancelled()) std::this_thread::yield();
                          return {ErrorCode::cancelled, "told to stop"};
                        }});
  const auto id = kernel->scheduler().submit(std::move(graph));
  ASSERT_TRUE(id.has_value());
  while (!started) std::this_thread::yield();
  EXPECT_TRUE(kernel->close().ok());
}

TEST(Kernel, RemembersVectorsInTheSpacesThatItIsGiven) {
  const TemporaryFolder parent;
  const std::string data_dir = parent / "data";
  {
    auto kernel = Kernel::open({.data_dir = data_dir, .spaces = {{"code", 4}}});
    ASSERT_TRUE(kernel) << kernel.status().to_string();
    Experience experience{.situation = "a patch"};
    experience.embeddings = {{"code", {1, 2, 3, 4}}};
    ASSERT_TRUE(kernel->experience().store(std::move(experience)));
  }
  auto kernel = Kernel::open({.data_dir = data_dir});
  ASSERT_TRUE(kernel) << kernel.status().to_string();
  const auto found = kernel->experience().find_similar({.vector = {1, 2, 3, 4}, .space = "code"});
  ASSERT_TRUE(found) << found.status().to_string();
  EXPECT_EQ(found->size(), 1U);
  EXPECT_EQ(Kernel::open({.data_dir = parent / "other", .spaces = {{"", 4}}}).status(),
            ErrorCode::invalid_argument);
}

TEST(Kernel, UsesTheHostsEmbedderAndRefusesAnother) {
  class Constant final : public Embedder {
   public:
    explicit Constant(std::string name) : name_(std::move(name)) {}
    std::string_view name() const noexcept override { return name_; }
    std::size_t dimension() const noexcept override { return 4; }
    Status embed(std::string_view, std::span<float> out) const noexcept override {
      for (float& value : out) value = 0.5F;
      return {};
    }

   private:
    std::string name_;
  };
  const TemporaryFolder parent;
  {
    auto kernel = Kernel::open(
        {.data_dir = parent / "data", .embedder = std::make_shared<Constant>("one/4")});
    ASSERT_TRUE(kernel.has_value()) << kernel.error().to_string();
    EXPECT_EQ(kernel->experience().stats().dimension, 4U);
  }
  const auto other =
      Kernel::open({.data_dir = parent / "data", .embedder = std::make_shared<Constant>("two/4")});
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().code(), ErrorCode::failed_precondition) << other.error().to_string();
}

}  // namespace
}  // namespace frys
