// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Entries of the sequence log, vectors, and the store's description. The first byte of an input
// says which of them the rest is.

#include <cmath>
#include <cstring>
#include <type_traits>
#include <variant>

#include "core/crc32c.hpp"
#include "experience/bytes.hpp"
#include "experience/log_codec.hpp"
#include "fuzz/fuzz.hpp"

namespace frys::fuzz {
namespace {

using namespace detail;  // NOLINT

enum Kind : std::uint8_t { log_item, vector, description, kinds };

Kind kind_of(std::string_view input) {
  return static_cast<Kind>(static_cast<unsigned char>(input[0]) % kinds);
}

bool same(const LogEntry& a, const LogEntry& b) {
  return a.id == b.id && a.outcome == b.outcome && a.reward == b.reward &&
         a.started_at_ns == b.started_at_ns && a.stored_at_ns == b.stored_at_ns &&
         a.workflow == b.workflow && a.agent == b.agent && a.step_type == b.step_type &&
         a.spaces == b.spaces;
}

bool same(const LogRemoval& a, const LogRemoval& b) { return a.id == b.id && a.target == b.target; }

bool same(const LogAmendment& a, const LogAmendment& b) {
  return a.id == b.id && a.target == b.target && a.standing == b.standing;
}

bool same(const LogVoid& a, const LogVoid& b) { return a.through == b.through; }

bool same(const LogItem& a, const LogItem& b) {
  if (a.index() != b.index()) return false;
  return std::visit(
      [&b](const auto& one) { return same(one, std::get<std::decay_t<decltype(one)>>(b)); }, a);
}

void require_known_error(const Status& status) {
  require(status == ErrorCode::corruption || status == ErrorCode::failed_precondition,
          "what can't be read is corrupt, or a later version's");
}

void check_log_item(std::string_view bytes) {
  const AllocationMeter meter;
  const Result<LogItem> decoded = decode_log_item(bytes);
  require(meter.bytes() <= 2048, "an entry is read where it lies");
  if (!decoded) return require_known_error(decoded.error());
  const std::string encoded = encode_log_item(*decoded);
  require(encoded.size() <= bytes.size(), "an entry holds no more than its bytes");
  const Result<LogItem> again = decode_log_item(encoded);
  require(again.has_value() && same(*again, *decoded), "an entry is read as it was written");
  require(last_of(1, *decoded) >= 1, "an entry speaks for itself at least");
}

void check_vector(std::string_view bytes) {
  std::vector<float> out(bytes.size() > 8 ? (bytes.size() - 4) / sizeof(float) : 2);
  const AllocationMeter meter;
  const Status status = decode_vector(bytes, out);
  require(meter.bytes() <= 2048, "a vector is read into the place for it");
  if (!status.ok()) return require_known_error(status);
  require(encode_vector(out) == bytes, "a vector has one form");
  for (const float value : out) require(std::isfinite(value), "a vector is finite");
}

void check_description(std::string_view bytes) {
  const AllocationMeter meter;
  const Result<StoreDescription> decoded = decode_description(bytes);
  require(meter.bytes() <= bytes.size() + 2048, "a description allocates what it holds");
  if (!decoded) return require_known_error(decoded.error());
  const Result<StoreDescription> again = decode_description(encode_description(*decoded));
  require(again.has_value() && again->dimension == decoded->dimension &&
              again->embedder == decoded->embedder && again->spaces == decoded->spaces,
          "a description is read as it was written");
}

std::string any_log_item(SeededRandom& random) {
  const Experience e = any_experience(random);
  const std::uint64_t target = 1 + random.next_below(1000);
  switch (random.next_below(4)) {
    case 0:
      return encode_log_item(LogRemoval{*content_id(e), target});
    case 1:
      return encode_log_item(
          LogAmendment{*content_id(e), target, {e.outcome, e.reward, random.next(), 1}});
    case 2:
      return encode_log_item(LogVoid{target});
    default:
      break;
  }
  LogEntry entry{*content_id(e), e.outcome, e.reward, e.started_at_ns, 1, {}, {}, {}};
  entry.workflow = e.workflow;
  entry.agent = e.agent;
  entry.step_type = e.step_type;
  if (random.next_below(2) == 0) entry.spaces = static_cast<std::uint16_t>(random.next());
  return encode_log_item(entry);
}

StoreDescription any_description(SeededRandom& random) {
  StoreDescription description{static_cast<std::uint32_t>(random.next_below(5000)),
                               any_text(random)};
  for (std::uint64_t i = random.next_below(4); i > 0; --i) {
    description.spaces.push_back({"space-" + std::to_string(i), 2 + random.next_below(4095)});
  }
  return description;
}

}  // namespace

std::string make(SeededRandom& random) {
  const auto kind = static_cast<Kind>(random.next_below(kinds));
  const std::string first(1, static_cast<char>(kind));
  switch (kind) {
    case log_item:
      return first + any_log_item(random);
    case vector:
      return first + encode_vector(std::vector<float>(1 + random.next_below(8), 0.5F));
    default:
      return first + encode_description(any_description(random));
  }
}

void mend(std::string& input) {
  // Behind the checksum; that of an entry holds what precedes it, too.
  const std::size_t rest = input.empty() || kind_of(input) == vector ? 5 : 9;
  if (input.size() < rest) return;
  const std::string_view view = input;
  const std::uint32_t before =
      kind_of(input) == log_item ? crc32c(as_byte_span(view.substr(1, 4))) : 0;
  patch_value(input, rest - 4, crc32c(as_byte_span(view.substr(rest)), before));
  if (kind_of(input) == description) input.replace(1, 4, "FXS1");
}

void check(std::string_view input) {
  if (input.empty()) return;
  const std::string_view bytes = input.substr(1);
  switch (kind_of(input)) {
    case log_item:
      return check_log_item(bytes);
    case vector:
      return check_vector(bytes);
    default:
      return check_description(bytes);
  }
}

}  // namespace frys::fuzz
