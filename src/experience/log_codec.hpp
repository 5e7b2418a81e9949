// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Entries of the store's sequence log, vectors and the store's own description, as bytes.
//
// Log entry, little endian. Each begins
//
//   offset 0   u16  version              2  u8  kind
//          3   u8   outcome or 0         4  u32 CRC-32C of bytes 0 to 4 and from 8 on
//
// and ends with anything (a later version's; left alone). In between, by kind:
//
//   1, added, version 1: what the index needs of a row without reading the row
//          8   16   identity            24  f64 reward
//         32   i64  started_at_ns       40  i64 stored_at_ns (wall clock of the store)
//         48   u32  bytes of workflow, agent, step_type, then these texts
//      version 2, where it has vectors in spaces: the same, then
//              u16  bit n − 1: it has one in space n
//   2, removed, version 2
//          8   16   identity            24  u64 sequence it was added at
//   3, amended, version 2: all that was ever amended of it, so that the last one tells
//          8   16   identity            24  u64 sequence it was added at
//         32   f64  reward              40  u64 uses
//         48   i64  used_at_ns
//   4, void, version 2: what was here is gone
//          8   u64  the last sequence of which that is so (this one, or later ones, too)
//
// Vector: u32 CRC-32C of the rest, then `dimension` × f32.
//
// Description: u32 magic "FXS1", u32 CRC-32C of the rest, u16 version, u16 zero, u32 dimension,
// u32 bytes of the embedder's name, the name. Version 2, of a store that has spaces: the same, then
// u16 their number, and for each, from 1 on: u32 dimension, u16 bytes of its name, the name.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "frys/core/result.hpp"
#include "frys/experience/experience.hpp"
#include "frys/experience/vector_space.hpp"

namespace frys::detail {

/// An experience was added: its attributes that ranking and filters look at.
struct LogEntry {
  ExperienceId id;
  Outcome outcome = Outcome::success;
  double reward = 0;
  std::int64_t started_at_ns = 0;
  std::int64_t stored_at_ns = 0;
  std::string_view workflow;
  std::string_view agent;
  std::string_view step_type;
  std::uint16_t spaces = 0;  ///< Bit n − 1: it has a vector in space n.
};

/// The experience that was added at `target` was removed.
struct LogRemoval {
  ExperienceId id;
  std::uint64_t target = 0;
};

/// The experience that was added at `target` stands so from now on.
struct LogAmendment {
  ExperienceId id;
  std::uint64_t target = 0;
  Standing standing;
};

/// Nothing is left of this sequence and those to `through`.
struct LogVoid {
  std::uint64_t through = 0;
};

using LogItem = std::variant<LogEntry, LogRemoval, LogAmendment, LogVoid>;

std::string encode_log_item(const LogItem& item);
/// An entry's texts are views into `bytes`. Errors: corruption, failed_precondition.
Result<LogItem> decode_log_item(std::string_view bytes);

/// The last sequence that `item`, which is at `sequence`, speaks for.
std::uint64_t last_of(std::uint64_t sequence, const LogItem& item) noexcept;

std::string encode_vector(std::span<const float> vector);
/// Writes to `out`, whose size is the dimension. Errors: corruption.
Status decode_vector(std::string_view bytes, std::span<float> out);

struct StoreDescription {
  std::uint32_t dimension = 0;
  std::string embedder;
  std::vector<VectorSpace> spaces = {};  ///< By number, from 1.
};

std::string encode_description(const StoreDescription& description);
/// Errors: corruption, failed_precondition (a later version). Throws bad_alloc.
Result<StoreDescription> decode_description(std::string_view bytes);

/// Sequences as keys sort by their big-endian bytes.
std::string sequence_key(std::uint64_t sequence);
bool parse_sequence_key(std::string_view key, std::uint64_t& sequence) noexcept;
/// The key of a vector in space `number`: those of a sequence follow each other.
std::string space_key(std::uint64_t sequence, std::uint8_t number);
bool parse_space_key(std::string_view key, std::uint64_t& sequence, std::uint8_t& number) noexcept;

}  // namespace frys::detail
