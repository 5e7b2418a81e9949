// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// From nearest neighbours to matches: similarity × outcome × recency (see SimilarityQuery).

#pragma once

#include <vector>

#include "experience/attribute_table.hpp"
#include "experience/pattern_index.hpp"
#include "frys/experience/experience_store.hpp"

namespace frys::detail {

/// Errors: invalid_argument, naming the field.
Status check_query(const SimilarityQuery& query, std::size_t dimension);

/// How many candidates the index is asked for, so that ranking has a choice.
std::size_t candidates_wanted(const SimilarityQuery& query) noexcept;

/// The best `query.k` of `candidates`, which are rows of `rows`, best first; or as diverse ones as
/// the query asks for.
std::vector<Match> rank_matches(const SimilarityQuery& query, std::span<const Neighbour> candidates,
                                const ResidentRows& rows, std::int64_t now_ns);

}  // namespace frys::detail
