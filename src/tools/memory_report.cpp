// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What a replay of an allocation trace prints.

#include "tools/memory_replay.hpp"
#include "tools/report_text.hpp"

namespace frys::tools {
namespace {

void append_count(std::string& out, const char* what, std::uint64_t value) {
  append(out, "  %-26s %16llu\n", what, static_cast<unsigned long long>(value));
}

void append_number(std::string& out, const char* what, int digits, double value) {
  append(out, "  %-26s %16.*f\n", what, digits, value);
}

void write_scope(JsonWriter& json, const MemoryScopeLine& scope) {
  json.StartObject();
  write_text(json, "path", scope.path);
  write_count(json, "opened", scope.opened);
  write_count(json, "peak_bytes", scope.peak_bytes);
  json.EndObject();
}

void write_trace(JsonWriter& json, const MemoryReplayFigures& figures) {
  json.StartObject();
  write_text(json, "trace", figures.label);
  write_count(json, "threads", figures.threads);
  write_count(json, "scopes", figures.scopes);
  write_count(json, "blocks", figures.blocks);
  write_count(json, "reservations", figures.reservations);
  write_count(json, "refusals", figures.refusals);
  write_count(json, "blocks_from_before", figures.old_frees);
  json.Key("recorded_ns");
  json.Int64(figures.recorded_ns);
  write_count(json, "operations", figures.operations);
  write_count(json, "refused_in_replay", figures.refused);
  write_number(json, "ns_per_operation", figures.ns_per_operation);
  write_count(json, "peak_bytes", figures.peak_bytes);
  write_count(json, "committed_bytes", figures.committed_bytes);
  write_number(json, "committed_over_requested", figures.committed_over_requested());
  write_count(json, "first_touch_pages_per_round", figures.first_touch_pages);
  write_count(json, "system_calls_per_round", figures.system_calls);
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
  JsonWriter json(buffer);
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
