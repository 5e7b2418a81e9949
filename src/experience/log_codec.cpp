// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/log_codec.hpp"

#include <algorithm>
#include <cmath>

#include "core/crc32c.hpp"
#include "experience/bytes.hpp"
#include "experience/embedding_spaces.hpp"

namespace frys::detail {
namespace {

// What earlier versions of the library can read is still written as theirs.
constexpr std::uint16_t version_of_added = 1;
constexpr std::uint16_t version_of_changes = 2;
constexpr std::uint16_t version_with_spaces = 2;  // Of what is added, and of the description.
constexpr std::uint16_t version_of_description = 1;
constexpr std::uint64_t most_sequence = std::uint64_t{1} << 62;
enum Kind : std::uint8_t { kind_added = 1, kind_removed = 2, kind_amended = 3, kind_void = 4 };
constexpr std::uint32_t description_magic = 0x31535846;  // "FXS1"

Status corrupt(std::string_view what) { return Status(ErrorCode::corruption, what); }

Status newer(std::string_view what, unsigned found, unsigned known) {
  return Status(ErrorCode::failed_precondition,
                std::string(what) + " has version " + std::to_string(found) +
                    ", this library reads up to " + std::to_string(known) +
                    ": open the store with a newer one");
}

std::uint32_t log_checksum(std::string_view bytes) noexcept {
  return crc32c(as_byte_span(bytes.substr(8)), crc32c(as_byte_span(bytes.substr(0, 4))));
}

std::string begin_entry(std::uint16_t version, Kind kind, Outcome outcome) {
  std::string out;
  append_value(out, version);
  append_value(out, static_cast<std::uint8_t>(kind));
  append_value(out, static_cast<std::uint8_t>(outcome));
  append_value(out, std::uint32_t{0});
  return out;
}

void append_item(std::string& out, const LogEntry& entry) {
  out = begin_entry(entry.spaces == 0 ? version_of_added : version_with_spaces, kind_added,
                    entry.outcome);
  out.reserve(62 + entry.workflow.size() + entry.agent.size() + entry.step_type.size());
  append_value(out, entry.id.bytes);
  append_value(out, entry.reward);
  append_value(out, entry.started_at_ns);
  append_value(out, entry.stored_at_ns);
  for (const std::string_view text : {entry.workflow, entry.agent, entry.step_type}) {
    append_value(out, static_cast<std::uint32_t>(text.size()));
  }
  for (const std::string_view text : {entry.workflow, entry.agent, entry.step_type}) {
    out.append(text);
  }
  if (entry.spaces != 0) append_value(out, entry.spaces);
}

void append_item(std::string& out, const LogRemoval& removal) {
  out = begin_entry(version_of_changes, kind_removed, Outcome());
  append_value(out, removal.id.bytes);
  append_value(out, removal.target);
}

void append_item(std::string& out, const LogAmendment& amendment) {
  out = begin_entry(version_of_changes, kind_amended, amendment.standing.outcome);
  append_value(out, amendment.id.bytes);
  append_value(out, amendment.target);
  append_value(out, amendment.standing.reward);
  append_value(out, amendment.standing.uses);
  append_value(out, amendment.standing.used_at_ns);
}

void append_item(std::string& out, const LogVoid& gone) {
  out = begin_entry(version_of_changes, kind_void, Outcome());
  append_value(out, gone.through);
}

bool take_item(ByteReader& reader, std::uint16_t version, Outcome outcome, LogEntry& entry) {
  std::uint32_t lengths[3];
  entry.outcome = outcome;
  return reader.take(entry.id.bytes) && reader.take(entry.reward) &&
         reader.take(entry.started_at_ns) && reader.take(entry.stored_at_ns) &&
         reader.take(lengths) && reader.take_bytes(lengths[0], entry.workflow) &&
         reader.take_bytes(lengths[1], entry.agent) &&
         reader.take_bytes(lengths[2], entry.step_type) && std::isfinite(entry.reward) &&
         (version < version_with_spaces || reader.take(entry.spaces));
}

bool take_item(ByteReader& reader, std::uint16_t, Outcome, LogRemoval& removal) {
  return reader.take(removal.id.bytes) && reader.take(removal.target) && removal.target > 0;
}

bool take_item(ByteReader& reader, std::uint16_t, Outcome outcome, LogAmendment& amendment) {
  Standing& standing = amendment.standing;
  standing.outcome = outcome;
  return reader.take(amendment.id.bytes) && reader.take(amendment.target) && amendment.target > 0 &&
         reader.take(standing.reward) && reader.take(standing.uses) &&
         reader.take(standing.used_at_ns) && std::isfinite(standing.reward);
}

bool take_item(ByteReader& reader, std::uint16_t, Outcome, LogVoid& gone) {
  return reader.take(gone.through) && gone.through > 0 && gone.through < most_sequence;
}

template <typename Item>
Result<LogItem> decode_item(ByteReader& reader, std::uint16_t version, Outcome outcome) {
  Item item;
  if (!take_item(reader, version, outcome, item)) return corrupt("log entry: a field is malformed");
  return LogItem(item);
}

void append_spaces(std::string& out, const std::vector<VectorSpace>& spaces) {
  append_value(out, static_cast<std::uint16_t>(spaces.size()));
  for (const VectorSpace& space : spaces) {
    append_value(out, static_cast<std::uint32_t>(space.dimension));
    append_value(out, static_cast<std::uint16_t>(space.name.size()));
    out.append(space.name);
  }
}

bool take_spaces(ByteReader& reader, std::vector<VectorSpace>& spaces) {
  std::uint16_t count = 0;
  if (!reader.take(count) || count == 0 || count > most_spaces) return false;
  for (; count > 0; --count) {
    std::uint32_t dimension = 0;
    std::uint16_t name_bytes = 0;
    std::string_view name;
    if (!reader.take(dimension) || !reader.take(name_bytes) ||
        !reader.take_bytes(name_bytes, name)) {
      return false;
    }
    spaces.push_back({std::string(name), dimension});
  }
  return check_spaces(spaces).ok();
}

}  // namespace

std::string encode_log_item(const LogItem& item) {
  std::string out;
  std::visit([&out](const auto& one) { append_item(out, one); }, item);
  patch_value(out, 4, log_checksum(out));
  return out;
}

Result<LogItem> decode_log_item(std::string_view bytes) {
  ByteReader reader(bytes);
  std::uint16_t version = 0;
  std::uint8_t kind = 0;
  std::uint8_t code = 0;
  std::uint32_t crc = 0;
  if (!reader.take(version) || !reader.take(kind) || !reader.take(code) || !reader.take(crc)) {
    return corrupt("log entry: it is cut short");
  }
  if (crc != log_checksum(bytes)) return corrupt("log entry: its checksum does not match");
  if (version > version_of_changes) return newer("log entry", version, version_of_changes);
  if (code > static_cast<std::uint8_t>(Outcome::partial)) {
    return corrupt("log entry: a field is malformed");
  }
  const auto outcome = static_cast<Outcome>(code);
  switch (kind) {
    case kind_added:
      return decode_item<LogEntry>(reader, version, outcome);
    case kind_removed:
      return decode_item<LogRemoval>(reader, version, outcome);
    case kind_amended:
      return decode_item<LogAmendment>(reader, version, outcome);
    case kind_void:
      return decode_item<LogVoid>(reader, version, outcome);
    default:
      return corrupt("log entry: it is of no known kind");
  }
}

std::uint64_t last_of(std::uint64_t sequence, const LogItem& item) noexcept {
  const auto* gone = std::get_if<LogVoid>(&item);
  return gone == nullptr ? sequence : std::max(sequence, gone->through);
}

std::string encode_vector(std::span<const float> vector) {
  const std::string_view floats(reinterpret_cast<const char*>(vector.data()), vector.size_bytes());
  std::string out;
  out.reserve(sizeof(std::uint32_t) + floats.size());
  append_value(out, crc32c(as_byte_span(floats)));
  out.append(floats);
  return out;
}

Status decode_vector(std::string_view bytes, std::span<float> out) {
  if (bytes.size() != sizeof(std::uint32_t) + out.size_bytes()) {
    return corrupt("vector: it has " + std::to_string(bytes.size()) + " bytes, it should have " +
                   std::to_string(sizeof(std::uint32_t) + out.size_bytes()));
  }
  std::uint32_t crc;
  std::memcpy(&crc, bytes.data(), sizeof(crc));
  bytes.remove_prefix(sizeof(crc));
  if (crc != crc32c(as_byte_span(bytes))) return corrupt("vector: its checksum does not match");
  std::memcpy(out.data(), bytes.data(), bytes.size());
  for (const float value : out) {
    if (!std::isfinite(value)) return corrupt("vector: it holds a number that is not finite");
  }
  return {};
}

std::string encode_description(const StoreDescription& description) {
  std::string out;
  append_value(out, description_magic);
  append_value(out, std::uint32_t{0});
  append_value(out, description.spaces.empty() ? version_of_description : version_with_spaces);
  append_value(out, std::uint16_t{0});
  append_value(out, description.dimension);
  append_value(out, static_cast<std::uint32_t>(description.embedder.size()));
  out.append(description.embedder);
  if (!description.spaces.empty()) append_spaces(out, description.spaces);
  patch_value(out, 4, crc32c(as_byte_span(std::string_view(out).substr(8))));
  return out;
}

Result<StoreDescription> decode_description(std::string_view bytes) {
  ByteReader reader(bytes);
  std::uint32_t magic = 0;
  std::uint32_t crc = 0;
  std::uint16_t found_version = 0;
  std::uint16_t zero = 0;
  std::uint32_t name_bytes = 0;
  std::string_view name;
  StoreDescription description;
  if (!reader.take(magic) || magic != description_magic || !reader.take(crc)) {
    return corrupt("description of the store: it does not begin as one");
  }
  if (crc != crc32c(as_byte_span(reader.rest()))) {
    return corrupt("description of the store: its checksum does not match");
  }
  if (!reader.take(found_version)) return corrupt("description of the store: it is cut short");
  if (found_version > version_with_spaces) {
    return newer("the store", found_version, version_with_spaces);
  }
  if (!reader.take(zero) || !reader.take(description.dimension) || !reader.take(name_bytes) ||
      !reader.take_bytes(name_bytes, name)) {
    return corrupt("description of the store: it is cut short");
  }
  description.embedder = name;
  if (found_version >= version_with_spaces && !take_spaces(reader, description.spaces)) {
    return corrupt("description of the store: its spaces are none");
  }
  return description;
}

std::string sequence_key(std::uint64_t sequence) {
  std::string key;
  append_value(key, __builtin_bswap64(sequence));
  return key;
}

bool parse_sequence_key(std::string_view key, std::uint64_t& sequence) noexcept {
  if (key.size() != sizeof(sequence)) return false;
  std::memcpy(&sequence, key.data(), sizeof(sequence));
  sequence = __builtin_bswap64(sequence);
  return true;
}

std::string space_key(std::uint64_t sequence, std::uint8_t number) {
  std::string key = sequence_key(sequence);
  append_value(key, number);
  return key;
}

bool parse_space_key(std::string_view key, std::uint64_t& sequence, std::uint8_t& number) noexcept {
  if (key.size() != sizeof(sequence) + 1) return false;
  number = static_cast<std::uint8_t>(key.back());
  key.remove_suffix(1);
  return parse_sequence_key(key, sequence) && number >= 1 && number <= most_spaces;
}

}  // namespace frys::detail
