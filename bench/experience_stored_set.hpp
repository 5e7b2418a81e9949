// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Stores of made vectors that several rows measure.

#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "experience_rows.hpp"
#include "frys/experience/experience_store.hpp"
#include "support/vector_set.hpp"

namespace frys::bench {

inline constexpr std::size_t stored_dimension = 128;
/// Of every store: M and ef_construction.
inline constexpr std::size_t stored_links = 16;
inline constexpr std::size_t stored_build_effort = 128;

/// A folder gone with the process.
const std::string& scratch_folder();
/// Made at the first call; without true neighbours kept between runs, which are soon found.
const VectorSet& clustered(std::size_t count);
/// The experience `i` of a store of `set`. Half of them have the workflow "half", a tenth the agent
/// "tenth", some the step types "hundredth" and "thousandth".
Experience experience_of(const VectorSet& set, std::size_t i);
ExperienceStore open_store(const std::string& path);
void wait_until_linked(const ExperienceStore& store);
/// Waits until background work, RocksDB's included, is done: until the process rests.
void wait_until_quiet();
/// The folder of a closed store of `clustered(count)`, made at the first call.
std::string stored_set(std::size_t count);
/// A folder as its process left it when it was killed, with all linked; fresh at every call.
std::string killed_set(std::size_t count);
/// For the nearest by likeness alone.
SimilarityQuery plain_query(std::span<const float> vector, std::size_t ef);

}  // namespace frys::bench
