// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tools/collaboration_score.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

namespace frys::tools {
namespace {

constexpr std::size_t long_moves = 4;
constexpr std::size_t features = 7;
using Features = std::array<double, features>;

// Simple counts, on a logarithmic scale: what the nearest neighbour goes by.
Features count_features(const LoggedTrace& trace) {
  std::set<std::string> agents;
  std::set<std::pair<std::string, std::string>> edges;
  double floor = 0;
  double alone = 0;
  double repeats = 0;
  std::string_view last;
  for (const LoggedMove& move : trace.moves) {
    agents.insert(move.from);
    repeats += move.from == last ? 1 : 0;
    last = move.from;
    if (move.to.empty()) {
      ++floor;
    } else if (move.to == move.from) {
      ++alone;
    } else {
      agents.insert(move.to);
      edges.insert({move.from, move.to});
    }
  }
  double reciprocal = 0;
  for (const auto& [from, to] : edges) reciprocal += edges.contains({to, from}) ? 1 : 0;
  Features out = {static_cast<double>(trace.moves.size()),
                  static_cast<double>(agents.size()),
                  static_cast<double>(edges.size()),
                  reciprocal,
                  floor,
                  alone,
                  repeats};
  for (double& value : out) value = std::log1p(value);
  return out;
}

struct Example {
  Features features;
  std::size_t dataset;
  std::optional<CollaborationPattern> pattern;
};

Features spread_of(const std::vector<Example>& examples) {
  Features mean{};
  Features squares{};
  const auto n = static_cast<double>(std::max<std::size_t>(1, examples.size()));
  for (const Example& e : examples) {
    for (std::size_t f = 0; f < features; ++f) mean[f] += e.features[f] / n;
  }
  for (const Example& e : examples) {
    for (std::size_t f = 0; f < features; ++f) {
      squares[f] += (e.features[f] - mean[f]) * (e.features[f] - mean[f]) / n;
    }
  }
  for (double& value : squares) value = value > 0 ? std::sqrt(value) : 1;
  return squares;
}

// The pattern of the closest labelled example that `usable` admits.
template <typename Usable>
std::optional<CollaborationPattern> nearest(const std::vector<Example>& examples,
                                            const Features& spread, const Features& query,
                                            Usable usable) {
  std::optional<CollaborationPattern> best;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < examples.size(); ++i) {
    if (!examples[i].pattern || !usable(i)) continue;
    double distance = 0;
    for (std::size_t f = 0; f < features; ++f) {
      const double apart = (examples[i].features[f] - query[f]) / spread[f];
      distance += apart * apart;
    }
    if (distance < least) {
      least = distance;
      best = examples[i].pattern;
    }
  }
  return best;
}

void note(Share& share, bool right) {
  ++share.total;
  share.right += right ? 1 : 0;
}

HandOff hand_off_of(const LoggedMove& move) {
  HandOff out;
  out.from = move.from;
  out.to = move.to;
  out.bytes = move.bytes;
  return out;
}

// Feeds one trace to a detector, asking before each change of agent who will be next.
std::optional<CollaborationPattern> observe_trace(const LoggedTrace& trace, DatasetScore& score) {
  CollaborationDetector detector;
  std::map<std::string_view, std::string_view> follower;
  std::string_view last;
  std::string_view before_last;
  for (const LoggedMove& move : trace.moves) {
    if (!last.empty() && move.from != last) {
      const auto likely = detector.predict_next(1, 3);
      note(score.next_right, !likely.empty() && likely[0].agent == move.from);
      note(score.next_top3, std::any_of(likely.begin(), likely.end(), [&](const NextAgent& next) {
             return next.agent == move.from;
           }));
      const auto known = follower.find(last);
      note(score.next_neighbour,
           (known != follower.end() ? known->second : before_last) == move.from);
      follower[last] = move.from;
    }
    if (move.from != last) before_last = last;
    last = move.from;
    if (!detector.observe(1, hand_off_of(move)).ok()) return std::nullopt;
  }
  const auto seen = detector.detect(1);
  if (!seen) return std::nullopt;
  return seen->pattern;
}

}  // namespace

std::vector<DatasetScore> score_collaboration(const std::vector<LoggedTrace>& traces) {
  std::vector<DatasetScore> scores;
  std::vector<Example> examples;
  for (const LoggedTrace& trace : traces) {
    auto at = std::find_if(scores.begin(), scores.end(),
                           [&](const DatasetScore& s) { return s.dataset == trace.dataset; });
    if (at == scores.end()) {
      at = scores.emplace(scores.end());
      at->dataset = trace.dataset;
    }
    examples.push_back({count_features(trace), static_cast<std::size_t>(at - scores.begin()),
                        pattern_of_label(trace.label)});
  }
  const Features spread = spread_of(examples);
  for (std::size_t i = 0; i < traces.size(); ++i) {
    const Example& example = examples[i];
    DatasetScore& score = scores[example.dataset];
    ++score.traces;
    const auto seen = observe_trace(traces[i], score);
    if (!example.pattern) continue;
    score.pattern = to_string(*example.pattern);
    const auto elsewhere = nearest(examples, spread, example.features, [&](std::size_t other) {
      return examples[other].dataset != example.dataset;
    });
    const auto anywhere =
        nearest(examples, spread, example.features, [&](std::size_t other) { return other != i; });
    note(score.pattern_right, seen == example.pattern);
    note(score.pattern_neighbour, elsewhere == example.pattern);
    note(score.pattern_neighbour_same, anywhere == example.pattern);
    if (traces[i].moves.size() < long_moves) continue;
    note(score.long_right, seen == example.pattern);
    note(score.long_neighbour, elsewhere == example.pattern);
    note(score.long_neighbour_same, anywhere == example.pattern);
  }
  return scores;
}

double mean_over_datasets(const std::vector<DatasetScore>& scores, Share DatasetScore::* share) {
  double sum = 0;
  double count = 0;
  for (const DatasetScore& score : scores) {
    if ((score.*share).total == 0) continue;
    sum += (score.*share).value();
    ++count;
  }
  return count > 0 ? sum / count : 0;
}

}  // namespace frys::tools
