// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tools/json_value.hpp"

#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <limits>
#include <utility>

namespace frys::tools {
namespace {

constexpr std::size_t most_depth = 64;

/// Receives the parts of a text in order and hangs each where it belongs.
class TreeBuilder {
 public:
  using Ch = char;
  bool Null() { return add({}); }
  bool Bool(bool value) { return add({.kind = JsonValue::Kind::boolean, .boolean = value}); }
  bool Int(int value) { return Int64(value); }
  bool Uint(unsigned value) { return Uint64(value); }
  bool Int64(std::int64_t value) {
    JsonValue number{.kind = JsonValue::Kind::number, .number = static_cast<double>(value)};
    number.whole = value;
    if (value >= 0) number.whole_unsigned = static_cast<std::uint64_t>(value);
    return add(std::move(number));
  }
  bool Uint64(std::uint64_t value) {
    JsonValue number{.kind = JsonValue::Kind::number, .number = static_cast<double>(value)};
    number.whole_unsigned = value;
    if (value <= std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
      number.whole = static_cast<std::int64_t>(value);
    }
    return add(std::move(number));
  }
  bool Double(double value) { return add({.kind = JsonValue::Kind::number, .number = value}); }
  bool RawNumber(const Ch*, rapidjson::SizeType, bool) { return false; }
  bool String(const Ch* text, rapidjson::SizeType size, bool) {
    return add({.kind = JsonValue::Kind::text, .text = std::string(text, size)});
  }
  bool Key(const Ch* text, rapidjson::SizeType size, bool) {
    key_.assign(text, size);
    return true;
  }
  bool StartObject() { return open(JsonValue::Kind::object); }
  bool StartArray() { return open(JsonValue::Kind::list); }
  bool EndObject(rapidjson::SizeType) { return close(); }
  bool EndArray(rapidjson::SizeType) { return close(); }

  JsonValue take() { return std::move(root_); }

 private:
  JsonValue* hang(JsonValue value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    JsonValue& parent = *open_.back();
    if (parent.kind == JsonValue::Kind::object) parent.names.push_back(std::move(key_));
    return &parent.items.emplace_back(std::move(value));
  }
  bool add(JsonValue value) {
    hang(std::move(value));
    return true;
  }
  // What is open grows no more before what is in it is closed, so its address stays.
  bool open(JsonValue::Kind kind) {
    if (open_.size() == most_depth) return false;
    open_.push_back(hang({.kind = kind}));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  JsonValue root_;
  std::vector<JsonValue*> open_;
  std::string key_;
};

}  // namespace

Result<JsonValue> parse_json(std::string_view text) {
  TreeBuilder builder;
  rapidjson::Reader reader;
  rapidjson::MemoryStream stream(text.data(), text.size());
  rapidjson::EncodedInputStream<rapidjson::UTF8<>, rapidjson::MemoryStream> input(stream);
  const rapidjson::ParseResult parsed = reader.Parse < rapidjson::kParseValidateEncodingFlag |
                                        rapidjson::kParseFullPrecisionFlag |
                                        rapidjson::kParseIterativeFlag > (input, builder);
  if (!parsed.IsError()) return builder.take();
  const bool too_deep = parsed.Code() == rapidjson::kParseErrorTermination;
  return Status(ErrorCode::invalid_argument,
                "column " + std::to_string(parsed.Offset() + 1) + ": " +
                    (too_deep ? "lists and objects are nested too deeply"
                              : rapidjson::GetParseError_En(parsed.Code())));
}

}  // namespace frys::tools
