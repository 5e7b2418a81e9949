// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tools/experience_json.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>

#include "tools/base64.hpp"
#include "tools/json_value.hpp"

namespace frys::tools {
namespace {

using Value = JsonValue;
using Writer = rapidjson::Writer<rapidjson::StringBuffer, rapidjson::UTF8<>, rapidjson::UTF8<>,
                                 rapidjson::CrtAllocator, rapidjson::kWriteValidateEncodingFlag>;

struct TextField {
  const char* name;
  std::string Experience::* text;
};
constexpr std::array text_fields{TextField{"workflow", &Experience::workflow},
                                 TextField{"agent", &Experience::agent},
                                 TextField{"step_type", &Experience::step_type},
                                 TextField{"situation", &Experience::situation},
                                 TextField{"action", &Experience::action},
                                 TextField{"outcome_text", &Experience::outcome_text}};

struct BytesField {
  const char* name;
  std::vector<std::byte> Experience::* bytes;
};
constexpr std::array dtypes{DType::f32, DType::f64, DType::f16, DType::bf16, DType::i8,
                            DType::u8,  DType::i16, DType::i32, DType::i64,  DType::boolean};
constexpr std::array bytes_fields{BytesField{"payload", &Experience::payload},
                                  BytesField{"unknown_fields", &Experience::unknown_fields}};

/// Lists the numbers once, for both directions: `io(name, number)`.
template <typename E, typename Io>
void number_fields(E& experience, Io&& io) {
  io("reward", experience.reward);
  io("started_at_ns", experience.started_at_ns);
  io("duration_ns", experience.duration_ns);
  io("input_size", experience.input_size);
}
template <typename R, typename Io>
void resource_fields(R& resources, Io&& io) {
  io("predicted_bytes", resources.predicted_bytes);
  io("given_bytes", resources.given_bytes);
  io("peak_bytes", resources.peak_bytes);
  io("page_faults", resources.page_faults);
  io("predicted_duration_ns", resources.predicted_duration_ns);
  io("queued_ns", resources.queued_ns);
}

template <typename S, typename Io>
void standing_fields(S& standing, Io&& io) {
  io("reward", standing.reward);
  io("uses", standing.uses);
  io("used_at_ns", standing.used_at_ns);
}

bool is_utf8(const std::string& text) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  return writer.String(text.c_str(), static_cast<rapidjson::SizeType>(text.size()));
}

void write_text(Writer& json, const std::string& text) {
  if (is_utf8(text)) {
    json.String(text.c_str(), static_cast<rapidjson::SizeType>(text.size()));
    return;
  }
  const std::string encoded = to_base64(std::as_bytes(std::span(text)));
  json.StartObject();
  json.Key("base64");
  json.String(encoded.c_str());
  json.EndObject();
}

/// The fewest digits that are read back as the same number.
template <typename Number>
std::string digits_of(Number value) {
  char digits[64];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}
std::string shortest(float value) {
  const std::string digits = digits_of(value);
  // They are read as a double, which might round twice.
  double read = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), read);
  return static_cast<float>(read) == value ? digits : digits_of(static_cast<double>(value));
}

void write_raw(Writer& json, const std::string& number) {
  json.RawValue(number.c_str(), number.size(), rapidjson::kNumberType);
}
void write(Writer& json, double value) { write_raw(json, digits_of(value)); }
void write(Writer& json, std::int64_t value) { json.Int64(value); }
void write(Writer& json, std::uint64_t value) { json.Uint64(value); }

struct WriteUnlessZero {
  Writer& json;
  template <typename Number>
  void operator()(const char* name, Number value) const {
    if (value == 0 && !std::signbit(static_cast<double>(value))) return;
    json.Key(name);
    write(json, value);
  }
};

void write_floats(Writer& json, const std::vector<float>& values) {
  json.StartArray();
  for (const float value : values) write_raw(json, shortest(value));
  json.EndArray();
}

void write_lists(Writer& json, const Experience& experience) {
  if (!experience.tags.empty()) {
    json.Key("tags");
    json.StartArray();
    for (const std::string& tag : experience.tags) write_text(json, tag);
    json.EndArray();
  }
  if (!experience.embedding.empty()) {
    json.Key("embedding");
    write_floats(json, experience.embedding);
  }
  if (!experience.embeddings.empty()) {
    json.Key("embeddings");
    json.StartObject();
    for (const NamedEmbedding& named : experience.embeddings) {
      json.Key(named.name.c_str(), static_cast<rapidjson::SizeType>(named.name.size()));
      write_floats(json, named.vector);
    }
    json.EndObject();
  }
}

void write_payload_tensor(Writer& json, const PayloadTensor& tensor) {
  json.Key("payload_tensor");
  json.StartObject();
  json.Key("dtype");
  json.String(std::string(to_string(tensor.dtype)).c_str());
  json.Key("shape");
  json.StartArray();
  for (const std::int64_t extent : tensor.shape.extents()) json.Int64(extent);
  json.EndArray();
  json.EndObject();
}

/// Reads the fields of one line; the first that is wrong makes `status`.
class LineReader {
 public:
  explicit LineReader(const Value& object) : object_(object) {}

  Result<ExperienceLine> read() {
    ExperienceLine line;
    Experience& e = line.experience;
    for (const TextField& field : text_fields) {
      if (const Value* value = take(field.name)) e.*field.text = text(field.name, *value);
    }
    for (const BytesField& field : bytes_fields) {
      if (const Value* value = take(field.name)) e.*field.bytes = bytes(field.name, *value);
    }
    if (const Value* value = take("payload_tensor")) e.payload_tensor = payload_tensor(*value);
    if (const Value* value = take("outcome")) e.outcome = outcome(*value);
    number_fields(e, [this](const char* name, auto& number) { read_number(name, number); });
    if (const Value* value = take("resources")) read_resources(*value, e.resources);
    if (const Value* value = take("tags")) read_tags(*value, e);
    if (const Value* value = take("embedding")) e.embedding = floats("embedding", *value);
    if (const Value* value = take("embeddings")) read_embeddings(*value, e);
    if (const Value* value = take("standing")) line.standing = standing(*value);
    complain_of_others();
    if (!status_.ok()) return status_;
    return line;
  }

 private:
  void fail(const std::string& field, const std::string& what) {
    if (status_.ok()) {
      status_ = {ErrorCode::invalid_argument, "field \"" + field + "\": " + what};
    }
  }
  const Value* take(const char* name) {
    const Value* found = object_.find(name);
    if (found != nullptr) ++taken_[name];
    return found;
  }
  std::string text(const std::string& field, const Value& value) {
    if (value.kind == Value::Kind::text) return value.text;
    if (value.names.size() == 1 && value.names[0] == "base64") {
      const std::vector<std::byte> raw = bytes(field, value.items[0]);
      return {reinterpret_cast<const char*>(raw.data()), raw.size()};
    }
    fail(field, "must be a text");
    return {};
  }
  std::vector<std::byte> bytes(const std::string& field, const Value& value) {
    std::optional<std::vector<std::byte>> raw;
    if (value.kind == Value::Kind::text) raw = from_base64(value.text);
    if (!raw) fail(field, "must be bytes in base64");
    return raw ? *std::move(raw) : std::vector<std::byte>();
  }
  /// That the payload fits is for the store to say.
  PayloadTensor payload_tensor(const Value& value) {
    PayloadTensor tensor;
    const Value* dtype = value.find("dtype");
    const Value* shape = value.find("shape");
    if (value.names.size() != 2 || dtype == nullptr || shape == nullptr) {
      fail("payload_tensor", "must be an object of \"dtype\" and \"shape\"");
      return tensor;
    }
    const auto* named = std::ranges::find_if(dtypes, [&](DType each) {
      return dtype->kind == Value::Kind::text && to_string(each) == dtype->text;
    });
    if (named == dtypes.end()) {
      fail("payload_tensor.dtype", "must be the name of a dtype, as \"f32\"");
      return tensor;
    }
    tensor.dtype = *named;
    if (shape->kind != Value::Kind::list || shape->items.size() > max_rank) {
      fail("payload_tensor.shape", "must be a list of at most 8 whole numbers");
      return tensor;
    }
    std::array<std::int64_t, max_rank> extents{};
    for (std::size_t dim = 0; dim < shape->items.size(); ++dim) {
      read_value("payload_tensor.shape", shape->items[dim], extents[dim]);
    }
    tensor.shape = Shape(std::span(extents).first(shape->items.size()));
    return tensor;
  }
  Outcome outcome(const Value& value) {
    for (const Outcome each : {Outcome::success, Outcome::failure, Outcome::partial}) {
      if (value.kind == Value::Kind::text && to_string(each) == value.text) return each;
    }
    fail("outcome", "must be \"success\", \"failure\" or \"partial\"");
    return Outcome::success;
  }
  void read_value(const std::string& field, const Value& value, double& number) {
    if (value.kind != Value::Kind::number) return fail(field, "must be a number");
    number = value.number;
  }
  void read_value(const std::string& field, const Value& value, std::int64_t& number) {
    if (!value.whole) return fail(field, "must be a whole number of 64 bits");
    number = *value.whole;
  }
  void read_value(const std::string& field, const Value& value, std::uint64_t& number) {
    if (!value.whole_unsigned) {
      return fail(field, "must be a whole number of 64 bits, not below zero");
    }
    number = *value.whole_unsigned;
  }
  template <typename Number>
  void read_number(const char* name, Number& number) {
    if (const Value* value = take(name)) read_value(name, *value, number);
  }
  void read_resources(const Value& value, ExperienceResources& resources) {
    if (value.kind != Value::Kind::object) return fail("resources", "must be an object");
    std::size_t known = 0;
    resource_fields(resources, [&](const char* name, auto& number) {
      const Value* found = value.find(name);
      if (found == nullptr) return;
      ++known;
      read_value(std::string("resources.") + name, *found, number);
    });
    if (known != value.names.size()) fail("resources", "has a field that is unknown or twice");
  }
  Standing standing(const Value& value) {
    Standing standing;
    if (value.kind != Value::Kind::object) {
      fail("standing", "must be an object");
      return standing;
    }
    std::size_t known = 0;
    if (const Value* found = value.find("outcome")) {
      standing.outcome = outcome(*found);
      ++known;
    }
    standing_fields(standing, [&](const char* name, auto& number) {
      const Value* found = value.find(name);
      if (found == nullptr) return;
      ++known;
      read_value(std::string("standing.") + name, *found, number);
    });
    if (known != value.names.size()) fail("standing", "has a field that is unknown or twice");
    return standing;
  }
  void read_tags(const Value& value, Experience& e) {
    if (value.kind != Value::Kind::list) return fail("tags", "must be a list of texts");
    for (const Value& tag : value.items) e.tags.push_back(text("tags", tag));
  }
  std::vector<float> floats(const std::string& field, const Value& value) {
    std::vector<float> numbers;
    if (value.kind != Value::Kind::list) fail(field, "must be a list of numbers");
    for (const Value& each : value.items) {
      if (each.kind != Value::Kind::number) fail(field, "must be a list of numbers");
      if (std::abs(each.number) > std::numeric_limits<float>::max()) {
        fail(field, "holds a number beyond those of 32 bits");
      }
      if (!status_.ok()) break;
      numbers.push_back(static_cast<float>(each.number));
    }
    return numbers;
  }
  /// In order of their names, as a store keeps them.
  void read_embeddings(const Value& value, Experience& e) {
    if (value.kind != Value::Kind::object) return fail("embeddings", "must be an object of lists");
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      const std::string& name = value.names[i];
      e.embeddings.push_back({name, floats("embeddings." + name, value.items[i])});
    }
    std::ranges::sort(e.embeddings, {}, &NamedEmbedding::name);
    const auto twice = std::ranges::adjacent_find(e.embeddings, {}, &NamedEmbedding::name);
    if (twice != e.embeddings.end()) fail("embeddings." + twice->name, "is there twice");
  }
  void complain_of_others() {
    std::map<std::string, int> seen;
    for (const std::string& name : object_.names) {
      if (!taken_.contains(name)) fail(name, "is not known");
      if (++seen[name] > 1) fail(name, "is there twice");
    }
  }

  const Value& object_;
  std::map<std::string, int> taken_;
  Status status_;
};

}  // namespace

std::string to_json_line(const Experience& experience, const std::optional<Standing>& standing) {
  rapidjson::StringBuffer buffer;
  Writer json(buffer);
  json.StartObject();
  for (const TextField& field : text_fields) {
    if ((experience.*field.text).empty()) continue;
    json.Key(field.name);
    write_text(json, experience.*field.text);
  }
  json.Key("outcome");
  json.String(std::string(to_string(experience.outcome)).c_str());
  number_fields(experience, WriteUnlessZero{json});
  if (experience.resources != ExperienceResources{}) {
    json.Key("resources");
    json.StartObject();
    resource_fields(experience.resources, WriteUnlessZero{json});
    json.EndObject();
  }
  write_lists(json, experience);
  for (const BytesField& field : bytes_fields) {
    if ((experience.*field.bytes).empty()) continue;
    json.Key(field.name);
    json.String(to_base64(experience.*field.bytes).c_str());
  }
  if (experience.payload_tensor) write_payload_tensor(json, *experience.payload_tensor);
  if (standing && *standing != Standing{experience.outcome, experience.reward, 0, 0}) {
    json.Key("standing");
    json.StartObject();
    json.Key("outcome");
    json.String(std::string(to_string(standing->outcome)).c_str());
    standing_fields(*standing, WriteUnlessZero{json});
    json.EndObject();
  }
  json.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

Result<ExperienceLine> from_json_line(std::string_view line) {
  const Result<Value> object = parse_json(line);
  if (!object) return object.error();
  if (object->kind != Value::Kind::object) {
    return Status(ErrorCode::invalid_argument, "a line must be one JSON object");
  }
  return LineReader(*object).read();
}

}  // namespace frys::tools
