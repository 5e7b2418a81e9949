// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// An experience as bytes. Layout, version 1, little endian:
//
//   offset 0   u32  magic "FXP1"
//          4   u16  version (1); a reader refuses a greater one
//          6   u16  zero
//          8   u32  body_bytes, at most 2^30; the record ends with the body
//         12   u32  CRC-32C of bytes 4 to 12 and of the body
//         16        body: fields, each u16 tag, u32 length, `length` bytes
//
//   tag  1 workflow  2 agent  3 step_type  4 situation  5 action  6 outcome_text   (text)
//        7 outcome (u8)  8 reward (f64)  9 started_at_ns (i64)  10 duration_ns (i64)
//       11 input_size (f64)  12 resources (6 × 8 bytes, in order of declaration)
//       13 one tag (text; repeated)  14 embedding (f32 each)  15 payload
//       16 one named embedding (repeated; embedding_spaces.hpp)
//       17 that the payload is a tensor: u8 dtype, u8 rank, i64 an extent; the dtype is a number of
//          `DType`: f32 0, f64 1, f16 2, bf16 3, i8 4, u8 5, i16 6, i32 7, i64 8, boolean 9
//       18 and above: a later version's; kept as they are, after the known ones
//
// A field after one of a later version is kept, too, when its tag is 16 or above: when all of these
// were a later version's, they came in any order.
//
// Known fields come in order of their tag, named embeddings in that of their names, and a field
// that has its default is left out, so that equal experiences have equal bodies; a reader takes no
// other. The identity is BLAKE2b-128 of the body.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "frys/core/result.hpp"
#include "frys/experience/experience.hpp"

namespace frys::detail {

struct EncodedRecord {
  ExperienceId id;
  std::string bytes;
};

/// Errors: invalid_argument (a non-finite number, a negative duration, an unknown outcome, named
/// embeddings that are none, a payload that is not the tensor it is said to be, a field or record
/// over 1 GiB, `unknown_fields` that are no fields). Throws bad_alloc.
Result<EncodedRecord> encode_record(const Experience& experience);

/// Errors: corruption (says what is wrong where), failed_precondition (a later version).
/// Throws bad_alloc. Never allocates more than `bytes` justifies.
Result<Experience> decode_record(std::string_view bytes);

/// The payload where it lies in a record.
struct PayloadField {
  std::string_view bytes;
  std::optional<PayloadTensor> tensor;
};

/// The payload that decode_record would find; empty when there is none. Other fields are passed
/// over: only their lengths and their order are checked. Errors: as decode_record. Allocates
/// nothing but messages. Cost: the checksum, O(bytes).
Result<PayloadField> find_payload(std::string_view bytes);

/// The identity that `bytes` has by its body; `bytes` need not be valid.
ExperienceId record_id(std::string_view bytes) noexcept;

/// What a row's vector is made of when the host gave none: the situation, else the action.
std::string_view embedded_text(const Experience& experience) noexcept;

}  // namespace frys::detail
