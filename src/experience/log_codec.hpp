// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Entries of the store's sequence log, vectors and the store's own description, as bytes.
//
// Log entry, version 1, little endian; what the index needs of a row without reading the row:
//
//   offset 0   u16  version (1)          2  u8  kind (1: an experience was added)
//          3   u8   outcome              4  u32 CRC-32C of bytes 0 to 4 and from 8 on
//          8   16   identity            24  f64 reward
//         32   i64  started_at_ns       40  i64 stored_at_ns (wall clock of the store)
//         48   u32  bytes of workflow, agent, step_type, then these texts
//                   then anything (a later version's; left alone)
//
// Vector: u32 CRC-32C of the rest, then `dimension` × f32.
//
// Description: u32 magic "FXS1", u32 CRC-32C of the rest, u16 version, u16 zero, u32 dimension,
// u32 bytes of the embedder's name, the name.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "frys/core/result.hpp"
#include "frys/experience/experience.hpp"

namespace frys::detail {

/// The attributes of one experience that ranking and filters look at.
struct LogEntry {
  ExperienceId id;
  Outcome outcome = Outcome::success;
  double reward = 0;
  std::int64_t started_at_ns = 0;
  std::int64_t stored_at_ns = 0;
  std::string_view workflow;
  std::string_view agent;
  std::string_view step_type;
};

std::string encode_log_entry(const LogEntry& entry);
/// The entry's texts are views into `bytes`. Errors: corruption, failed_precondition.
Result<LogEntry> decode_log_entry(std::string_view bytes);

std::string encode_vector(std::span<const float> vector);
/// Writes to `out`, whose size is the store's dimension. Errors: corruption.
Status decode_vector(std::string_view bytes, std::span<float> out);

struct StoreDescription {
  std::uint32_t dimension = 0;
  std::string embedder;
};

std::string encode_description(const StoreDescription& description);
/// Errors: corruption, failed_precondition (a later version).
Result<StoreDescription> decode_description(std::string_view bytes);

/// Sequences as keys sort by their big-endian bytes.
std::string sequence_key(std::uint64_t sequence);
bool parse_sequence_key(std::string_view key, std::uint64_t& sequence) noexcept;

}  // namespace frys::detail
