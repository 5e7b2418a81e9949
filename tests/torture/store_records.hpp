// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Experiences that follow from a number, so that what a store gives back is known to the last byte
// without being kept.

#pragma once

#include <cstdint>
#include <limits>

#include "frys/experience/experience_store.hpp"

namespace frys::torture {

struct Recipe {
  std::uint64_t seed = 0;
  std::size_t dimension = 16;
};

inline constexpr std::uint32_t no_number = std::numeric_limits<std::uint32_t>::max();

/// The fields that a search or scan tells without reading the record.
Experience make_outline(const Recipe& recipe, std::uint32_t number);
/// Of all shapes: with a vector, a text or neither, of a few bytes or many.
Experience make_experience(const Recipe& recipe, std::uint32_t number);
/// Of an experience made above, by its start; `no_number` when it has none.
std::uint32_t number_of(std::int64_t started_at_ns) noexcept;

/// Has what a search can find.
inline bool can_be_found(const Experience& experience) noexcept {
  return !experience.embedding.empty() || !experience.situation.empty();
}
/// Finds `experience` exactly: the filter leaves few enough to be compared one by one.
SimilarityQuery exact_query(const Experience& experience);

}  // namespace frys::torture
