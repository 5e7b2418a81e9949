// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What the reports of the tools are written with: lines for people, JSON for programs.

#pragma once

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <cstdint>
#include <string>

namespace frys::tools {

/// Appends as printf writes; at most 511 bytes.
void append(std::string& out, const char* format, ...) __attribute__((format(printf, 2, 3)));

using JsonWriter = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

inline void write_number(JsonWriter& json, const char* key, double value) {
  json.Key(key);
  json.Double(value);
}
inline void write_count(JsonWriter& json, const char* key, std::uint64_t value) {
  json.Key(key);
  json.Uint64(value);
}
inline void write_text(JsonWriter& json, const char* key, const std::string& value) {
  json.Key(key);
  json.String(value.c_str(), static_cast<rapidjson::SizeType>(value.size()));
}

}  // namespace frys::tools
