// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/next_agent.hpp"

#include <array>
#include <cstddef>
#include <unordered_map>

namespace frys::detail {
namespace {

constexpr std::int64_t nobody = -1;

// Each expert names one agent, or nobody.
enum Expert : std::size_t {
  follower_1,  // Who followed this agent last time.
  follower_2,  // Who followed the last two turns last time.
  follower_3,  // Who followed the last three turns last time.
  frequent_1,  // Who followed this agent most often.
  addressed,   // Whoever was just handed something.
  returning,   // Whoever acted before this agent.
  in_turn,     // Who comes after this agent in order of first appearance, round and round.
  busiest,     // Who acted most often, this agent apart.
  experts
};

// What an expert is trusted with before it has been seen to be right or wrong: a longer context
// is rarer and, where there is one, better.
constexpr std::array<double, experts> prior_accuracy = {0.50, 0.62, 0.66, 0.52,
                                                        0.50, 0.45, 0.25, 0.40};
constexpr double prior_weight = 4;
constexpr double decay = 0.95;

struct Turn {
  Agent agent;
  std::int64_t addressed;
};

std::uint64_t join(std::uint64_t context, Agent agent) noexcept {
  return (context << 20) | (agent + 1);  // At most 4096 agents: three fit.
}

class NextAgentModel {
 public:
  explicit NextAgentModel(std::size_t agents) : acted_(agents, 0), appeared_(agents, nobody) {}

  void turn(const Turn& turn) {
    if (turns_ > 0) learn(turn.agent);
    if (appeared_[turn.agent] == nobody) {
      appeared_[turn.agent] = static_cast<std::int64_t>(order_.size());
      order_.push_back(turn.agent);
    }
    ++acted_[turn.agent];
    third_ = second_;
    second_ = last_;
    last_ = turn.agent;
    addressed_ = turn.addressed;
    ++turns_;
  }

  // Later moves inside one turn only change who was addressed.
  void address(std::int64_t to) { addressed_ = to; }
  [[nodiscard]] std::int64_t last() const { return last_; }

  [[nodiscard]] std::vector<double> probabilities() const {
    std::vector<double> votes(acted_.size(), 0.0);
    double total = 0;
    const auto give = [&](std::int64_t agent, double weight) {
      if (agent < 0 || agent == last_) return;
      votes[static_cast<std::size_t>(agent)] += weight;
      total += weight;
    };
    const auto named = advice();
    for (std::size_t e = 0; e < experts; ++e) give(named[e], weight(e));
    for (const Agent agent : order_) give(agent, 1e-3);  // Nobody is impossible.
    if (total > 0) {
      for (double& vote : votes) vote /= total;
    }
    return votes;
  }

 private:
  [[nodiscard]] double weight(std::size_t expert) const {
    const double accuracy =
        (right_[expert] + prior_accuracy[expert] * prior_weight) / (asked_[expert] + prior_weight);
    return accuracy * accuracy * accuracy;  // The best expert should not be shouted down.
  }

  [[nodiscard]] std::array<std::uint64_t, 3> contexts() const {
    const std::uint64_t one = join(0, static_cast<Agent>(last_));
    const std::uint64_t two = second_ < 0 ? 0 : join(one, static_cast<Agent>(second_));
    const std::uint64_t three = third_ < 0 ? 0 : join(two, static_cast<Agent>(third_));
    return {one, two, three};
  }

  [[nodiscard]] std::array<std::int64_t, experts> advice() const {
    std::array<std::int64_t, experts> named;
    named.fill(nobody);
    const auto context = contexts();
    for (std::size_t k = 0; k < 3; ++k) {
      const auto at = followers_.find(context[k]);
      if (context[k] != 0 && at != followers_.end()) named[follower_1 + k] = at->second;
    }
    if (const auto at = best_.find(context[0]); at != best_.end()) {
      named[frequent_1] = at->second.agent;
    }
    if (addressed_ >= 0) named[addressed] = addressed_;
    named[returning] = second_;
    const auto place = static_cast<std::size_t>(appeared_[static_cast<std::size_t>(last_)]);
    if (order_.size() > 1) named[in_turn] = order_[(place + 1) % order_.size()];
    std::uint64_t most = 0;
    for (const Agent agent : order_) {
      if (agent == last_ || acted_[agent] <= most) continue;
      most = acted_[agent];
      named[busiest] = agent;
    }
    return named;
  }

  void learn(Agent next) {
    const auto named = advice();
    for (std::size_t e = 0; e < experts; ++e) {
      if (named[e] < 0) continue;
      right_[e] = right_[e] * decay + (named[e] == static_cast<std::int64_t>(next) ? 1 : 0);
      asked_[e] = asked_[e] * decay + 1;
    }
    const auto context = contexts();
    for (const std::uint64_t c : context) {
      if (c != 0) followers_[c] = next;
    }
    Best& best = best_[context[0]];
    const std::uint64_t count = ++counts_[join(context[0], next)];
    if (count >= best.count) best = {next, count};
  }

  struct Best {
    Agent agent = 0;
    std::uint64_t count = 0;
  };
  std::unordered_map<std::uint64_t, Agent> followers_;
  std::unordered_map<std::uint64_t, Best> best_;
  std::unordered_map<std::uint64_t, std::uint64_t> counts_;
  std::vector<std::uint64_t> acted_;
  std::vector<std::int64_t> appeared_;
  std::vector<Agent> order_;
  std::array<double, experts> right_{};
  std::array<double, experts> asked_{};
  std::int64_t last_ = nobody;
  std::int64_t second_ = nobody;
  std::int64_t third_ = nobody;
  std::int64_t addressed_ = nobody;
  std::uint64_t turns_ = 0;
};

}  // namespace

std::vector<double> next_agent_probabilities(const std::vector<Move>& moves, std::size_t agents) {
  if (moves.empty()) return {};
  NextAgentModel model(agents);
  for (const Move& move : moves) {
    if (model.last() == static_cast<std::int64_t>(move.from)) {
      if (move.to >= 0) model.address(move.to);
    } else {
      model.turn({move.from, move.to});
    }
  }
  return model.probabilities();
}

}  // namespace frys::detail
