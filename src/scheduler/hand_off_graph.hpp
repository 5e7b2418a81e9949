// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The detector's view of one workflow as numbers: who handed how much to whom, in what order. And
// the questions that tell patterns apart, each a small function of that view.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "frys/scheduler/collaboration_detector.hpp"

namespace frys::detail {

using Agent = std::uint32_t;
inline constexpr std::int64_t to_floor = -1;  ///< Addressed to everyone.
inline constexpr std::int64_t to_self = -2;   ///< A turn that addresses nobody.

/// One hand-off in time: `to` is an agent, `to_floor` or `to_self`.
struct Move {
  Agent from;
  std::int64_t to;
};

/// Directed hand-offs as a matrix of message counts. Memory: 8 · agents² bytes.
class HandOffGraph {
 public:
  explicit HandOffGraph(std::size_t agents) : agents_(agents), counts_(agents * agents, 0.0) {}

  void add(Agent from, Agent to, double messages) {
    if (from != to) counts_[from * agents_ + to] += messages;
  }
  [[nodiscard]] double count(Agent from, Agent to) const { return counts_[from * agents_ + to]; }
  [[nodiscard]] bool linked(Agent a, Agent b) const { return count(a, b) > 0 || count(b, a) > 0; }
  [[nodiscard]] std::size_t agents() const { return agents_; }
  /// Unordered pairs that exchanged anything.
  [[nodiscard]] std::size_t pairs() const;

 private:
  std::size_t agents_;
  std::vector<double> counts_;
};

/// Strongly connected components in topological order, each ascending. Source: Tarjan, 1972.
std::vector<std::vector<Agent>> components(const HandOffGraph& graph);

/// An agent in the middle of a star, and how its partners relate to it.
struct Star {
  Agent center = 0;
  std::size_t partners = 0;
  std::size_t reciprocal = 0;  ///< Partners that both got and gave.
};
/// The star among `members`, when one agent is part of at least nine pairs in ten.
std::optional<Star> star_of(const HandOffGraph& graph, const std::vector<Agent>& members);

/// Sets of two or more agents that have the same givers and the same takers and do not talk to
/// each other; by first member, each ascending. Cost: O(agents²).
std::vector<std::vector<Agent>> siblings(const HandOffGraph& graph);

/// Of consecutive hand-offs, the share in which the one addressed answers next: 1 for turn taking,
/// low where one hands out to several at once.
double answering(const std::vector<Move>& moves);

/// Runs of hand-offs inside one pair, divided by pairs: near 1 when pairs work one after the other
/// and are done, large when work keeps moving between pairs. 0 without pairs.
double pair_switching(const std::vector<Move>& moves, std::size_t agents);

/// How far turns on a shared floor go round in a fixed order: the share of rounds that keep to it,
/// 0 when somebody speaks twice in a row more than now and then.
double round_regularity(const std::vector<Agent>& turns, std::size_t agents);

/// The pattern of agents that reach each other (two or more).
CollaborationPattern loop_pattern(const HandOffGraph& graph, const std::vector<Agent>& members);

/// The whole workflow's pattern, and the agents that it is about.
struct Verdict {
  CollaborationPattern pattern = CollaborationPattern::solo;
  std::optional<Agent> center;
  double clarity = 1;          ///< How unambiguous the evidence is, whatever its amount.
  std::vector<Agent> members;  ///< Agents that form one group for this reason; empty: none.
};

/// `floor_messages` and `direct_messages` count everything that was ever observed; `moves` and
/// `turns` are the latest. Cost: O(agents² + moves + turns).
Verdict judge_pattern(const HandOffGraph& graph, const std::vector<Move>& moves,
                      const std::vector<Agent>& turns, double floor_messages,
                      double direct_messages);

}  // namespace frys::detail
