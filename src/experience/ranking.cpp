// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/ranking.hpp"

#include <algorithm>
#include <cmath>

namespace frys::detail {
namespace {

constexpr std::size_t max_k = 10'000;
constexpr std::size_t max_effort = 65'536;
constexpr std::size_t min_effort = 64;

Status invalid(const std::string& what) {
  return Status(ErrorCode::invalid_argument, "find_similar: " + what);
}

bool is_share(double value) noexcept { return value >= 0 && value <= 1; }

Status check_vector(const SimilarityQuery& query, std::size_t dimension) {
  if (query.vector.size() != dimension) {
    return invalid(
        "vector has " + std::to_string(query.vector.size()) + " floats, " +
        (query.space.empty() ? "the store's" : "those of space \"" + query.space + "\"") +
        " have " + std::to_string(dimension));
  }
  bool zero = true;
  for (std::size_t i = 0; i < query.vector.size(); ++i) {
    if (!std::isfinite(query.vector[i])) {
      return invalid("vector[" + std::to_string(i) + "] is not a finite number");
    }
    zero = zero && query.vector[i] == 0;
  }
  return zero ? invalid("vector is all zeros: it resembles nothing; give one with a direction")
              : Status();
}

double outcome_value(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::success:
      return 1;
    case Outcome::partial:
      return 0.5;
    case Outcome::failure:
      return 0;
  }
  return 0;
}

double outcome_factor(const SimilarityQuery& query, const Attributes& a) noexcept {
  return 1 - query.outcome_weight * (1 - outcome_value(a.outcome));
}

double recency_factor(const SimilarityQuery& query, const Attributes& a, std::int64_t now_ns) {
  if (query.recency_weight == 0) return 1;
  const std::int64_t then_ns = a.started_at_ns != 0 ? a.started_at_ns : a.stored_at_ns;
  const double age = std::max(0.0, static_cast<double>(now_ns) - static_cast<double>(then_ns));
  const double half_lives = age / static_cast<double>(query.recency_half_life_ns);
  return 1 - query.recency_weight * (1 - std::exp2(-half_lives));
}

/// What sorting moves: a Match is thirty times its size.
struct Scored {
  double score;
  Neighbour candidate;
};

bool better(const Scored& a, const Scored& b) noexcept {
  return a.score != b.score ? a.score > b.score : nearer(a.candidate, b.candidate);
}

/// Everything of a match but the experience itself.
Match explain(const SimilarityQuery& query, const Neighbour& candidate, const Attributes& a,
              std::int64_t now_ns) {
  Match match;
  match.id = a.id;
  match.similarity = std::clamp(static_cast<double>(candidate.similarity), -1.0, 1.0);
  match.outcome_factor = outcome_factor(query, a);
  match.recency_factor = recency_factor(query, a, now_ns);
  match.score = std::max(0.0, match.similarity) * match.outcome_factor * match.recency_factor;
  match.outcome = a.outcome;
  match.reward = a.reward;
  match.started_at_ns = a.started_at_ns;
  match.uses = a.uses;
  match.sequence = a.sequence;
  return match;
}

}  // namespace

Status check_query(const SimilarityQuery& query, std::size_t dimension) {
  if (query.text.empty() && query.vector.empty()) {
    return invalid("the query is empty; give text or vector");
  }
  if (!query.text.empty() && !query.vector.empty()) {
    return invalid("both text and vector are given; give one");
  }
  if (query.k == 0 || query.k > max_k) {
    return invalid("k is " + std::to_string(query.k) + "; give 1 to " + std::to_string(max_k));
  }
  if (query.effort > max_effort) {
    return invalid("effort is " + std::to_string(query.effort) + "; give at most " +
                   std::to_string(max_effort));
  }
  if (!is_share(query.outcome_weight)) return invalid("outcome_weight is not within 0 to 1");
  if (!is_share(query.recency_weight)) return invalid("recency_weight is not within 0 to 1");
  if (query.recency_half_life_ns <= 0) {
    return invalid("recency_half_life_ns is " + std::to_string(query.recency_half_life_ns) +
                   "; give a positive duration");
  }
  if (!std::isfinite(query.minimum_score)) return invalid("minimum_score is not a finite number");
  return query.vector.empty() ? Status() : check_vector(query, dimension);
}

std::size_t candidates_wanted(const SimilarityQuery& query) noexcept {
  if (query.outcome_weight == 0 && query.recency_weight == 0) return query.k;
  return std::max({query.effort, 2 * query.k, min_effort});
}

std::vector<Match> rank_matches(const SimilarityQuery& query, std::span<const Neighbour> candidates,
                                const AttributeTable& attributes, std::int64_t now_ns) {
  std::vector<Scored> scored;
  scored.reserve(candidates.size());
  for (const Neighbour& candidate : candidates) {
    const Attributes& a = attributes.row(candidate.ordinal);
    const double similarity = std::clamp(static_cast<double>(candidate.similarity), 0.0, 1.0);
    const double score = similarity * outcome_factor(query, a) * recency_factor(query, a, now_ns);
    if (score >= query.minimum_score) scored.push_back({score, candidate});
  }
  const std::size_t wanted = std::min(query.k, scored.size());
  std::partial_sort(scored.begin(), scored.begin() + static_cast<std::ptrdiff_t>(wanted),
                    scored.end(), better);
  std::vector<Match> matches;
  matches.reserve(wanted);
  for (std::size_t i = 0; i < wanted; ++i) {
    const Neighbour& candidate = scored[i].candidate;
    matches.push_back(explain(query, candidate, attributes.row(candidate.ordinal), now_ns));
  }
  return matches;
}

}  // namespace frys::detail
