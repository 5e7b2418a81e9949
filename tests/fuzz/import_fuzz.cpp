// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Lines of JSON that `frys store import` reads.

#include "experience/record_codec.hpp"
#include "fuzz/fuzz.hpp"
#include "tools/experience_json.hpp"

namespace frys::fuzz {

using namespace tools;  // NOLINT

std::string make(SeededRandom& random) {
  std::optional<Standing> standing;
  if (random.next_below(3) == 0) standing = Standing{Outcome::partial, 0.5, random.next(), -1};
  return to_json_line(any_experience(random), standing);
}

void mend(std::string&) {}

void check(std::string_view input) {
  const AllocationMeter meter;
  const Result<ExperienceLine> parsed = from_json_line(input);
  // A digit and a comma make a value of JSON, in a list that grows.
  require(meter.bytes() <= 512 * input.size() + 65'536,
          "reading allocates what the line justifies");
  if (!parsed) {
    require(parsed.error() == ErrorCode::invalid_argument, "a line that is none is the caller's");
    return;
  }
  const Experience* read = &parsed->experience;
  const std::string line = to_json_line(*read, parsed->standing);
  require(line.find('\n') == std::string::npos, "a line is one");
  const Result<ExperienceLine> again = from_json_line(line);
  require(again.has_value() && again->experience == *read,
          "an experience is read as it was written");
  require(to_json_line(again->experience, again->standing) == line, "an experience has one line");
  const Result<detail::EncodedRecord> record = detail::encode_record(*read);
  if (!record) {
    require(record.error() == ErrorCode::invalid_argument, "a store refuses it for a reason");
    return;
  }
  require(*content_id(again->experience) == record->id, "a line keeps the identity");
  const Result<Experience> stored = detail::decode_record(record->bytes);
  require(stored.has_value() && *stored == *read, "what can be stored can be read");
}

}  // namespace frys::fuzz
