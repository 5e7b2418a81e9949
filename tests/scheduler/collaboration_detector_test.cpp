// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/scheduler/collaboration_detector.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace frys {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Moves = std::vector<std::pair<std::string, std::string>>;  // "" is everyone.

void feed(CollaborationDetector& detector, std::uint64_t workflow, const Moves& moves) {
  std::int64_t now_ns = 0;
  for (const auto& [from, to] : moves) {
    HandOff hand_off;
    hand_off.from = from;
    hand_off.to = to;
    hand_off.bytes = 100;
    hand_off.time_ns = ++now_ns;
    ASSERT_TRUE(detector.observe(workflow, hand_off).ok());
  }
}

CollaborationGraph seen(const Moves& moves) {
  CollaborationDetector detector;
  feed(detector, 1, moves);
  auto graph = detector.detect(1);
  EXPECT_TRUE(graph.has_value());
  return graph ? *graph : CollaborationGraph{};
}

Moves repeat(const Moves& moves, int times) {
  Moves out;
  for (int i = 0; i < times; ++i) out.insert(out.end(), moves.begin(), moves.end());
  return out;
}

TEST(CollaborationDetector, Solo) {
  CollaborationDetector detector;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(detector.observe_turn(1, "writer").ok());
  const auto graph = detector.detect(1);
  ASSERT_TRUE(graph.has_value());
  EXPECT_EQ(graph->pattern, CollaborationPattern::solo);
  EXPECT_THAT(graph->edges, IsEmpty());
  ASSERT_EQ(graph->groups.size(), 1U);
}

TEST(CollaborationDetector, Pipeline) {
  const auto graph = seen({{"scout", "reader"}, {"reader", "analyst"}, {"analyst", "reporter"}});
  EXPECT_EQ(graph.pattern, CollaborationPattern::pipeline);
  ASSERT_EQ(graph.groups.size(), 4U);  // In order of work.
  EXPECT_THAT(graph.groups[0].agents, ElementsAre("scout"));
  EXPECT_THAT(graph.groups[3].agents, ElementsAre("reporter"));
}

TEST(CollaborationDetector, PipelineOfDialogues) {
  Moves moves = {{"product", "chief"}, {"product", "chief"}, {"tech", "chief"}, {"coder", "tech"}};
  for (int i = 0; i < 4; ++i) {
    moves.push_back({"reviewer", "coder"});
    moves.push_back({"coder", "reviewer"});
  }
  moves.push_back({"coder", "tester"});
  moves.push_back({"chief", "counsel"});
  const auto graph = seen(moves);
  EXPECT_EQ(graph.pattern, CollaborationPattern::pipeline);
  bool review = false;
  for (const CollaborationGroup& group : graph.groups) {
    if (group.pattern != CollaborationPattern::review_loop) continue;
    review = true;
    EXPECT_THAT(group.agents, UnorderedElementsAre("coder", "reviewer"));
  }
  EXPECT_TRUE(review);
}

TEST(CollaborationDetector, ScatterAndGather) {
  Moves moves;
  for (const char* worker : {"a", "b", "c", "d"}) moves.push_back({"split", worker});
  for (const char* worker : {"a", "b", "c", "d"}) moves.push_back({worker, "join"});
  const auto graph = seen(moves);
  EXPECT_EQ(graph.pattern, CollaborationPattern::scatter_gather);
  ASSERT_EQ(graph.groups.size(), 3U);
  EXPECT_THAT(graph.groups[1].agents, UnorderedElementsAre("a", "b", "c", "d"));
  EXPECT_EQ(graph.groups[1].pattern, CollaborationPattern::scatter_gather);
  EXPECT_EQ(graph.groups[1].center, "split");
}

TEST(CollaborationDetector, ScatterThatIsGatheredByTheOneWhoHandedOut) {
  Moves moves;
  for (const char* worker : {"a", "b", "c"}) moves.push_back({"lead", worker});
  for (const char* worker : {"a", "b", "c"}) moves.push_back({worker, "lead"});
  EXPECT_EQ(seen(moves).pattern, CollaborationPattern::scatter_gather);
}

TEST(CollaborationDetector, Hub) {
  const Moves around = {{"boss", "web"},  {"web", "boss"},  {"boss", "file"},
                        {"file", "boss"}, {"boss", "code"}, {"code", "boss"}};
  const auto graph = seen(repeat(around, 3));
  EXPECT_EQ(graph.pattern, CollaborationPattern::hub);
  ASSERT_EQ(graph.groups.size(), 1U);
  EXPECT_EQ(graph.groups[0].center, "boss");
  EXPECT_GT(graph.confidence, 0.8);
}

TEST(CollaborationDetector, HubWhosePartnersAnswerOnTheFloor) {
  const Moves around = {{"boss", "boss"}, {"boss", "web"}, {"web", ""}};
  Moves moves = {{"human", ""}};
  for (const auto& move : repeat(around, 4)) moves.push_back(move);
  const auto graph = seen(moves);
  EXPECT_EQ(graph.pattern, CollaborationPattern::hub);
  EXPECT_EQ(graph.groups[0].center, "boss");
}

TEST(CollaborationDetector, ReviewLoop) {
  EXPECT_EQ(seen(repeat({{"writer", "critic"}, {"critic", "writer"}}, 3)).pattern,
            CollaborationPattern::review_loop);
  // Reflection: whom the judge tells acts next, without a recorded hand-off.
  EXPECT_EQ(seen(repeat({{"actor", "judge"}, {"reflection", "actor"}}, 3)).pattern,
            CollaborationPattern::review_loop);
}

TEST(CollaborationDetector, ALoopInsideAPipelineIsAGroupOfItsOwn) {
  Moves moves = {{"scout", "reader"}, {"reader", "analyst"}};
  for (int i = 0; i < 3; ++i) {
    moves.push_back({"analyst", "critic"});
    moves.push_back({"critic", "analyst"});
  }
  moves.push_back({"critic", "reporter"});
  const auto graph = seen(moves);
  EXPECT_EQ(graph.pattern, CollaborationPattern::pipeline);
  ASSERT_EQ(graph.groups.size(), 4U);
  EXPECT_THAT(graph.groups[2].agents, ElementsAre("analyst", "critic"));
  EXPECT_EQ(graph.groups[2].pattern, CollaborationPattern::review_loop);
}

TEST(CollaborationDetector, DebateOnTheFloorAndAsAMesh) {
  EXPECT_EQ(seen(repeat({{"a", ""}, {"b", ""}, {"c", ""}}, 3)).pattern,
            CollaborationPattern::debate);
  Moves mesh;
  for (const char* from : {"a", "b", "c", "d"}) {
    for (const char* to : {"a", "b", "c", "d"}) {
      if (std::string(from) != to) mesh.push_back({from, to});
    }
  }
  EXPECT_EQ(seen(repeat(mesh, 2)).pattern, CollaborationPattern::debate);
}

TEST(CollaborationDetector, GroupChat) {
  Moves moves;
  for (const char* speaker : {"a", "b", "c", "d", "c", "a", "c", "c", "d", "b", "b", "a"}) {
    moves.push_back({speaker, ""});
  }
  EXPECT_EQ(seen(moves).pattern, CollaborationPattern::group_chat);
}

TEST(CollaborationDetector, EveryAgentIsInExactlyOneGroup) {
  Moves moves = {{"s", "a"}, {"s", "b"}, {"a", "x"}, {"b", "x"},
                 {"x", "y"}, {"y", "x"}, {"x", "z"}, {"q", "r"}};
  const auto graph = seen(moves);
  std::vector<std::string> grouped;
  for (const CollaborationGroup& group : graph.groups) {
    EXPECT_FALSE(group.agents.empty());
    grouped.insert(grouped.end(), group.agents.begin(), group.agents.end());
  }
  EXPECT_THAT(grouped, ::testing::UnorderedElementsAreArray(graph.agents));
}

TEST(CollaborationDetector, EdgesAddUp) {
  CollaborationDetector detector;
  for (int i = 1; i <= 3; ++i) {
    HandOff hand_off;
    hand_off.from = "a";
    hand_off.to = "b";
    hand_off.bytes = 10;
    hand_off.messages = 2;
    hand_off.time_ns = i * 5;
    ASSERT_TRUE(detector.observe(9, hand_off).ok());
  }
  const auto graph = detector.detect(9);
  ASSERT_TRUE(graph.has_value());
  ASSERT_EQ(graph->edges.size(), 1U);
  EXPECT_EQ(graph->edges[0].bytes, 30U);
  EXPECT_EQ(graph->edges[0].messages, 6U);
  EXPECT_EQ(graph->edges[0].first_ns, 5);
  EXPECT_EQ(graph->edges[0].last_ns, 15);
  EXPECT_EQ(graph->hand_offs, 3U);
  const std::string json = graph->to_json();
  EXPECT_THAT(json, HasSubstr("\"from\": \"a\", \"to\": \"b\", \"bytes\": 30, \"messages\": 6"));
  EXPECT_THAT(json, HasSubstr("\"pattern\": \"pipeline\""));
}

TEST(CollaborationDetector, ForeseesTheNextAgent) {
  CollaborationDetector detector;
  EXPECT_THAT(detector.predict_next(1), IsEmpty());
  feed(detector, 1, repeat({{"a", "b"}, {"b", "c"}, {"c", "a"}}, 3));
  auto next = detector.predict_next(1);
  ASSERT_FALSE(next.empty());
  EXPECT_EQ(next[0].agent, "a");
  double total = 0;
  for (const NextAgent& agent : next) {
    EXPECT_NE(agent.agent, "c");  // Who acted last is not next.
    total += agent.probability;
  }
  EXPECT_NEAR(total, 1, 1e-9);
  EXPECT_EQ(detector.predict_next(1, 1).size(), 1U);

  // A context of two turns tells what one turn cannot: after a comes b or c in turn.
  feed(detector, 2, repeat({{"a", ""}, {"b", ""}, {"a", ""}, {"c", ""}}, 5));
  feed(detector, 2, {{"a", ""}});
  EXPECT_EQ(detector.predict_next(2)[0].agent, "b");
}

TEST(CollaborationDetector, ReportedTurnsReplaceTheOrderOfHandOffs) {
  CollaborationDetector detector;
  feed(detector, 1, {{"x", "y"}, {"x", "z"}});
  for (const char* agent : {"x", "y", "x", "y", "x"}) {
    ASSERT_TRUE(detector.observe_turn(1, agent).ok());
  }
  EXPECT_EQ(detector.predict_next(1)[0].agent, "y");
}

TEST(CollaborationDetector, ForgetsWhatItIsToldToAndTheLongestUnused) {
  CollaborationDetectorOptions options;
  options.max_workflows = 2;
  CollaborationDetector detector(options);
  feed(detector, 1, {{"a", "b"}});
  feed(detector, 2, {{"a", "b"}});
  feed(detector, 1, {{"a", "b"}});
  feed(detector, 3, {{"a", "b"}});
  EXPECT_TRUE(detector.detect(1).has_value());
  EXPECT_EQ(detector.detect(2).status(), ErrorCode::not_found);
  EXPECT_TRUE(detector.forget(3));
  EXPECT_FALSE(detector.forget(3));
  EXPECT_EQ(detector.detect(3).status(), ErrorCode::not_found);
}

TEST(CollaborationDetector, ManyAgentsShareAName) {
  CollaborationDetectorOptions options;
  options.max_agents = 8;
  CollaborationDetector detector(options);
  for (int i = 0; i < 100; ++i) {
    HandOff hand_off;
    const std::string from = "agent" + std::to_string(i);
    const std::string to = "agent" + std::to_string(i + 1);
    hand_off.from = from;
    hand_off.to = to;
    ASSERT_TRUE(detector.observe(1, hand_off).ok());
  }
  const auto graph = detector.detect(1);
  ASSERT_TRUE(graph.has_value());
  EXPECT_LE(graph->agents.size(), 8U);
  EXPECT_THAT(graph->agents, ::testing::Contains("(others)"));
}

TEST(CollaborationDetector, RefusesNamelessAgents) {
  CollaborationDetector detector;
  EXPECT_EQ(detector.observe(1, HandOff{}), ErrorCode::invalid_argument);
  EXPECT_EQ(detector.observe_turn(1, ""), ErrorCode::invalid_argument);
  EXPECT_EQ(detector.detect(1).status(), ErrorCode::not_found);
}

TEST(CollaborationDetector, LongRunsStayBounded) {
  CollaborationDetectorOptions options;
  options.max_turns = 32;
  CollaborationDetector detector(options);
  feed(detector, 1, repeat({{"a", "b"}, {"b", "a"}}, 5000));
  const auto graph = detector.detect(1);
  ASSERT_TRUE(graph.has_value());
  EXPECT_EQ(graph->pattern, CollaborationPattern::review_loop);
  EXPECT_EQ(graph->hand_offs, 10000U);
  EXPECT_EQ(detector.predict_next(1)[0].agent, "a");
}

}  // namespace
}  // namespace frys
