// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/record_codec.hpp"

#include <array>
#include <cmath>

#include "core/crc32c.hpp"
#include "experience/blake2b.hpp"
#include "experience/bytes.hpp"
#include "experience/embedding_spaces.hpp"

namespace frys::detail {
namespace {

constexpr std::uint32_t magic = 0x31505846;  // "FXP1"
constexpr std::uint16_t version = 1;
constexpr std::size_t header_bytes = 16;
constexpr std::size_t max_body_bytes = std::size_t{1} << 30;

enum Tag : std::uint16_t {
  tag_workflow = 1,
  tag_agent,
  tag_step_type,
  tag_situation,
  tag_action,
  tag_outcome_text,
  tag_outcome,
  tag_reward,
  tag_started_at,
  tag_duration,
  tag_input_size,
  tag_resources,
  tag_tag,
  tag_embedding,
  tag_payload,
  tag_named_embedding,
  tag_payload_tensor,
};
constexpr std::uint16_t tag_first_unknown = tag_payload_tensor + 1;
// Unknown to the first version of the library, which kept it.
constexpr std::uint16_t tag_first_kept = tag_named_embedding;

struct PackedResources {
  std::uint64_t predicted_bytes, given_bytes, peak_bytes, page_faults;
  std::int64_t predicted_duration_ns, queued_ns;
};
static_assert(sizeof(PackedResources) == 48);

Status invalid(std::string_view what) {
  return Status(ErrorCode::invalid_argument, "experience: " + std::string(what));
}

Status corrupt(std::string_view what) {
  return Status(ErrorCode::corruption, "experience record: " + std::string(what));
}

void append_field(std::string& out, std::uint16_t tag, std::string_view value) {
  append_value(out, tag);
  append_value(out, static_cast<std::uint32_t>(value.size()));
  out.append(value);
}

void append_text(std::string& out, std::uint16_t tag, std::string_view value) {
  if (!value.empty()) append_field(out, tag, value);
}

template <typename T>
void append_number(std::string& out, std::uint16_t tag, T value) {
  if (value != T{}) {
    append_field(out, tag, {reinterpret_cast<const char*>(&value), sizeof(value)});
  }
}

template <typename T>
std::string_view bytes_of(const std::vector<T>& values) noexcept {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

/// Whether `bytes` is a row of fields that begins with one of a later version.
bool are_unknown_fields(std::string_view bytes) noexcept {
  ByteReader reader(bytes);
  std::uint16_t least = tag_first_unknown;
  while (!reader.empty()) {
    std::uint16_t tag;
    std::uint32_t length;
    std::string_view value;
    if (!reader.take(tag) || !reader.take(length) || !reader.take_bytes(length, value)) {
      return false;
    }
    if (tag < least) return false;
    least = tag_first_kept;
  }
  return true;
}

/// Whether `payload_bytes` bytes can be such a tensor.
Status check_payload(const std::optional<PayloadTensor>& tensor, std::size_t payload_bytes) {
  if (!tensor) return {};
  const std::size_t element_bytes = size_of(tensor->dtype);
  if (element_bytes == 0) {
    return invalid("payload_tensor has the unknown dtype " +
                   std::to_string(static_cast<unsigned>(tensor->dtype)));
  }
  const Status status = tensor->shape.validate(element_bytes);
  if (!status.ok()) return invalid("payload_tensor: " + std::string(status.message()));
  const std::size_t bytes = tensor->shape.elements() * element_bytes;
  if (bytes == payload_bytes) return {};
  return invalid("payload_tensor, " + std::string(to_string(tensor->dtype)) + " " +
                 tensor->shape.to_string() + ", takes " + std::to_string(bytes) +
                 " bytes; the payload has " + std::to_string(payload_bytes));
}

Status check_content(const Experience& e) {
  if (!std::isfinite(e.reward)) return invalid("reward is not a finite number; give one");
  if (!std::isfinite(e.input_size)) return invalid("input_size is not a finite number; give one");
  if (e.duration_ns < 0) {
    return invalid("duration_ns is " + std::to_string(e.duration_ns) + "; give 0 or more");
  }
  if (static_cast<std::uint8_t>(e.outcome) > static_cast<std::uint8_t>(Outcome::partial)) {
    return invalid("outcome has the unknown value " +
                   std::to_string(static_cast<unsigned>(e.outcome)));
  }
  for (std::size_t i = 0; i < e.embedding.size(); ++i) {
    if (!std::isfinite(e.embedding[i])) {
      return invalid("embedding[" + std::to_string(i) + "] is not a finite number");
    }
  }
  return check_payload(e.payload_tensor, e.payload.size());
}

/// At least the body's size; over the limit means too large.
std::size_t estimate_bytes(const Experience& e) noexcept {
  std::size_t total = 256;
  for (const std::string* text :
       {&e.workflow, &e.agent, &e.step_type, &e.situation, &e.action, &e.outcome_text}) {
    total += text->size();
  }
  for (const std::string& tag : e.tags) total += 6 + tag.size();
  for (const NamedEmbedding& named : e.embeddings) total += 6 + named_bytes(named);
  return total + e.embedding.size() * sizeof(float) + e.payload.size() + e.unknown_fields.size();
}

void append_payload_tensor(std::string& out, const PayloadTensor& tensor) {
  std::string value;
  append_value(value, static_cast<std::uint8_t>(tensor.dtype));
  append_value(value, static_cast<std::uint8_t>(tensor.shape.rank()));
  for (const std::int64_t extent : tensor.shape.extents()) append_value(value, extent);
  append_field(out, tag_payload_tensor, value);
}

void append_body(std::string& out, const Experience& e, const NamedEmbeddings& named) {
  append_text(out, tag_workflow, e.workflow);
  append_text(out, tag_agent, e.agent);
  append_text(out, tag_step_type, e.step_type);
  append_text(out, tag_situation, e.situation);
  append_text(out, tag_action, e.action);
  append_text(out, tag_outcome_text, e.outcome_text);
  append_number(out, tag_outcome, static_cast<std::uint8_t>(e.outcome));
  append_number(out, tag_reward, e.reward);
  append_number(out, tag_started_at, e.started_at_ns);
  append_number(out, tag_duration, e.duration_ns);
  append_number(out, tag_input_size, e.input_size);
  if (e.resources != ExperienceResources{}) {
    const ExperienceResources& r = e.resources;
    const PackedResources packed{r.predicted_bytes, r.given_bytes,           r.peak_bytes,
                                 r.page_faults,     r.predicted_duration_ns, r.queued_ns};
    append_field(out, tag_resources, {reinterpret_cast<const char*>(&packed), sizeof(packed)});
  }
  for (const std::string& tag : e.tags) append_field(out, tag_tag, tag);
  append_text(out, tag_embedding, bytes_of(e.embedding));
  append_text(out, tag_payload, bytes_of(e.payload));
  for (const NamedEmbedding* one : named) {
    append_value(out, std::uint16_t{tag_named_embedding});
    append_value(out, static_cast<std::uint32_t>(named_bytes(*one)));
    append_named(out, *one);
  }
  if (e.payload_tensor) append_payload_tensor(out, *e.payload_tensor);
  out.append(bytes_of(e.unknown_fields));
}

std::uint32_t checksum(std::string_view bytes) noexcept {
  return crc32c(as_byte_span(bytes.substr(header_bytes)), crc32c(as_byte_span(bytes.substr(4, 8))));
}

// None of these takes a default: that would be a second record of the same experience, with another
// identity.

template <typename T>
bool read_number(std::string_view value, T& number) noexcept {
  ByteReader reader(value);
  return reader.take(number) && reader.empty() && number != T{};
}

bool read_text(std::string_view value, std::string& text) {
  text = value;
  return !value.empty();
}

template <typename T>
bool read_vector(std::string_view value, std::vector<T>& out) {
  if (value.empty() || value.size() % sizeof(T) != 0) return false;
  out.resize(value.size() / sizeof(T));
  std::memcpy(out.data(), value.data(), value.size());
  return true;
}

bool read_outcome(std::string_view value, Outcome& outcome) noexcept {
  std::uint8_t number = 0;
  if (!read_number(value, number) || number > static_cast<std::uint8_t>(Outcome::partial)) {
    return false;
  }
  outcome = static_cast<Outcome>(number);
  return true;
}

bool read_resources(std::string_view value, ExperienceResources& resources) noexcept {
  PackedResources p;
  ByteReader reader(value);
  if (!reader.take(p) || !reader.empty()) return false;
  resources = {p.predicted_bytes, p.given_bytes,           p.peak_bytes,
               p.page_faults,     p.predicted_duration_ns, p.queued_ns};
  return resources != ExperienceResources{};
}

/// Whether there can be such a tensor is for check_payload to say.
bool read_payload_tensor(std::string_view value, std::optional<PayloadTensor>& tensor) noexcept {
  ByteReader reader(value);
  std::uint8_t dtype = 0;
  std::uint8_t rank = 0;
  if (!reader.take(dtype) || !reader.take(rank) || rank > max_rank) return false;
  std::array<std::int64_t, max_rank> extents{};
  for (std::size_t dim = 0; dim < rank; ++dim) {
    if (!reader.take(extents[dim])) return false;
  }
  tensor = {static_cast<DType>(dtype), Shape(std::span(extents).first(rank))};
  return reader.empty();
}

/// Sets the field `tag` of `e`; false when `value` can't be one.
bool read_field(Experience& e, std::uint16_t tag, std::string_view value) {
  switch (tag) {
    case tag_workflow:
      return read_text(value, e.workflow);
    case tag_agent:
      return read_text(value, e.agent);
    case tag_step_type:
      return read_text(value, e.step_type);
    case tag_situation:
      return read_text(value, e.situation);
    case tag_action:
      return read_text(value, e.action);
    case tag_outcome_text:
      return read_text(value, e.outcome_text);
    case tag_outcome:
      return read_outcome(value, e.outcome);
    case tag_reward:
      return read_number(value, e.reward);
    case tag_started_at:
      return read_number(value, e.started_at_ns);
    case tag_duration:
      return read_number(value, e.duration_ns);
    case tag_input_size:
      return read_number(value, e.input_size);
    case tag_resources:
      return read_resources(value, e.resources);
    case tag_tag:
      e.tags.emplace_back(value);
      return true;
    case tag_embedding:
      return read_vector(value, e.embedding);
    case tag_payload:
      return read_vector(value, e.payload);
    case tag_named_embedding:
      return read_named(value, e.embeddings);
    case tag_payload_tensor:
      return read_payload_tensor(value, e.payload_tensor);
    default:
      return false;
  }
}

struct Field {
  std::uint16_t tag = 0;
  bool known = false;  ///< Not of a later version.
  std::string_view value;
  std::string_view whole;  ///< With tag and length.
};

/// Calls `take(field)` for each field of a body; false says that it is malformed.
template <typename Take>
Status walk_fields(std::string_view body, Take&& take) {
  ByteReader reader(body);
  std::uint16_t previous = 0;
  while (!reader.empty()) {
    const std::string_view from_here = reader.rest();
    Field field;
    std::uint32_t length = 0;
    if (!reader.take(field.tag) || !reader.take(length) ||
        !reader.take_bytes(length, field.value)) {
      return corrupt("a field runs past the end at byte " +
                     std::to_string(header_bytes + body.size() - from_here.size()));
    }
    field.whole = from_here.substr(0, from_here.size() - reader.rest().size());
    // What the first version of the library kept came in any order.
    const bool after_unknown = previous == tag_first_unknown;
    field.known = field.tag < (after_unknown ? tag_first_kept : tag_first_unknown);
    const bool repeated = field.tag == tag_tag || field.tag == tag_named_embedding;
    const bool in_order =
        !field.known || field.tag > previous || (field.tag == previous && repeated);
    if (!in_order || !take(field)) {
      return corrupt("field " + std::to_string(field.tag) + " of " + std::to_string(length) +
                     " bytes is out of order or malformed");
    }
    previous = field.known ? field.tag : tag_first_unknown;
  }
  return {};
}

Result<Experience> decode_body(std::string_view body) {
  Experience e;
  Status status = walk_fields(body, [&e](const Field& field) {
    if (field.known) return read_field(e, field.tag, field.value);
    const auto bytes = as_byte_span(field.whole);
    e.unknown_fields.insert(e.unknown_fields.end(), bytes.begin(), bytes.end());
    return true;
  });
  if (!status.ok()) return status;
  status = check_content(e);
  if (!status.ok()) return corrupt(status.message());
  return e;
}

/// The body of a record whose header and checksum are right.
Result<std::string_view> check_header(std::string_view bytes) {
  ByteReader reader(bytes);
  std::uint32_t found_magic = 0;
  std::uint16_t found_version = 0;
  std::uint16_t zero = 0;
  std::uint32_t body_bytes = 0;
  std::uint32_t crc = 0;
  if (!reader.take(found_magic) || !reader.take(found_version) || !reader.take(zero) ||
      !reader.take(body_bytes) || !reader.take(crc)) {
    return corrupt("it has " + std::to_string(bytes.size()) + " bytes; its header alone has 16");
  }
  if (found_magic != magic) return corrupt("it does not begin with \"FXP1\"");
  if (body_bytes != reader.rest().size()) {
    return corrupt("its header says " + std::to_string(body_bytes) + " bytes of body, there are " +
                   std::to_string(reader.rest().size()));
  }
  if (crc != checksum(bytes)) return corrupt("its checksum does not match");
  if (found_version > version) {
    return Status(ErrorCode::failed_precondition,
                  "experience record: it has version " + std::to_string(found_version) +
                      ", this library reads up to " + std::to_string(version) +
                      ": open it with a newer one");
  }
  return reader.rest();
}

}  // namespace

Result<EncodedRecord> encode_record(const Experience& experience) {
  const Status status = check_content(experience);
  if (!status.ok()) return status;
  const std::size_t estimate = estimate_bytes(experience);
  if (estimate > max_body_bytes) {
    return invalid("it takes about " + std::to_string(estimate) +
                   " bytes; a record holds 1 GiB: keep the payload elsewhere and store its name");
  }
  if (!are_unknown_fields(bytes_of(experience.unknown_fields))) {
    return invalid("unknown_fields is not what decoding a record yields; leave it empty");
  }
  const Result<NamedEmbeddings> named = in_order(experience.embeddings);
  if (!named) return named.error();
  EncodedRecord record;
  std::string& out = record.bytes;
  out.reserve(header_bytes + estimate);
  append_value(out, magic);
  append_value(out, version);
  append_value(out, std::uint16_t{0});
  append_value(out, std::uint32_t{0});
  append_value(out, std::uint32_t{0});
  append_body(out, experience, *named);
  patch_value(out, 8, static_cast<std::uint32_t>(out.size() - header_bytes));
  patch_value(out, 12, checksum(out));
  record.id = record_id(out);
  return record;
}

Result<Experience> decode_record(std::string_view bytes) {
  const Result<std::string_view> body = check_header(bytes);
  if (!body) return body.error();
  return decode_body(*body);
}

Result<PayloadField> find_payload(std::string_view bytes) {
  const Result<std::string_view> body = check_header(bytes);
  if (!body) return body.error();
  PayloadField payload;
  Status status = walk_fields(*body, [&payload](const Field& field) {
    if (!field.known) return true;
    if (field.tag == tag_payload_tensor) return read_payload_tensor(field.value, payload.tensor);
    if (field.tag != tag_payload) return true;
    payload.bytes = field.value;
    return !field.value.empty();
  });
  if (!status.ok()) return status;
  status = check_payload(payload.tensor, payload.bytes.size());
  if (!status.ok()) return corrupt(status.message());
  return payload;
}

ExperienceId record_id(std::string_view bytes) noexcept {
  const std::string_view body = bytes.size() > header_bytes ? bytes.substr(header_bytes) : "";
  return {blake2b_128(as_byte_span(body))};
}

std::string_view embedded_text(const Experience& experience) noexcept {
  return experience.situation.empty() ? experience.action : experience.situation;
}

}  // namespace frys::detail
