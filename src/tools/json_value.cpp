// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tools/json_value.hpp"

#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <charconv>
#include <system_error>
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
  // Numbers come as they are written: RapidJSON's own way to double has undefined behaviour
  // ("0e-9"), and makes infinity of what is a little too large.
  bool RawNumber(const Ch* text, rapidjson::SizeType size, bool) {
    JsonValue number{.kind = JsonValue::Kind::number};
    if (!read_all(text, size, number.number)) {
      return refuse("a number is too large or too small for 64 bits");
    }
    std::int64_t whole = 0;
    std::uint64_t large = 0;
    if (read_all(text, size, whole)) {
      number.whole = whole;
      if (whole >= 0) number.whole_unsigned = static_cast<std::uint64_t>(whole);
    } else if (read_all(text, size, large)) {
      number.whole_unsigned = large;
    }
    return add(std::move(number));
  }
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(std::int64_t) { return false; }
  bool Uint64(std::uint64_t) { return false; }
  bool Double(double) { return false; }
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
  /// Why the builder, rather than the grammar, took no more.
  [[nodiscard]] const char* refusal() const noexcept { return refusal_; }

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
  template <typename Number>
  static bool read_all(const Ch* text, std::size_t size, Number& number) {
    const std::from_chars_result read = std::from_chars(text, text + size, number);
    return read.ec == std::errc() && read.ptr == text + size;
  }
  bool refuse(const char* why) {
    refusal_ = why;
    return false;
  }
  bool add(JsonValue value) {
    hang(std::move(value));
    return true;
  }
  // What is open grows no more before what is in it is closed, so its address stays.
  bool open(JsonValue::Kind kind) {
    if (open_.size() == most_depth) return refuse("lists and objects are nested too deeply");
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
  const char* refusal_ = "";
};

}  // namespace

Result<JsonValue> parse_json(std::string_view text) {
  TreeBuilder builder;
  rapidjson::Reader reader;
  rapidjson::MemoryStream stream(text.data(), text.size());
  rapidjson::EncodedInputStream<rapidjson::UTF8<>, rapidjson::MemoryStream> input(stream);
  const rapidjson::ParseResult parsed = reader.Parse < rapidjson::kParseValidateEncodingFlag |
                                        rapidjson::kParseNumbersAsStringsFlag |
                                        rapidjson::kParseIterativeFlag > (input, builder);
  if (!parsed.IsError()) return builder.take();
  const bool refused = parsed.Code() == rapidjson::kParseErrorTermination;
  return Status(ErrorCode::invalid_argument,
                "column " + std::to_string(parsed.Offset() + 1) + ": " +
                    (refused ? builder.refusal() : rapidjson::GetParseError_En(parsed.Code())));
}

}  // namespace frys::tools
