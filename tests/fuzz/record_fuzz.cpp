// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Records of experiences. What is one is the only record of its experience.

#include <algorithm>

#include "core/crc32c.hpp"
#include "experience/bytes.hpp"
#include "experience/record_codec.hpp"
#include "fuzz/fuzz.hpp"

namespace frys::fuzz {
namespace {

using namespace detail;  // NOLINT

constexpr std::size_t header_bytes = 16;

}  // namespace

std::string make(SeededRandom& random) { return encode_record(any_experience(random))->bytes; }

void mend(std::string& input) {
  if (input.size() < header_bytes) return;
  input.replace(0, 6, std::string_view("FXP1\1\0", 6));
  patch_value(input, 8, static_cast<std::uint32_t>(input.size() - header_bytes));
  const std::string_view view = input;
  patch_value(
      input, 12,
      crc32c(as_byte_span(view.substr(header_bytes)), crc32c(as_byte_span(view.substr(4, 8)))));
}

void check(std::string_view input) {
  const AllocationMeter meter;
  const Result<Experience> decoded = decode_record(input);
  // A tag of no bytes takes 6, and a string in a vector that grows.
  require(meter.bytes() <= 24 * input.size() + 4096, "decoding allocates what the input justifies");
  const AllocationMeter of_payload;
  const Result<PayloadField> payload = find_payload(input);
  require(of_payload.bytes() <= 4096, "finding a payload copies none of it");
  if (!decoded) {
    require(decoded.error() == ErrorCode::corruption ||
                decoded.error() == ErrorCode::failed_precondition,
            "a record that is none is corrupt, or a later version's");
    return;
  }
  require(payload.has_value() && payload->tensor == decoded->payload_tensor &&
              std::ranges::equal(as_byte_span(payload->bytes), decoded->payload),
          "the payload that is found is the one that is decoded");
  const Result<EncodedRecord> again = encode_record(*decoded);
  require(again.has_value(), "what was decoded can be encoded");
  require(again->bytes.substr(header_bytes) == input.substr(header_bytes),
          "an experience has one body");
  require(again->id == record_id(input), "an experience has one identity");
  const Result<Experience> twice = decode_record(again->bytes);
  require(twice.has_value() && *twice == *decoded, "what was encoded can be decoded");
}

}  // namespace frys::fuzz
