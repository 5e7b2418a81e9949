// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What one asks an experience store, and what it answers: the most similar experiences, ranked by
// what came of them and when; or all that have something in common, in the order of their storing.

#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "frys/experience/experience.hpp"

namespace frys {

/// What to look for. Exactly one of `text` and `vector` is given; in a named space, `vector`.
///
/// score = max(0, similarity) × outcome factor × recency factor, where
///   outcome factor = 1 − outcome_weight × (1 − v), v = 1 for success, ½ for partial, 0 for failure
///   recency factor = 1 − recency_weight × (1 − 2^(−age / recency_half_life))
///
/// Where an outcome is asked for, the outcome factor is 1: it would lower all alike. So failures,
/// asked for as warnings, have the scores that successes have.
struct SimilarityQuery {
  std::string text = {};           ///< Embedded by the store's embedder.
  std::vector<float> vector = {};  ///< Of the space's dimension, finite, not all zero.
  /// The space in which `vector` lies: only experiences that have a vector there are found. Empty:
  /// the one that every experience has a vector in, which is the only one for `text`.
  std::string space = {};
  std::size_t k = 10;  ///< Matches wanted at most, 1 to 10,000.
  // Filters: only experiences with exactly this value. Empty: any.
  std::string workflow = {};
  std::string agent = {};
  std::string step_type = {};
  std::optional<Outcome> outcome = std::nullopt;
  double minimum_score = 0;     ///< Matches below it are left out.
  double outcome_weight = 0.2;  ///< 0: how it ended does not matter; 1: failures score 0.
  double recency_weight = 0.1;  ///< 0: age does not matter; 1: the very old score 0.
  std::int64_t recency_half_life_ns = std::int64_t{30} * 24 * 3600 * 1'000'000'000;  ///< > 0.
  bool with_experience = false;  ///< Fill `Match::experience` (a read of the row each).
  /// 0: the best by score. More, to 1: of those that are like one another, fewer. Next is always
  /// the match whose (1 − diversity) × score − diversity × likeness is greatest, likeness being its
  /// greatest similarity to one already picked, at least 0 (maximal marginal relevance: Carbonell
  /// and Goldstein, SIGIR 1998). `minimum_score` is applied before. Considered are the best
  /// max(64, effort, 4 × k) by score, at most 4,096 or k. Cost: so many × k products of vectors.
  double diversity = 0;
  /// Candidates that the graph search keeps (HNSW's ef), k to 65,536; 0: max(64, 2 × k). At least
  /// max(64, 2 × k) are kept when a weight above is not 0: ranking needs a choice; and all that
  /// `diversity` considers.
  std::size_t effort = 0;
};

/// One answer, and why it ranks where it does.
struct Match {
  ExperienceId id;
  double score = 0;           ///< similarity × outcome_factor × recency_factor, at least 0.
  double similarity = 0;      ///< Cosine of query and experience, in [−1, 1].
  double outcome_factor = 1;  ///< See `SimilarityQuery`.
  double recency_factor = 1;
  /// diversity × the greatest similarity to a match before it, at least 0: it ranks by
  /// (1 − diversity) × score less this.
  double diversity_penalty = 0;
  Outcome outcome = Outcome::success;  ///< With `reward` and `uses`: its standing.
  double reward = 0;
  std::uint64_t uses = 0;
  std::int64_t started_at_ns = 0;
  std::uint64_t sequence = 0;            ///< Place in the store's log, from 1.
  std::optional<Experience> experience;  ///< When the query asked for it.
};

/// What a query for likeness answers, and how exact it is. A range of its matches.
struct SimilarMatches {
  std::vector<Match> matches = {};  ///< Best first, by score or as `diversity` says.
  /// Every write of a sequence up to this was seen: what it added is searched, what it removed is
  /// not answered, and what it amended ranks by its new standing. Of later ones some may have been.
  std::uint64_t sees_through = 0;
  /// Recall at k: which share of the k most similar experiences that pass the filters is expected
  /// among the candidates, before they are ranked. 1 when all were compared: where the store has
  /// fewer than 1,024, or a filter lets no more than 4,096 through. Otherwise of the graph's search
  /// at this k and effort, as the store measured it in the background on some of its own vectors,
  /// without a filter. To within some points at 0.9, rather too low than too high; a filter that
  /// lets a quarter through finds up to 2.5 points less, one that lets half through finds more
  /// (24,000 vectors, filters that go with their clusters and such that do not). Empty: not
  /// measured yet, which is done when the graph is made and each time it has doubled; or no more,
  /// when it is four times as large.
  std::optional<double> estimated_recall = std::nullopt;

  [[nodiscard]] auto begin() const noexcept { return matches.begin(); }
  [[nodiscard]] auto end() const noexcept { return matches.end(); }
  [[nodiscard]] std::size_t size() const noexcept { return matches.size(); }
  [[nodiscard]] bool empty() const noexcept { return matches.empty(); }
  /// `place` is less than `size()`; where there is none there is no front.
  const Match& operator[](std::size_t place) const noexcept { return matches[place]; }
  [[nodiscard]] const Match& front() const noexcept { return matches.front(); }
};

/// Which experiences, in the order in which they were stored.
struct ScanQuery {
  // Filters: only experiences with exactly this value. Empty: any.
  std::string workflow = {};
  std::string agent = {};
  std::string step_type = {};
  std::optional<Outcome> outcome = std::nullopt;
  /// Only those that started then or later, and before then.
  std::int64_t started_from_ns = std::numeric_limits<std::int64_t>::min();
  std::int64_t started_before_ns = std::numeric_limits<std::int64_t>::max();
  std::uint64_t after_sequence = 0;  ///< The cursor: 0, then each page's `next`.
  std::size_t limit = 256;           ///< Most rows of a page, 1 to 65,536.
  bool with_experience = false;      ///< Fill `ScanRow::experience` (a read of the row each).
};

struct ScanRow {
  std::uint64_t sequence = 0;  ///< Place in the store's log, from 1; removed ones leave gaps.
  ExperienceId id;
  Outcome outcome = Outcome::success;  ///< With what follows: its standing.
  double reward = 0;
  std::uint64_t uses = 0;
  std::int64_t used_at_ns = 0;
  std::int64_t started_at_ns = 0;
  std::optional<Experience> experience;  ///< When the query asked for it.
};

struct ScanPage {
  std::vector<ScanRow> rows;
  std::uint64_t next = 0;  ///< `after_sequence` of the next page; 0: there is none.
};

}  // namespace frys
