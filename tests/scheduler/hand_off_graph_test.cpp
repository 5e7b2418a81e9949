// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/hand_off_graph.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "frys/core/random.hpp"
#include "scheduler/next_agent.hpp"

namespace frys::detail {
namespace {

using ::testing::ElementsAre;

// Reachability by Warshall's algorithm: slow, and plain enough to trust.
std::vector<std::vector<bool>> reachable(const HandOffGraph& graph) {
  const auto n = static_cast<Agent>(graph.agents());
  std::vector<std::vector<bool>> reach(n, std::vector<bool>(n, false));
  for (Agent a = 0; a < n; ++a) {
    for (Agent b = 0; b < n; ++b) reach[a][b] = a == b || graph.count(a, b) > 0;
  }
  for (Agent via = 0; via < n; ++via) {
    for (Agent a = 0; a < n; ++a) {
      for (Agent b = 0; b < n; ++b) reach[a][b] = reach[a][b] || (reach[a][via] && reach[via][b]);
    }
  }
  return reach;
}

TEST(HandOffGraph, ComponentsAreWhatReachesEachOtherInOrderOfWork) {
  SeededRandom random(11);
  for (int round = 0; round < 300; ++round) {
    const auto n = static_cast<Agent>(1 + random.next_below(9));
    HandOffGraph graph(n);
    for (std::uint64_t edges = random.next_below(2 * n + 1); edges > 0; --edges) {
      graph.add(static_cast<Agent>(random.next_below(n)), static_cast<Agent>(random.next_below(n)),
                1);
    }
    const auto reach = reachable(graph);
    const auto found = components(graph);
    std::vector<std::size_t> place(n, found.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      for (const Agent member : found[i]) place[member] = i;
    }
    for (Agent a = 0; a < n; ++a) {
      ASSERT_LT(place[a], found.size());
      for (Agent b = 0; b < n; ++b) {
        ASSERT_EQ(place[a] == place[b], reach[a][b] && reach[b][a]);
        if (reach[a][b]) {
          ASSERT_LE(place[a], place[b]);
        }
      }
    }
  }
}

TEST(HandOffGraph, ComponentsOfALongChainNeedNoDeepStack) {
  constexpr Agent n = 2000;
  HandOffGraph graph(n);
  for (Agent a = 0; a + 1 < n; ++a) graph.add(a, a + 1, 1);
  EXPECT_EQ(components(graph).size(), n);
  graph.add(n - 1, 0, 1);
  EXPECT_EQ(components(graph).size(), 1U);
}

TEST(HandOffGraph, SiblingsHaveTheSameGiversAndTakersAndDoNotTalk) {
  HandOffGraph graph(5);
  for (const Agent worker : {1, 2, 3}) {
    graph.add(0, worker, 1);
    graph.add(worker, 4, 1);
  }
  EXPECT_THAT(siblings(graph), ElementsAre(ElementsAre(1, 2, 3)));
  graph.add(2, 3, 1);
  EXPECT_THAT(siblings(graph), ::testing::IsEmpty());
}

// Pair by pair and link by link, as siblings are defined.
std::vector<std::vector<Agent>> siblings_by_definition(const HandOffGraph& graph) {
  const auto n = static_cast<Agent>(graph.agents());
  const auto alike = [&](Agent a, Agent b) {
    bool any = false;
    for (Agent c = 0; c < n; ++c) {
      if ((graph.count(c, a) > 0) != (graph.count(c, b) > 0)) return false;
      if ((graph.count(a, c) > 0) != (graph.count(b, c) > 0)) return false;
      any = any || graph.linked(a, c);
    }
    return any && !graph.linked(a, b);
  };
  std::vector<std::vector<Agent>> sets;
  std::vector<bool> taken(n, false);
  for (Agent a = 0; a < n; ++a) {
    std::vector<Agent> set = {a};
    for (Agent b = a + 1; b < n; ++b) {
      if (!taken[a] && !taken[b] && alike(a, b)) set.push_back(b);
    }
    if (set.size() < 2) continue;
    for (const Agent member : set) taken[member] = true;
    sets.push_back(std::move(set));
  }
  return sets;
}

TEST(HandOffGraph, SiblingsAreFoundAsTheyAreDefined) {
  SeededRandom random(12);
  std::size_t found = 0;
  for (int round = 0; round < 500; ++round) {
    const auto n = static_cast<Agent>(2 + random.next_below(8));
    HandOffGraph graph(n);
    for (std::uint64_t edges = random.next_below(n + 1); edges > 0; --edges) {
      graph.add(static_cast<Agent>(random.next_below(n)), static_cast<Agent>(random.next_below(n)),
                1);
    }
    const auto sets = siblings(graph);
    ASSERT_EQ(sets, siblings_by_definition(graph));
    found += sets.size();
  }
  EXPECT_GT(found, 50U);
}

TEST(HandOffGraph, RoundsAreRegularUntilSomebodyJumpsTheQueue) {
  EXPECT_EQ(round_regularity({0, 1, 2, 0, 1, 2, 0}, 3), 1);
  EXPECT_EQ(round_regularity({0, 1, 2, 3, 0, 1, 3, 0, 1, 2, 3}, 4), 1);  // One sat a round out.
  EXPECT_LT(round_regularity({0, 1, 2, 1, 2, 1, 2, 1, 2}, 3), 0.8);
  EXPECT_EQ(round_regularity({0, 0, 1, 1, 2, 2}, 3), 0);
  EXPECT_EQ(round_regularity({0}, 1), 0);
}

TEST(NextAgent, AnExpertThatIsAlwaysWrongIsNoLongerHeard) {
  // The one addressed (1) never acts; who acts after 0 is 2, and after 2 whoever it addressed.
  std::vector<Move> moves;
  for (int i = 0; i < 8; ++i) {
    moves.push_back({0, 1});
    moves.push_back({2, 0});
  }
  moves.push_back({0, 1});
  const auto likely = next_agent_probabilities(moves, 3);
  EXPECT_GT(likely[2], 0.95);
  EXPECT_LT(likely[1], 0.05);
  EXPECT_EQ(likely[0], 0);
  EXPECT_TRUE(next_agent_probabilities({}, 3).empty());
}

}  // namespace
}  // namespace frys::detail
