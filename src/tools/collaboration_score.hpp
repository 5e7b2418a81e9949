// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// How well the detector names patterns and foresees the next agent, beside nearest neighbours.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tools/message_log.hpp"

namespace frys::tools {

/// Right answers out of all.
struct Share {
  std::size_t right = 0;
  std::size_t total = 0;
  [[nodiscard]] double value() const {
    return total == 0 ? 0 : static_cast<double>(right) / static_cast<double>(total);
  }
};

/// One dataset. Patterns: each trace is named once, at its end. Next agent: each change of agent
/// is foreseen from everything before it in the trace; an agent not heard of yet cannot be.
struct DatasetScore {
  std::string dataset;
  std::string pattern;  ///< What its label means in our terms; empty: not known.
  std::size_t traces = 0;
  Share pattern_right;           ///< The detector, which is not trained.
  Share pattern_neighbour;       ///< Nearest neighbour trained on the other datasets.
  Share pattern_neighbour_same;  ///< … trained on all other traces, this dataset's included.
  Share long_right;              ///< The detector on traces with at least four moves.
  Share long_neighbour;          ///< Nearest neighbour on them, trained on the other datasets.
  Share long_neighbour_same;     ///< … trained on all other traces.
  Share next_right;              ///< The detector's first choice.
  Share next_top3;
  Share next_neighbour;  ///< Who followed the same agent the last time.
};

/// Scores every dataset of the log, in order of first appearance.
std::vector<DatasetScore> score_collaboration(const std::vector<LoggedTrace>& traces);

/// Mean over datasets that have cases, so that a large one does not drown the others.
double mean_over_datasets(const std::vector<DatasetScore>& scores, Share DatasetScore::* share);

}  // namespace frys::tools
