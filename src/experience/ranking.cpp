// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/ranking.hpp"

#include <algorithm>
#include <cmath>

#include "experience/diversity.hpp"

namespace frys::detail {
namespace {

constexpr std::size_t max_k = 10'000;
constexpr std::size_t max_effort = 65'536;
constexpr std::size_t min_effort = 64;
// Of how many the diverse ones are picked: of four for each, and of no more than can be compared
// with all that are picked.
constexpr std::size_t considered_per_match = 4;
constexpr std::size_t most_considered = 4096;

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

/// Where one outcome is asked for it can't rank.
bool ranks_by_outcome(const SimilarityQuery& query) noexcept {
  return query.outcome_weight != 0 && !query.outcome;
}

double outcome_factor(const SimilarityQuery& query, const Attributes& a) noexcept {
  if (!ranks_by_outcome(query)) return 1;
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

/// How many of the best by score diverse ones are picked from.
std::size_t considered(const SimilarityQuery& query) noexcept {
  const std::size_t most = std::max(query.k, most_considered);
  return std::min(std::max({query.effort, considered_per_match * query.k, min_effort}), most);
}

/// The places of the matches in `scored`, whose best come first, and what takes from each.
std::vector<DiversePick> pick(const SimilarityQuery& query, std::span<const Scored> scored,
                              const ResidentRows& rows) {
  std::vector<double> scores;
  scores.reserve(scored.size());
  for (const Scored& one : scored) scores.push_back(one.score);
  const auto similarity = [&](std::size_t picked, std::size_t candidate) {
    const float* vector = rows.core.vector(scored[picked].candidate.ordinal);
    return static_cast<double>(rows.similarity(vector, scored[candidate].candidate.ordinal));
  };
  return pick_diverse(scores, query.diversity, query.k, similarity);
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
  if (!is_share(query.diversity)) return invalid("diversity is not within 0 to 1");
  if (query.recency_half_life_ns <= 0) {
    return invalid("recency_half_life_ns is " + std::to_string(query.recency_half_life_ns) +
                   "; give a positive duration");
  }
  if (!std::isfinite(query.minimum_score)) return invalid("minimum_score is not a finite number");
  return query.vector.empty() ? Status() : check_vector(query, dimension);
}

std::size_t candidates_wanted(const SimilarityQuery& query) noexcept {
  const bool by_likeness = !ranks_by_outcome(query) && query.recency_weight == 0;
  const std::size_t ranked =
      by_likeness ? query.k : std::max({query.effort, 2 * query.k, min_effort});
  return query.diversity > 0 ? std::max(ranked, considered(query)) : ranked;
}

std::vector<Match> rank_matches(const SimilarityQuery& query, std::span<const Neighbour> candidates,
                                const ResidentRows& rows, std::int64_t now_ns) {
  const AttributeTable& attributes = rows.attributes;
  std::vector<Scored> scored;
  scored.reserve(candidates.size());
  for (const Neighbour& candidate : candidates) {
    const Attributes& a = attributes.row(candidate.ordinal);
    const double similarity = std::clamp(static_cast<double>(candidate.similarity), 0.0, 1.0);
    const double score = similarity * outcome_factor(query, a) * recency_factor(query, a, now_ns);
    if (score >= query.minimum_score) scored.push_back({score, candidate});
  }
  const bool diverse = query.diversity > 0;
  const std::size_t wanted = std::min(diverse ? considered(query) : query.k, scored.size());
  std::partial_sort(scored.begin(), scored.begin() + static_cast<std::ptrdiff_t>(wanted),
                    scored.end(), better);
  scored.resize(wanted);
  std::vector<Match> matches;
  matches.reserve(std::min(query.k, wanted));
  const auto add = [&](const Neighbour& candidate) -> Match& {
    const Attributes& a = attributes.row(candidate.ordinal);
    return matches.emplace_back(explain(query, candidate, a, now_ns));
  };
  if (diverse) {
    for (const DiversePick& one : pick(query, scored, rows)) {
      add(scored[one.place].candidate).diversity_penalty = one.penalty;
    }
  } else {
    for (const Scored& one : scored) add(one.candidate);
  }
  return matches;
}

}  // namespace frys::detail
