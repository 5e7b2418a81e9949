// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The detector, the predictor and the allocator say that they may be used from several threads at
// once. Here they are; ThreadSanitizer watches, and the books must balance at the end.

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "frys/scheduler/collaboration_detector.hpp"
#include "frys/scheduler/load_predictor.hpp"
#include "frys/scheduler/resource_allocator.hpp"

namespace frys {
namespace {

constexpr int threads = 4;
constexpr int rounds = 300;

template <typename Body>
void on_threads(Body body) {
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) all.emplace_back([&body, t] { body(t); });
  for (std::thread& thread : all) thread.join();
}

TEST(MindsOnThreads, TheDetectorLosesNoHandOff) {
  CollaborationDetector detector;
  on_threads([&](int t) {
    const std::string me = "agent" + std::to_string(t);
    for (int i = 0; i < rounds; ++i) {
      HandOff hand_off;
      hand_off.from = me;
      hand_off.to = "hub";
      EXPECT_TRUE(detector.observe(1, hand_off).ok());
      EXPECT_TRUE(detector.observe_turn(2, me).ok());
      EXPECT_TRUE(detector.detect(1).has_value());
      EXPECT_LE(detector.predict_next(2).size(), 3U);
    }
  });
  const auto graph = detector.detect(1);
  ASSERT_TRUE(graph.has_value());
  EXPECT_EQ(graph->hand_offs, static_cast<std::uint64_t>(threads) * rounds);
}

TEST(MindsOnThreads, ThePredictorLosesNoSample) {
  LoadPredictor predictor;
  on_threads([&](int t) {
    for (int i = 0; i < rounds; ++i) {
      LoadSample sample;
      sample.step_type = i % 2 == 0 ? "even" : "odd";
      sample.peak_bytes = 1000 + static_cast<std::size_t>(t);
      sample.runtime_ns = 1 + i;
      EXPECT_TRUE(predictor.observe(sample).ok());
      LoadQuery query;
      query.step_type = sample.step_type;
      EXPECT_GT(predictor.predict(query).memory_bytes, 0U);
      EXPECT_GE(predictor.retry_bytes("even", 10, 5000), 20U);
    }
  });
  std::uint64_t samples = 0;
  for (const LoadTypeSummary& type : predictor.types()) samples += type.samples;
  EXPECT_EQ(samples, static_cast<std::uint64_t>(threads) * rounds);
}

TEST(MindsOnThreads, TheAllocatorHandsNothingOutTwice) {
  ResourceAllocatorOptions options;
  options.memory_margin = 1;
  options.memory_quantum_bytes = 1;
  auto allocator = ResourceAllocator::create(options, {1, 3, 100});
  ASSERT_TRUE(allocator.has_value());
  std::atomic<int> ran{0};
  on_threads([&](int t) {
    for (int i = 0; i < rounds; ++i) {
      AdmissionRequest request;
      request.id = static_cast<std::uint64_t>(t) * rounds + static_cast<std::uint64_t>(i);
      request.urgency = i % 5;
      request.memory_bytes = 10 + static_cast<std::size_t>(i % 40);
      EXPECT_TRUE(allocator->enqueue(request).ok());
      for (const Admission& go : allocator->admit(i)) {
        const AllocatorSnapshot seen = allocator->snapshot();
        EXPECT_LE(seen.used_memory_bytes, 100U);
        EXPECT_LE(seen.used_cpu_slots, 3 + 1e-9);
        EXPECT_TRUE(allocator->release(go.id).ok());
        ran.fetch_add(1);
      }
    }
  });
  for (auto rest = allocator->admit(rounds); !rest.empty(); rest = allocator->admit(rounds)) {
    for (const Admission& go : rest) {
      EXPECT_TRUE(allocator->release(go.id).ok());
      ran.fetch_add(1);
    }
  }
  EXPECT_EQ(ran.load(), threads * rounds);
  const AllocatorSnapshot left = allocator->snapshot();
  EXPECT_EQ(left.waiting, 0U);
  EXPECT_EQ(left.running, 0U);
  EXPECT_EQ(left.used_memory_bytes, 0U);
  EXPECT_EQ(left.used_cpu_slots, 0);
}

}  // namespace
}  // namespace frys
