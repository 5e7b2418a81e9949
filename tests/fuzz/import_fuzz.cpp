// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Lines of JSON that `frys store import` reads.

#include "experience/record_codec.hpp"
#include "fuzz/fuzz.hpp"
#include "tools/experience_json.hpp"

namespace frys::fuzz {

using namespace tools;  // NOLINT

std::string make(SeededRandom& random) { return to_json_line(any_experience(random)); }

void mend(std::string&) {}

void check(std::string_view input) {
  const AllocationMeter meter;
  const Result<Experience> read = from_json_line(input);
  // A digit and a comma make a value of JSON, in a list that grows.
  require(meter.bytes() <= 512 * input.size() + 65'536,
          "reading allocates what the line justifies");
  if (!read) {
    require(read.error() == ErrorCode::invalid_argument, "a line that is none is the caller's");
    return;
  }
  const std::string line = to_json_line(*read);
  require(line.find('\n') == std::string::npos, "a line is one");
  const Result<Experience> again = from_json_line(line);
  require(again.has_value() && *again == *read, "an experience is read as it was written");
  require(to_json_line(*again) == line, "an experience has one line");
  const Result<detail::EncodedRecord> record = detail::encode_record(*read);
  if (!record) {
    require(record.error() == ErrorCode::invalid_argument, "a store refuses it for a reason");
    return;
  }
  require(*content_id(*again) == record->id, "a line keeps the identity");
  const Result<Experience> stored = detail::decode_record(record->bytes);
  require(stored.has_value() && *stored == *read, "what can be stored can be read");
}

}  // namespace frys::fuzz
