// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What a replay of an allocation trace prints.

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <cstdarg>
#include <cstdio>

#include "tools/memory_replay.hpp"

namespace frys::tools {
namespace {

using Writer = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

void append(std::string& out, const char* format, ...) __attribute__((format(printf, 2, 3)));

void append(std::string& out, const char* format, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  const int length = std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (length > 0) out.append(line, std::min<std::size_t>(static_cast<std::size_t>(length), 511));
}

void append_count(std::string& out, const char* what, std::uint64_t value) {
  append(out, "  %-26s %16llu\n", what, static_cast<unsigned long long>(value));
}

void append_number(std::string& out, const char* what, int digits, double value) {
  append(out, "  %-26s %16.*f\n", what, digits, value);
}

void count(Writer& json, const char* key, std::uint64_t value) {
  json.Key(key);
  json.Uint64(value);
}

void write_scope(Writer& json, const MemoryScopeLine& scope) {
  json.StartObject();
  json.Key("path");
  json.String(scope.path.c_str(), static_cast<rapidjson::SizeType>(scope.path.size()));
  count(json, "opened", scope.opened);
  count(json, "peak_bytes", scope.peak_bytes);
  json.EndObject();
}

void write_trace(Writer& json, const MemoryReplayFigures& figures) {
  json.StartObject();
  json.Key("trace");
  json.String(figures.label.c_str());
  count(json, "threads", figures.threads);
  count(json, "scopes", figures.scopes);
  count(json, "blocks", figures.blocks);
  count(json, "reservations", figures.reservations);
  count(json, "refusals", figures.refusals);
  count(json, "blocks_from_before", figures.old_frees);
  json.Key("recorded_ns");
  json.Int64(figures.recorded_ns);
  count(json, "operations", figures.operations);
  count(json, "refused_in_replay", figures.refused);
  json.Key("ns_per_operation");
  json.Double(figures.ns_per_operation);
  count(json, "peak_bytes", figures.peak_bytes);
  count(json, "committed_bytes", figures.committed_bytes);
  json.Key("committed_over_requested");
  json.Double(figures.committed_over_requested());
  count(json, "first_touch_pages_per_round", figures.first_touch_pages);
  count(json, "system_calls_per_round", figures.system_calls);
  json.Key("largest_scopes");
  json.StartArray();
  for (const MemoryScopeLine& scope : figures.largest) write_scope(json, scope);
  json.EndArray();
  json.EndObject();
}

// Control characters in a name would disturb the terminal.
std::string printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

}  // namespace

std::string to_text(const MemoryReplayFigures& figures) {
  std::string out = figures.label + "\n";
  append_number(out, "recorded, s", 3, static_cast<double>(figures.recorded_ns) / 1e9);
  append_count(out, "threads", figures.threads);
  append_count(out, "scopes", figures.scopes);
  append_count(out, "blocks", figures.blocks);
  append_count(out, "reservations", figures.reservations);
  append_count(out, "refusals, not replayed", figures.refusals);
  append_count(out, "blocks from before", figures.old_frees);
  append_count(out, "operations a round", figures.operations);
  append_count(out, "refused in the replay", figures.refused);
  append_number(out, "ns an operation", 1, figures.ns_per_operation);
  append_count(out, "peak requested, bytes", figures.peak_bytes);
  append_count(out, "committed, bytes", figures.committed_bytes);
  append_number(out, "committed over requested", 4, figures.committed_over_requested());
  append_count(out, "first-touch pages a round", figures.first_touch_pages);
  append_count(out, "system calls a round", figures.system_calls);
  append(out, "  largest scopes:\n  %16s %8s  path\n", "peak, bytes", "opened");
  for (const MemoryScopeLine& scope : figures.largest) {
    append(out, "  %16llu %8llu  ", static_cast<unsigned long long>(scope.peak_bytes),
           static_cast<unsigned long long>(scope.opened));
    out += printable(scope.path) + "\n";
  }
  return out;
}

std::string to_json(const std::vector<MemoryReplayFigures>& figures) {
  rapidjson::StringBuffer buffer;
  Writer json(buffer);
  json.SetIndent(' ', 2);
  json.StartObject();
  json.Key("traces");
  json.StartArray();
  for (const MemoryReplayFigures& trace : figures) write_trace(json, trace);
  json.EndArray();
  json.EndObject();
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

}  // namespace frys::tools
