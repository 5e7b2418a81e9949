// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/scheduler/resource_allocator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <queue>
#include <utility>
#include <vector>

#include "frys/core/random.hpp"

namespace frys {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::size_t gb = 1'000'000'000;
constexpr std::int64_t second = 1'000'000'000;

ResourceAllocatorOptions exact() {
  ResourceAllocatorOptions options;
  options.memory_margin = 1;
  options.memory_quantum_bytes = 1;
  return options;
}

ResourceAllocator make(const ResourceAllocatorOptions& options, double slots, std::size_t memory) {
  auto allocator = ResourceAllocator::create(options, {1, slots, memory});
  EXPECT_TRUE(allocator.has_value());
  return std::move(*allocator);
}

AdmissionRequest request(std::uint64_t id, double urgency, std::size_t memory,
                         std::int64_t runtime_ns = 0) {
  AdmissionRequest out;
  out.id = id;
  out.urgency = urgency;
  out.memory_bytes = memory;
  out.runtime_ns = runtime_ns;
  return out;
}

std::vector<std::uint64_t> ids(const std::vector<Admission>& admissions) {
  std::vector<std::uint64_t> out;
  for (const Admission& go : admissions) out.push_back(go.id);
  return out;
}

TEST(ResourceAllocator, AdmitsTheMostUrgentFirstUpToTheSlots) {
  ResourceAllocator allocator = make(exact(), 2, 10 * gb);
  for (std::uint64_t id = 1; id <= 4; ++id) {
    ASSERT_TRUE(allocator.enqueue(request(id, static_cast<double>(id % 3), gb)).ok());
  }
  EXPECT_THAT(ids(allocator.admit(0)), ElementsAre(2, 1));  // Urgencies 1 2 0 1; ties by arrival.
  EXPECT_THAT(ids(allocator.admit(0)), IsEmpty());
  ASSERT_TRUE(allocator.release(2).ok());
  EXPECT_THAT(ids(allocator.admit(1)), ElementsAre(4));
}

TEST(ResourceAllocator, TheHostsPriorityStandsAboveUrgency) {
  ResourceAllocator allocator = make(exact(), 1, gb);
  ASSERT_TRUE(allocator.enqueue(request(1, 100, 1)).ok());
  AdmissionRequest high = request(2, 0, 1);
  high.priority = 1;
  ASSERT_TRUE(allocator.enqueue(high).ok());
  EXPECT_THAT(ids(allocator.admit(0)), ElementsAre(2));
}

TEST(ResourceAllocator, FifoKeepsTheOrderOfArrivalAndNobodyOvertakes) {
  ResourceAllocatorOptions options = exact();
  options.policy = AdmissionPolicy::fifo;
  ResourceAllocator allocator = make(options, 4, 10);
  ASSERT_TRUE(allocator.enqueue(request(1, 0, 6)).ok());
  ASSERT_TRUE(allocator.enqueue(request(2, 9, 6)).ok());
  ASSERT_TRUE(allocator.enqueue(request(3, 5, 1)).ok());
  EXPECT_THAT(ids(allocator.admit(0)), ElementsAre(1));
  ASSERT_TRUE(allocator.release(1).ok());
  EXPECT_THAT(ids(allocator.admit(1)), ElementsAre(2, 3));
}

TEST(ResourceAllocator, AStepThatRanBeforeGoesAheadOfItsEquals) {
  ResourceAllocator allocator = make(exact(), 1, 10);
  ASSERT_TRUE(allocator.enqueue(request(1, 3, 1)).ok());
  AdmissionRequest again = request(2, 3, 1);
  again.again = true;
  ASSERT_TRUE(allocator.enqueue(again).ok());
  EXPECT_THAT(ids(allocator.admit(0)), ElementsAre(2));
}

TEST(ResourceAllocator, GivesThePredictionTimesTheMarginInWholeQuanta) {
  ResourceAllocatorOptions options;
  options.memory_margin = 1.5;
  options.memory_quantum_bytes = 1000;
  ResourceAllocator allocator = make(options, 8, 1'000'000);
  AdmissionRequest asked = request(1, 0, 1001);
  EXPECT_EQ(allocator.budget_bytes(asked), 2000U);
  EXPECT_EQ(allocator.budget_bytes(request(1, 0, 0)), 1000U);
  asked.exact_memory = true;
  EXPECT_EQ(allocator.budget_bytes(asked), 1001U);
  constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
  EXPECT_EQ(allocator.budget_bytes(request(1, 0, most)), 1'000'000U);
}

TEST(ResourceAllocator, MoreThanThereIsRunsAloneWithAllThereIs) {
  ResourceAllocator allocator = make(exact(), 4, 100);
  ASSERT_TRUE(allocator.enqueue(request(1, 1, 60)).ok());
  EXPECT_THAT(ids(allocator.admit(0)), ElementsAre(1));
  AdmissionRequest huge = request(2, 9, 500);
  huge.cpu_slots = 64;
  ASSERT_TRUE(allocator.enqueue(huge).ok());
  EXPECT_THAT(ids(allocator.admit(0)), IsEmpty());
  ASSERT_TRUE(allocator.release(1).ok());
  const auto admitted = allocator.admit(1);
  ASSERT_THAT(ids(admitted), ElementsAre(2));
  EXPECT_TRUE(admitted[0].clamped);
  EXPECT_EQ(admitted[0].memory_bytes, 100U);
  EXPECT_EQ(admitted[0].cpu_slots, 4);
}

TEST(ResourceAllocator, FillsGapsWithoutDelayingTheFirstInLine) {
  ResourceAllocator allocator = make(exact(), 8, 100);
  ASSERT_TRUE(allocator.enqueue(request(1, 5, 60, 10 * second)).ok());
  ASSERT_THAT(ids(allocator.admit(0)), ElementsAre(1));
  ASSERT_TRUE(allocator.enqueue(request(2, 9, 80, 10 * second)).ok());  // Waits for 1.
  ASSERT_TRUE(allocator.enqueue(request(3, 4, 30, 20 * second)).ok());  // Would delay 2.
  ASSERT_TRUE(allocator.enqueue(request(4, 3, 30, 5 * second)).ok());   // Ends before 1 does.
  ASSERT_TRUE(allocator.enqueue(request(5, 2, 10, 90 * second)).ok());  // Fits beside 2.
  const auto admitted = allocator.admit(0);
  EXPECT_THAT(ids(admitted), ElementsAre(4, 5));
  EXPECT_TRUE(admitted[0].backfilled);
  ASSERT_TRUE(allocator.release(4).ok());
  ASSERT_TRUE(allocator.release(1).ok());
  EXPECT_THAT(ids(allocator.admit(10 * second)), ElementsAre(2));
  EXPECT_EQ(allocator.snapshot().backfilled, 2U);
}

TEST(ResourceAllocator, StepsThatOnlyWaitForOthersNeedNoSlot) {
  ResourceAllocator allocator = make(exact(), 1, 100);
  ASSERT_TRUE(allocator.enqueue(request(1, 5, 1)).ok());
  ASSERT_TRUE(allocator.enqueue(request(2, 4, 1)).ok());
  AdmissionRequest waiting = request(3, 1, 1);
  waiting.cpu_slots = 0;
  ASSERT_TRUE(allocator.enqueue(waiting).ok());
  EXPECT_THAT(ids(allocator.admit(0)), ElementsAre(1, 3));
}

TEST(ResourceAllocator, NobodyIsPassedOverForEver) {
  ResourceAllocatorOptions options = exact();
  options.max_overtakes = 10;
  ResourceAllocator allocator = make(options, 2, 100);
  ASSERT_TRUE(allocator.enqueue(request(1, 0, 100, second)).ok());  // Needs everything.
  std::uint64_t next = 2;
  std::vector<std::uint64_t> running;
  int rounds = 0;
  bool started = false;
  for (; rounds < 100 && !started; ++rounds) {
    ASSERT_TRUE(allocator.enqueue(request(next++, 50, 30, second)).ok());
    ASSERT_TRUE(allocator.enqueue(request(next++, 50, 30, second)).ok());
    for (const Admission& go : allocator.admit(rounds * second)) {
      started = started || go.id == 1;
      running.push_back(go.id);
    }
    for (const std::uint64_t id : running) ASSERT_TRUE(allocator.release(id).ok());
    running.clear();
  }
  EXPECT_TRUE(started);
  EXPECT_LE(rounds, 12);
  EXPECT_EQ(allocator.snapshot().promoted, 1U);
}

TEST(ResourceAllocator, ANewerPredictionCountsWhenItIsLookedAt) {
  ResourceAllocator allocator = make(exact(), 4, 100);
  ASSERT_TRUE(allocator.enqueue(request(1, 1, 90)).ok());
  ASSERT_TRUE(allocator.enqueue(request(2, 1, 90)).ok());
  const auto admitted = allocator.admit(0, [](AdmissionRequest& asked) {
    asked.memory_bytes = 40;
    asked.urgency = 99;  // Not taken over.
  });
  ASSERT_THAT(ids(admitted), ElementsAre(1, 2));
  EXPECT_EQ(admitted[1].memory_bytes, 40U);
}

TEST(ResourceAllocator, UrgencyCanChangeAndRequestsCanLeave) {
  ResourceAllocator allocator = make(exact(), 1, 100);
  for (std::uint64_t id = 1; id <= 3; ++id) ASSERT_TRUE(allocator.enqueue(request(id, 1, 1)).ok());
  ASSERT_TRUE(allocator.set_urgency(3, 7).ok());
  EXPECT_TRUE(allocator.withdraw(1));
  EXPECT_FALSE(allocator.withdraw(1));
  EXPECT_THAT(ids(allocator.admit(0)), ElementsAre(3));
  EXPECT_EQ(allocator.set_urgency(3, 1), ErrorCode::not_found);
  EXPECT_EQ(allocator.set_urgency(2, std::nan("")), ErrorCode::invalid_argument);
  EXPECT_FALSE(allocator.withdraw(3));  // It runs.
}

TEST(ResourceAllocator, CapacityIsVersionedAndWhatRunsKeepsWhatItHas) {
  ResourceAllocator allocator = make(exact(), 4, 100);
  ASSERT_TRUE(allocator.enqueue(request(1, 1, 80)).ok());
  ASSERT_THAT(ids(allocator.admit(0)), ElementsAre(1));
  EXPECT_EQ(allocator.resize({1, 4, 50}), ErrorCode::failed_precondition);
  ASSERT_TRUE(allocator.resize({2, 4, 50}).ok());
  EXPECT_EQ(allocator.snapshot().used_memory_bytes, 80U);
  ASSERT_TRUE(allocator.enqueue(request(2, 1, 10)).ok());
  EXPECT_THAT(ids(allocator.admit(0)), IsEmpty());
  ASSERT_TRUE(allocator.release(1).ok());
  const auto admitted = allocator.admit(1);
  ASSERT_THAT(ids(admitted), ElementsAre(2));
  EXPECT_EQ(admitted[0].capacity_version, 2U);
}

TEST(ResourceAllocator, RefusesWhatCannotBe) {
  const ResourceAllocatorOptions good;
  const double not_a_number = std::nan("");
  EXPECT_EQ(ResourceAllocator::create(good, {1, 0, 1}).status(), ErrorCode::invalid_argument);
  EXPECT_EQ(ResourceAllocator::create(good, {1, not_a_number, 1}).status(),
            ErrorCode::invalid_argument);
  EXPECT_EQ(ResourceAllocator::create(good, {1, 1, 0}).status(), ErrorCode::invalid_argument);
  ResourceAllocatorOptions bad = good;
  bad.memory_margin = 0.5;
  EXPECT_EQ(ResourceAllocator::create(bad, {1, 1, 1}).status(), ErrorCode::invalid_argument);
  bad = good;
  bad.backfill_depth = 0;
  EXPECT_EQ(ResourceAllocator::create(bad, {1, 1, 1}).status(), ErrorCode::invalid_argument);

  ResourceAllocator allocator = make(good, 1, gb);
  EXPECT_EQ(allocator.enqueue(request(1, not_a_number, 1)), ErrorCode::invalid_argument);
  AdmissionRequest negative = request(1, 1, 1);
  negative.cpu_slots = -1;
  EXPECT_EQ(allocator.enqueue(negative), ErrorCode::invalid_argument);
  EXPECT_EQ(allocator.enqueue(request(1, 1, 1, -5)), ErrorCode::invalid_argument);
  ASSERT_TRUE(allocator.enqueue(request(1, 1, 1)).ok());
  EXPECT_EQ(allocator.enqueue(request(1, 1, 1)), ErrorCode::already_exists);
  EXPECT_EQ(allocator.release(1), ErrorCode::not_found);
  EXPECT_EQ(allocator.release(99), ErrorCode::not_found);
}

TEST(BLevels, AreTheLongestWayToTheEnd) {
  const auto levels = b_levels({{1, 2}, {3}, {3}, {}}, {1, 5, 2, 4});
  ASSERT_TRUE(levels.has_value());
  EXPECT_THAT(*levels, ElementsAre(10, 9, 6, 4));
  const auto cycle = b_levels({{1}, {0}, {}}, {1, 1, 1});
  ASSERT_TRUE(cycle.has_value());
  EXPECT_THAT(*cycle, ElementsAre(1, 1, 1));
  EXPECT_EQ(b_levels({{7}}, {1}).status(), ErrorCode::invalid_argument);
  EXPECT_EQ(b_levels({}, {1}).status(), ErrorCode::invalid_argument);
}

// A random layered graph run in simulated time. Checks at every event that nothing is handed out
// twice, and at the end that everybody ran.
struct Simulated {
  double makespan_s = 0;
  std::size_t ran = 0;
};

struct RandomGraph {
  std::vector<std::vector<std::size_t>> successors;
  std::vector<double> seconds;
  std::vector<std::size_t> memory;
};

RandomGraph random_graph(std::uint64_t seed, std::size_t steps) {
  SeededRandom random(seed);
  RandomGraph graph;
  graph.successors.resize(steps);
  for (std::size_t i = 0; i < steps; ++i) {
    graph.seconds.push_back(0.1 + 10 * std::pow(random.next_unit(), 3));
    graph.memory.push_back(1 + random.next_below(random.next_below(5) == 0 ? 90 : 20));
    for (std::uint64_t k = random.next_below(3); i > 0 && k > 0; --k) {
      const std::size_t from = i - 1 - random.next_below(std::min<std::uint64_t>(i, 12));
      auto& list = graph.successors[from];
      if (std::find(list.begin(), list.end(), i) == list.end()) list.push_back(i);
    }
  }
  return graph;
}

Simulated simulate(const RandomGraph& graph, AdmissionPolicy policy) {
  ResourceAllocatorOptions options = exact();
  options.policy = policy;
  ResourceAllocator allocator = make(options, 4, 100);
  const auto urgency = *b_levels(graph.successors, graph.seconds);
  std::vector<std::size_t> waits(graph.seconds.size(), 0);
  for (const auto& list : graph.successors) {
    for (const std::size_t next : list) ++waits[next];
  }
  const auto enqueue = [&](std::size_t i) {
    EXPECT_TRUE(allocator
                    .enqueue(request(i, urgency[i], graph.memory[i],
                                     static_cast<std::int64_t>(graph.seconds[i] * 1e9)))
                    .ok());
  };
  for (std::size_t i = 0; i < waits.size(); ++i) {
    if (waits[i] == 0) enqueue(i);
  }
  using Event = std::pair<std::int64_t, std::size_t>;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events;
  Simulated out;
  std::int64_t now_ns = 0;
  while (true) {
    for (const Admission& go : allocator.admit(now_ns)) {
      events.push({now_ns + static_cast<std::int64_t>(graph.seconds[go.id] * 1e9), go.id});
    }
    const AllocatorSnapshot seen = allocator.snapshot();
    EXPECT_LE(seen.used_memory_bytes, seen.capacity.memory_bytes);
    EXPECT_LE(seen.used_cpu_slots, seen.capacity.cpu_slots + 1e-9);
    EXPECT_EQ(seen.running, events.size());
    if (events.empty()) break;
    const auto [at_ns, done] = events.top();
    events.pop();
    now_ns = at_ns;
    EXPECT_TRUE(allocator.release(done).ok());
    ++out.ran;
    for (const std::size_t next : graph.successors[done]) {
      if (--waits[next] == 0) enqueue(next);
    }
  }
  EXPECT_EQ(allocator.snapshot().waiting, 0U);
  out.makespan_s = static_cast<double>(now_ns) / 1e9;
  return out;
}

TEST(ResourceAllocator, RunsEverybodyWithinCapacityAndIsNotSlowerThanFifo) {
  double logs = 0;
  constexpr int graphs = 40;
  for (int seed = 0; seed < graphs; ++seed) {
    const RandomGraph graph = random_graph(static_cast<std::uint64_t>(seed), 150);
    const Simulated ours = simulate(graph, AdmissionPolicy::organized);
    const Simulated fifo = simulate(graph, AdmissionPolicy::fifo);
    ASSERT_EQ(ours.ran, 150U);
    ASSERT_EQ(fifo.ran, 150U);
    logs += std::log(ours.makespan_s / fifo.makespan_s);
  }
  RecordProperty("organized_over_fifo", std::to_string(std::exp(logs / graphs)));
  EXPECT_LT(std::exp(logs / graphs), 0.95);
}

}  // namespace
}  // namespace frys
