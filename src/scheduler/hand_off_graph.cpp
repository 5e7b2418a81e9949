// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/hand_off_graph.hpp"

#include <algorithm>
#include <numeric>
#include <string>
#include <unordered_map>
#include <utility>

namespace frys::detail {
namespace {

// Without recursion: the number of agents must not bound the stack.
class Tarjan {
 public:
  explicit Tarjan(const HandOffGraph& graph)
      : graph_(graph),
        order_(graph.agents(), 0),
        low_(graph.agents(), 0),
        stacked_(graph.agents(), false) {}

  std::vector<std::vector<Agent>> run() {
    for (Agent a = 0; a < graph_.agents(); ++a) {
      if (order_[a] == 0) visit(a);
    }
    std::reverse(found_.begin(), found_.end());  // Tarjan finds sinks first.
    return std::move(found_);
  }

 private:
  struct Frame {
    Agent agent;
    Agent next;
  };

  void enter(Agent agent) {
    order_[agent] = low_[agent] = ++ticks_;
    stack_.push_back(agent);
    stacked_[agent] = true;
    frames_.push_back({agent, 0});
  }

  void leave(Agent agent) {
    if (low_[agent] != order_[agent]) return;
    std::vector<Agent> component;
    Agent member = agent;
    do {
      member = stack_.back();
      stack_.pop_back();
      stacked_[member] = false;
      component.push_back(member);
    } while (member != agent);
    std::sort(component.begin(), component.end());
    found_.push_back(std::move(component));
  }

  void visit(Agent root) {
    enter(root);
    while (!frames_.empty()) {
      Frame& frame = frames_.back();
      const Agent agent = frame.agent;
      if (frame.next < graph_.agents()) {
        const Agent next = frame.next++;
        if (graph_.count(agent, next) <= 0) continue;
        if (order_[next] == 0) {
          enter(next);
        } else if (stacked_[next]) {
          low_[agent] = std::min(low_[agent], order_[next]);
        }
        continue;
      }
      leave(agent);
      frames_.pop_back();
      if (!frames_.empty()) {
        const Agent parent = frames_.back().agent;
        low_[parent] = std::min(low_[parent], low_[agent]);
      }
    }
  }

  const HandOffGraph& graph_;
  std::vector<std::uint32_t> order_;
  std::vector<std::uint32_t> low_;
  std::vector<bool> stacked_;
  std::vector<Agent> stack_;
  std::vector<Frame> frames_;
  std::vector<std::vector<Agent>> found_;
  std::uint32_t ticks_ = 0;
};

std::vector<Agent> everyone(std::size_t agents) {
  std::vector<Agent> all(agents);
  std::iota(all.begin(), all.end(), Agent{0});
  return all;
}

std::size_t pairs_among(const HandOffGraph& graph, const std::vector<Agent>& members) {
  std::size_t pairs = 0;
  for (std::size_t i = 0; i < members.size(); ++i) {
    for (std::size_t j = i + 1; j < members.size(); ++j) {
      pairs += graph.linked(members[i], members[j]) ? 1 : 0;
    }
  }
  return pairs;
}

// Who was addressed and stayed silent passed the work on to whoever acted next.
HandOffGraph with_relays(const HandOffGraph& graph, const std::vector<Move>& moves) {
  HandOffGraph relayed = graph;
  for (std::size_t i = 0; i + 1 < moves.size(); ++i) {
    const std::int64_t silent = moves[i].to;
    const Agent next = moves[i + 1].from;
    if (silent < 0 || next == moves[i].from || next == static_cast<Agent>(silent)) continue;
    relayed.add(static_cast<Agent>(silent), next, 1);
  }
  return relayed;
}

// Beside addressed hand-offs, a word to the floor answers whoever just addressed its speaker, or
// is taken up by whoever acts next.
HandOffGraph with_replies(const HandOffGraph& graph, const std::vector<Move>& moves) {
  HandOffGraph answered = graph;
  for (std::size_t i = 0; i < moves.size(); ++i) {
    if (moves[i].to != to_floor) continue;
    const Agent speaker = moves[i].from;
    std::size_t before = i;
    while (before > 0 && moves[before - 1].from == speaker) --before;
    if (before > 0 && moves[before - 1].to == static_cast<std::int64_t>(speaker)) {
      answered.add(speaker, moves[before - 1].from, 1);
      continue;
    }
    std::size_t after = i + 1;
    while (after < moves.size() && moves[after].from == speaker) ++after;
    if (after < moves.size()) answered.add(speaker, moves[after].from, 1);
  }
  return answered;
}

}  // namespace

std::size_t HandOffGraph::pairs() const { return pairs_among(*this, everyone(agents_)); }

std::vector<std::vector<Agent>> components(const HandOffGraph& graph) {
  return Tarjan(graph).run();
}

std::optional<Star> star_of(const HandOffGraph& graph, const std::vector<Agent>& members) {
  Star best;
  for (const Agent center : members) {
    Star star{center, 0, 0};
    for (const Agent other : members) {
      if (other == center || !graph.linked(center, other)) continue;
      ++star.partners;
      star.reciprocal += graph.count(center, other) > 0 && graph.count(other, center) > 0 ? 1 : 0;
    }
    if (star.partners > best.partners) best = star;
  }
  const std::size_t pairs = pairs_among(graph, members);
  if (best.partners < 2 || 10 * best.partners < 9 * pairs) return std::nullopt;
  return best;
}

namespace {

// Takers, then givers, as one key. Nobody hands on to itself, so two with the same key never talk
// to each other either.
std::u32string neighbours(const HandOffGraph& graph, Agent agent) {
  std::u32string key;
  const auto add = [&key](Agent other) { key.push_back(static_cast<char32_t>(other)); };
  const auto n = static_cast<Agent>(graph.agents());
  for (Agent other = 0; other < n; ++other) {
    if (graph.count(agent, other) > 0) add(other);
  }
  add(n);
  for (Agent other = 0; other < n; ++other) {
    if (graph.count(other, agent) > 0) add(other);
  }
  return key;
}

}  // namespace

std::vector<std::vector<Agent>> siblings(const HandOffGraph& graph) {
  std::vector<std::vector<Agent>> alike;
  std::unordered_map<std::u32string, std::size_t> places;
  for (Agent agent = 0; agent < graph.agents(); ++agent) {
    std::u32string key = neighbours(graph, agent);
    if (key.size() == 1) continue;  // No links: beside nobody.
    const auto [at, fresh] = places.try_emplace(std::move(key), alike.size());
    if (fresh) alike.emplace_back();
    alike[at->second].push_back(agent);
  }
  std::erase_if(alike, [](const auto& set) { return set.size() < 2; });
  return alike;
}

double answering(const std::vector<Move>& moves) {
  std::size_t answered = 0;
  std::size_t total = 0;
  for (std::size_t i = 0; i + 1 < moves.size(); ++i) {
    if (moves[i].to < 0) continue;
    ++total;
    answered += moves[i].to == static_cast<std::int64_t>(moves[i + 1].from) ? 1 : 0;
  }
  return total == 0 ? 1 : static_cast<double>(answered) / static_cast<double>(total);
}

double pair_switching(const std::vector<Move>& moves, std::size_t agents) {
  std::vector<bool> met(agents * agents, false);
  std::size_t pairs = 0;
  std::size_t runs = 0;
  std::size_t last = agents * agents;
  for (const Move& move : moves) {
    if (move.to < 0) continue;
    const auto to = static_cast<std::size_t>(move.to);
    const std::size_t pair =
        std::min<std::size_t>(move.from, to) * agents + std::max<std::size_t>(move.from, to);
    pairs += met[pair] ? 0 : 1;
    met[pair] = true;
    runs += pair == last ? 0 : 1;
    last = pair;
  }
  return pairs == 0 ? 0 : static_cast<double>(runs) / static_cast<double>(pairs);
}

double round_regularity(const std::vector<Agent>& turns, std::size_t agents) {
  if (turns.size() < 2 || agents < 2) return 0;
  std::vector<Agent> rank(agents, static_cast<Agent>(agents));
  Agent next_rank = 0;
  for (const Agent agent : turns) {
    if (rank[agent] == agents) rank[agent] = next_rank++;
  }
  std::size_t repeats = 0;
  std::size_t rounds = 1;
  std::size_t regular = 1;  // The first round sets the order.
  std::size_t size = 1;
  for (std::size_t i = 1; i < turns.size(); ++i) {
    repeats += turns[i] == turns[i - 1] ? 1 : 0;
    if (rank[turns[i]] > rank[turns[i - 1]]) {
      ++size;
      continue;
    }
    // An agent in four may sit a round out.
    if (rounds > 1 && 4 * size >= 3 * static_cast<std::size_t>(next_rank)) ++regular;
    ++rounds;
    size = 1;
  }
  if (rounds > 1) ++regular;  // The last round may still be going.
  if (10 * repeats > turns.size()) return 0;
  return static_cast<double>(regular) / static_cast<double>(rounds);
}

CollaborationPattern loop_pattern(const HandOffGraph& graph, const std::vector<Agent>& members) {
  const std::size_t n = members.size();
  if (n < 2) return CollaborationPattern::solo;
  if (n == 2) return CollaborationPattern::review_loop;
  if (const auto star = star_of(graph, members); star && star->reciprocal >= 2) {
    return CollaborationPattern::hub;
  }
  std::size_t edges = 0;
  for (const Agent a : members) {
    for (const Agent b : members) edges += a != b && graph.count(a, b) > 0 ? 1 : 0;
  }
  if (10 * edges >= 6 * n * (n - 1)) return CollaborationPattern::debate;
  return 2 * edges <= 3 * n ? CollaborationPattern::review_loop : CollaborationPattern::group_chat;
}

namespace {

Verdict judge_floor(const std::vector<Agent>& turns, std::size_t agents) {
  const double regularity = round_regularity(turns, agents);
  Verdict verdict;
  verdict.members = everyone(agents);
  if (agents >= 2 && regularity >= 0.8) {
    verdict.pattern = CollaborationPattern::debate;
    verdict.clarity = turns.size() > agents ? regularity : 0.6;  // One round proves little.
  } else {
    verdict.pattern = CollaborationPattern::group_chat;
    verdict.clarity = 1 - regularity / 2;
  }
  return verdict;
}

std::optional<Verdict> judge_star(const HandOffGraph& graph, const std::vector<Move>& moves) {
  const auto star = star_of(graph, everyone(graph.agents()));
  if (!star || star->reciprocal == 0) return std::nullopt;
  // With one source and one partner it takes an agent that also works between its hand-offs to
  // tell a supervisor from two that review each other.
  const bool works_alone = std::any_of(moves.begin(), moves.end(), [&](const Move& move) {
    return move.from == star->center && move.to == to_self;
  });
  if (star->partners < 3 && star->reciprocal < 2 && !works_alone) return std::nullopt;
  Verdict verdict;
  verdict.members = everyone(graph.agents());
  verdict.center = star->center;
  const double taking_turns = answering(moves);
  if (star->partners >= 2 && star->reciprocal == star->partners && taking_turns < 0.5) {
    verdict.pattern = CollaborationPattern::scatter_gather;
    verdict.clarity = 1 - taking_turns;
  } else {
    verdict.pattern = CollaborationPattern::hub;
  }
  return verdict;
}

std::optional<Verdict> judge_siblings(const HandOffGraph& graph) {
  const auto sets = siblings(graph);
  std::size_t side_by_side = 0;
  std::size_t widest = 0;
  for (const auto& set : sets) {
    side_by_side += set.size();
    widest = std::max(widest, set.size());
  }
  if (widest < 2 || 2 * side_by_side < graph.agents()) return std::nullopt;
  Verdict verdict;
  verdict.pattern = CollaborationPattern::scatter_gather;
  verdict.clarity = static_cast<double>(side_by_side) / static_cast<double>(graph.agents() - 1);
  verdict.clarity = std::min(1.0, verdict.clarity + 0.25);
  for (const auto& set : sets) {
    if (set.size() != widest) continue;
    for (Agent giver = 0; giver < graph.agents(); ++giver) {
      if (graph.count(giver, set.front()) > 0) verdict.center = giver;
    }
    break;
  }
  return verdict;
}

}  // namespace

Verdict judge_pattern(const HandOffGraph& graph, const std::vector<Move>& moves,
                      const std::vector<Agent>& turns, double floor_messages,
                      double direct_messages) {
  const std::size_t n = graph.agents();
  if (n < 2 || floor_messages + direct_messages <= 0) return {};
  if (direct_messages < 0.25 * (floor_messages + direct_messages)) return judge_floor(turns, n);

  const HandOffGraph answered = with_replies(graph, moves);
  if (auto star = judge_star(answered, moves)) return *std::move(star);
  if (auto scatter = judge_siblings(answered)) return *std::move(scatter);

  const double switching = pair_switching(moves, n);
  if (answered.pairs() >= 3 && switching > 0 && switching <= 1.5) {
    return {CollaborationPattern::pipeline, std::nullopt, 1.75 - switching / 2 - 0.25, {}};
  }
  const HandOffGraph relayed = with_relays(answered, moves);
  for (const auto& members : components(relayed)) {
    if (members.size() < 2 || 3 * members.size() < 2 * n) continue;
    return {loop_pattern(relayed, members), std::nullopt, 1, members};
  }
  return {CollaborationPattern::pipeline, std::nullopt, n == 2 ? 0.5 : 0.9, {}};
}

}  // namespace frys::detail
