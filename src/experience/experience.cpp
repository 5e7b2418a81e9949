// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/experience/experience.hpp"

#include <new>

#include "experience/record_codec.hpp"

namespace frys {
namespace {

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string_view to_string(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::success:
      return "success";
    case Outcome::failure:
      return "failure";
    case Outcome::partial:
      return "partial";
  }
  return "unknown";
}

std::string ExperienceId::to_string() const {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    text.push_back(digits[byte >> 4]);
    text.push_back(digits[byte & 15]);
  }
  return text;
}

Result<ExperienceId> ExperienceId::parse(std::string_view text) {
  ExperienceId id;
  bool valid = text.size() == 2 * id.bytes.size();
  for (std::size_t i = 0; valid && i < id.bytes.size(); ++i) {
    const int high = hex_digit(text[2 * i]);
    const int low = hex_digit(text[2 * i + 1]);
    valid = high >= 0 && low >= 0;
    id.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  if (valid) return id;
  return Status(ErrorCode::invalid_argument, "an experience's id is 32 hexadecimal digits, not \"" +
                                                 std::string(text.substr(0, 64)) + "\"");
}

Result<ExperienceId> content_id(const Experience& experience) {
  try {
    Result<detail::EncodedRecord> record = detail::encode_record(experience);
    if (!record) return record.error();
    return record->id;
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

}  // namespace frys
