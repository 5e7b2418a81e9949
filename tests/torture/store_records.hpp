// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Experiences that follow from a number, so that what a store gives back is known to the last byte
// without being kept.

#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "frys/experience/experience_store.hpp"

namespace frys::torture {

struct Recipe {
  std::uint64_t seed = 0;
  std::size_t dimension = 16;
  bool has_spaces = false;  ///< Whether some have vectors in these:
};

inline const std::vector<VectorSpace> torture_spaces{{"code", 8}, {"screen", 24}};

inline constexpr std::uint32_t no_number = std::numeric_limits<std::uint32_t>::max();

/// The fields that a search or scan tells without reading the record.
Experience make_outline(const Recipe& recipe, std::uint32_t number);
/// Of all shapes: with a vector, a text or neither, of a few bytes or many.
Experience make_experience(const Recipe& recipe, std::uint32_t number);
/// Of an experience made above, by its start; `no_number` when it has none.
std::uint32_t number_of(std::int64_t started_at_ns) noexcept;

/// All that find `experience`, exactly: the filter leaves few enough to be compared one by one.
std::vector<SimilarityQuery> exact_queries(const Experience& experience);
/// Whether it has a vector in the space that is searched.
bool is_in_space_of(const SimilarityQuery& query, const Experience& experience) noexcept;

}  // namespace frys::torture
