// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/log_codec.hpp"

#include <cmath>

#include "core/crc32c.hpp"
#include "experience/bytes.hpp"

namespace frys::detail {
namespace {

constexpr std::uint16_t version = 1;
constexpr std::uint8_t kind_added = 1;
constexpr std::uint32_t description_magic = 0x31535846;  // "FXS1"

Status corrupt(std::string_view what) { return Status(ErrorCode::corruption, what); }

Status newer(std::string_view what, unsigned found) {
  return Status(ErrorCode::failed_precondition,
                std::string(what) + " has version " + std::to_string(found) +
                    ", this library reads up to " + std::to_string(version) +
                    ": open the store with a newer one");
}

std::uint32_t log_checksum(std::string_view bytes) noexcept {
  return crc32c(as_byte_span(bytes.substr(8)), crc32c(as_byte_span(bytes.substr(0, 4))));
}

}  // namespace

std::string encode_log_entry(const LogEntry& entry) {
  std::string out;
  out.reserve(60 + entry.workflow.size() + entry.agent.size() + entry.step_type.size());
  append_value(out, version);
  append_value(out, kind_added);
  append_value(out, static_cast<std::uint8_t>(entry.outcome));
  append_value(out, std::uint32_t{0});
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
  patch_value(out, 4, log_checksum(out));
  return out;
}

Result<LogEntry> decode_log_entry(std::string_view bytes) {
  LogEntry entry;
  ByteReader reader(bytes);
  std::uint16_t found_version = 0;
  std::uint8_t kind = 0;
  std::uint8_t outcome = 0;
  std::uint32_t crc = 0;
  std::uint32_t lengths[3];
  if (!reader.take(found_version) || !reader.take(kind) || !reader.take(outcome) ||
      !reader.take(crc) || !reader.take(entry.id.bytes) || !reader.take(entry.reward) ||
      !reader.take(entry.started_at_ns) || !reader.take(entry.stored_at_ns) ||
      !reader.take(lengths)) {
    return corrupt("log entry: it is cut short");
  }
  if (crc != log_checksum(bytes)) return corrupt("log entry: its checksum does not match");
  if (found_version > version) return newer("log entry", found_version);
  if (kind != kind_added || outcome > static_cast<std::uint8_t>(Outcome::partial) ||
      !std::isfinite(entry.reward) || !reader.take_bytes(lengths[0], entry.workflow) ||
      !reader.take_bytes(lengths[1], entry.agent) ||
      !reader.take_bytes(lengths[2], entry.step_type)) {
    return corrupt("log entry: a field is malformed");
  }
  entry.outcome = static_cast<Outcome>(outcome);
  return entry;
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
    return corrupt("vector: it has " + std::to_string(bytes.size()) + " bytes, the store's have " +
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
  append_value(out, version);
  append_value(out, std::uint16_t{0});
  append_value(out, description.dimension);
  append_value(out, static_cast<std::uint32_t>(description.embedder.size()));
  out.append(description.embedder);
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
  if (found_version > version) return newer("the store", found_version);
  if (!reader.take(zero) || !reader.take(description.dimension) || !reader.take(name_bytes) ||
      !reader.take_bytes(name_bytes, name)) {
    return corrupt("description of the store: it is cut short");
  }
  description.embedder = name;
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

}  // namespace frys::detail
