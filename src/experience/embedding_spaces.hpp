// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Spaces of vectors beside the store's own: which a store has, and an experience's vectors in them
// as its record holds them.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "frys/core/result.hpp"
#include "frys/experience/experience.hpp"
#include "frys/experience/vector_space.hpp"

namespace frys::detail {

/// Whether a space may be called so: 1 to 64 visible characters of ASCII.
bool is_space_name(std::string_view name) noexcept;

inline constexpr std::size_t most_spaces = 16;
/// Errors: invalid_argument (a name that is none or is there twice, a dimension out of range, more
/// than 16). Throws bad_alloc.
Status check_spaces(std::span<const VectorSpace> spaces);
/// Those that a store has, then those of `wanted` that it has not.
/// Errors: failed_precondition (another dimension, more than 16 together). Throws bad_alloc.
Result<std::vector<VectorSpace>> join_spaces(std::span<const VectorSpace> made,
                                             std::span<const VectorSpace> wanted);
/// The number of the space that is called so, from 1 on; 0: there is none.
std::uint8_t number_of(std::string_view name, std::span<const VectorSpace> spaces) noexcept;
/// What messages say there is: names in quotes, or "none".
std::string names_of(std::span<const VectorSpace> spaces);

/// Those of an experience by name: experiences that differ in their order only are the same.
using NamedEmbeddings = std::vector<const NamedEmbedding*>;
/// Errors: invalid_argument (a name that is none or is there twice, an empty vector, a number that
/// is not finite). Throws bad_alloc.
Result<NamedEmbeddings> in_order(const std::vector<NamedEmbedding>& embeddings);

/// A field's value: u16 bytes of the name, the name, f32 each.
void append_named(std::string& out, const NamedEmbedding& named);
std::size_t named_bytes(const NamedEmbedding& named) noexcept;
/// Reads a field's value, which comes after those in `embeddings`; false when it can't be one.
/// Throws bad_alloc; never allocates more than `value` justifies.
bool read_named(std::string_view value, std::vector<NamedEmbedding>& embeddings);

}  // namespace frys::detail
