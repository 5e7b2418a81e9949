// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/record_codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "core/crc32c.hpp"
#include "experience/bytes.hpp"

namespace frys::detail {
namespace {

using ::testing::HasSubstr;

Experience full_experience() {
  Experience e;
  e.workflow = "crew";
  e.agent = "critic";
  e.step_type = "review";
  e.situation = "a weak cluster";
  e.action = "sent back";
  e.outcome_text = std::string("with a\0zero", 11);
  e.outcome = Outcome::partial;
  e.reward = -0.25;
  e.started_at_ns = -5;
  e.duration_ns = 77;
  e.input_size = 1e9;
  e.resources = {1, 2, 3, 4, -5, 6};
  e.tags = {"x", "", "y"};
  e.embedding = {0.5F, -1.0F};
  e.payload = {std::byte{9}, std::byte{0}};
  e.payload_tensor = {DType::bf16, {1, 1}};
  e.embeddings = {{"code", {1, 2, 3}}, {"text-small", {-0.5F}}};
  return e;
}

/// A field of a later version.
void append_unknown(std::vector<std::byte>& out, std::uint16_t tag, std::string_view value) {
  std::string bytes;
  append_value(bytes, tag);
  append_value(bytes, static_cast<std::uint32_t>(value.size()));
  bytes += value;
  const auto span = as_byte_span(bytes);
  out.insert(out.end(), span.begin(), span.end());
}

/// Makes header and checksum agree with the body.
void seal(std::string& record) {
  patch_value(record, 8, static_cast<std::uint32_t>(record.size() - 16));
  const auto crc = crc32c(as_byte_span(std::string_view(record).substr(4, 8)));
  patch_value(record, 12, crc32c(as_byte_span(std::string_view(record).substr(16)), crc));
}

TEST(RecordCodecTest, RoundTrips) {
  for (const Experience& e : {Experience{}, full_experience()}) {
    const Result<EncodedRecord> record = encode_record(e);
    ASSERT_TRUE(record);
    const Result<Experience> back = decode_record(record->bytes);
    ASSERT_TRUE(back) << back.error().to_string();
    EXPECT_EQ(*back, e);
    EXPECT_EQ(record_id(record->bytes), record->id);
  }
}

TEST(RecordCodecTest, LayoutIsStable) {
  Experience e;
  e.agent = "ab";
  e.outcome = Outcome::failure;
  const std::string bytes = encode_record(e)->bytes;
  EXPECT_EQ(bytes.substr(0, 12), std::string("FXP1\x01\0\0\0\x0f\0\0\0", 12));
  EXPECT_EQ(bytes.substr(16), std::string("\x02\0\x02\0\0\0ab\x07\0\x01\0\0\0\x01", 15));
  EXPECT_EQ(encode_record(e)->id.to_string(), "c67d7317c954fd6616b44e9187521f04");
}

TEST(RecordCodecTest, IdentityIsOfTheContent) {
  const Experience e = full_experience();
  Experience other = e;
  EXPECT_EQ(encode_record(e)->id, encode_record(other)->id);
  other.reward += 1;
  EXPECT_NE(encode_record(e)->id, encode_record(other)->id);
  // What moves from one field to the next is another content.
  Experience left;
  left.workflow = "ab";
  Experience right;
  right.workflow = "a";
  right.agent = "b";
  EXPECT_NE(encode_record(left)->id, encode_record(right)->id);
}

TEST(RecordCodecTest, UnknownFieldsSurvive) {
  Experience e = full_experience();
  append_unknown(e.unknown_fields, 60, "from the future");
  append_unknown(e.unknown_fields, 4000, "");
  const Result<EncodedRecord> record = encode_record(e);
  ASSERT_TRUE(record);
  const Result<Experience> back = decode_record(record->bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, e);
  EXPECT_EQ(encode_record(*back)->bytes, record->bytes);
}

// The first version of the library knew no tag above 15, and kept whatever came.
TEST(RecordCodecTest, WhatFollowsAnUnknownFieldIsKept) {
  Experience e = full_experience();
  append_unknown(e.unknown_fields, 200, "abc");
  append_unknown(e.unknown_fields, 16, "");
  const Result<EncodedRecord> record = encode_record(e);
  ASSERT_TRUE(record) << record.error().to_string();
  const Result<Experience> back = decode_record(record->bytes);
  ASSERT_TRUE(back) << back.error().to_string();
  EXPECT_EQ(*back, e);
  append_unknown(e.unknown_fields, 15, "");
  EXPECT_EQ(encode_record(e).status(), ErrorCode::invalid_argument);
  e.unknown_fields.clear();
  append_unknown(e.unknown_fields, 16, "");
  EXPECT_EQ(encode_record(e).status(), ErrorCode::invalid_argument);
}

TEST(RecordCodecTest, NamedEmbeddingsHaveOneOrder) {
  Experience e;
  e.embeddings = {{"b", {2}}, {"a", {1, -1}}};
  const EncodedRecord record = *encode_record(e);
  EXPECT_EQ(record.bytes.substr(16), std::string("\x10\0\x0b\0\0\0\1\0a\0\0\x80\x3f\0\0\x80\xbf"
                                                 "\x10\0\7\0\0\0\1\0b\0\0\0\x40",
                                                 30));
  std::swap(e.embeddings[0], e.embeddings[1]);
  EXPECT_EQ(encode_record(e)->id, record.id);
  EXPECT_EQ(*decode_record(record.bytes), e);
  e.embeddings[1].vector[0] = 3;
  EXPECT_NE(encode_record(e)->id, record.id);
}

TEST(RecordCodecTest, NamedEmbeddingsAreChecked) {
  const auto refused = [](std::vector<NamedEmbedding> embeddings) {
    Experience e;
    e.embeddings = std::move(embeddings);
    const Status status = encode_record(e).status();
    EXPECT_EQ(status, ErrorCode::invalid_argument);
    return std::string(status.message());
  };
  EXPECT_THAT(refused({{"a", {1}}, {"b", {1}}, {"a", {1}}}), HasSubstr("\"a\" is there twice"));
  EXPECT_THAT(refused({{"a", {}}}), HasSubstr("\"a\" has no vector"));
  EXPECT_THAT(refused({{"", {1}}}), HasSubstr("has 0 bytes"));
  EXPECT_THAT(refused({{std::string(65, 'a'), {1}}}), HasSubstr("has 65 bytes"));
  EXPECT_THAT(refused({{"a b", {1}}}), HasSubstr("visible"));
  EXPECT_THAT(refused({{"a", {1, NAN}}}), HasSubstr("[1] is not a finite number"));
}

TEST(RecordCodecTest, ANamedEmbeddingThatIsNoneIsSeen) {
  const auto decode = [](const std::vector<std::string>& values) {
    std::string record = encode_record(Experience{})->bytes;
    for (const std::string& value : values) {
      append_value(record, std::uint16_t{16});
      append_value(record, static_cast<std::uint32_t>(value.size()));
      record += value;
    }
    seal(record);
    return decode_record(record).status();
  };
  const std::string a("\1\0a\0\0\x80\x3f", 7);
  const std::string b("\1\0b\0\0\x80\x3f", 7);
  EXPECT_TRUE(decode({a, b}).ok());
  EXPECT_EQ(decode({b, a}), ErrorCode::corruption);
  EXPECT_EQ(decode({a, a}), ErrorCode::corruption);
  for (std::size_t size = 0; size < a.size(); ++size) {
    EXPECT_EQ(decode({a.substr(0, size)}), ErrorCode::corruption) << size;
  }
  EXPECT_EQ(decode({std::string("\xff\xff\x61\0\0\x80\x3f", 7)}), ErrorCode::corruption);
  EXPECT_EQ(decode({std::string("\1\0 \0\0\x80\x3f", 7)}), ErrorCode::corruption);
  EXPECT_EQ(decode({std::string("\1\0a\0\0\x80\x7f", 7)}), ErrorCode::corruption);
}

TEST(RecordCodecTest, ANewerVersionSaysSo) {
  std::string record = encode_record(full_experience())->bytes;
  patch_value(record, 4, std::uint16_t{2});
  seal(record);
  EXPECT_EQ(decode_record(record).status(), ErrorCode::failed_precondition);
}

TEST(RecordCodecTest, EveryFlippedBitIsSeen) {
  const std::string record = encode_record(full_experience())->bytes;
  for (std::size_t bit = 0; bit < record.size() * 8; ++bit) {
    std::string damaged = record;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(decode_record(damaged).status(), ErrorCode::corruption) << "bit " << bit;
  }
}

TEST(RecordCodecTest, EveryCutIsSeen) {
  const std::string record = encode_record(full_experience())->bytes;
  for (std::size_t size = 0; size < record.size(); ++size) {
    EXPECT_EQ(decode_record(record.substr(0, size)).status(), ErrorCode::corruption);
  }
  EXPECT_EQ(decode_record(record + "x").status(), ErrorCode::corruption);
}

TEST(RecordCodecTest, NoBodyHarms) {
  // Bodies whose checksum is right and whose content is anything: no crash, no runaway memory.
  std::mt19937 random(1);
  const std::string record = encode_record(full_experience())->bytes;
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = record;
    const std::size_t changes = 1 + random() % 4;
    for (std::size_t i = 0; i < changes; ++i) {
      damaged[16 + random() % (damaged.size() - 16)] = static_cast<char>(random());
    }
    seal(damaged);
    const Result<Experience> decoded = decode_record(damaged);
    if (decoded) {
      EXPECT_TRUE(encode_record(*decoded));
      const Result<PayloadField> payload = find_payload(damaged);
      ASSERT_TRUE(payload);
      EXPECT_TRUE(std::ranges::equal(as_byte_span(payload->bytes), decoded->payload));
      EXPECT_EQ(payload->tensor, decoded->payload_tensor);
    } else {
      EXPECT_EQ(decoded.error(), ErrorCode::corruption);
    }
  }
}

TEST(RecordCodecTest, ALengthIsNotTrusted) {
  std::string record = encode_record(Experience{})->bytes;
  append_value(record, std::uint16_t{15});
  append_value(record, std::uint32_t{0xffffffff});
  seal(record);
  const Status status = decode_record(record).status();
  EXPECT_EQ(status, ErrorCode::corruption);
  EXPECT_THAT(std::string(status.message()), HasSubstr("past the end at byte 16"));
}

// It would be a second record, with another identity, of the same experience.
TEST(RecordCodecTest, AFieldThatHasItsDefaultIsRefused) {
  const std::string zeros(48, '\0');
  const std::size_t bytes[] = {0, 0, 0, 0, 0, 0, 0, 1, 8, 8, 8, 8, 48, 0, 0, 0, 0};
  for (std::uint16_t tag = 1; tag <= 16; ++tag) {
    std::string record = encode_record(Experience{})->bytes;
    append_value(record, tag);
    append_value(record, static_cast<std::uint32_t>(bytes[tag]));
    record.append(zeros, 0, bytes[tag]);
    seal(record);
    const Result<Experience> decoded = decode_record(record);
    // A tag of no letters is one, all the same.
    EXPECT_EQ(decoded.has_value(), tag == 13) << tag;
    if (!decoded) {
      EXPECT_EQ(decoded.error(), ErrorCode::corruption);
    }
  }
}

Experience tensor_experience(DType dtype, const Shape& shape, std::size_t payload_bytes) {
  Experience e;
  e.payload.resize(payload_bytes, std::byte{7});
  e.payload_tensor = {dtype, shape};
  return e;
}

/// A record that says of its payload what `field` says, whether it is so or not.
std::string record_with_tensor_field(std::size_t payload_bytes, std::string_view field) {
  Experience e;
  e.payload.resize(payload_bytes);
  std::string record = encode_record(e)->bytes;
  append_value(record, std::uint16_t{17});
  append_value(record, static_cast<std::uint32_t>(field.size()));
  record += field;
  seal(record);
  return record;
}

std::string tensor_field(std::uint8_t dtype, std::uint8_t rank,
                         const std::vector<std::int64_t>& extents) {
  std::string field;
  append_value(field, dtype);
  append_value(field, rank);
  for (const std::int64_t extent : extents) append_value(field, extent);
  return field;
}

TEST(RecordCodecTest, TheLayoutOfATensorIsStable) {
  const std::string bytes = encode_record(tensor_experience(DType::i16, {2, 1}, 4))->bytes;
  EXPECT_EQ(bytes.substr(16), std::string("\x0f\0\4\0\0\0\7\7\7\7"
                                          "\x11\0\x12\0\0\0\6\2"
                                          "\2\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0",
                                          34));
  const std::vector<DType> dtypes = {DType::f32, DType::f64,    DType::f16, DType::bf16,
                                     DType::i8,  DType::u8,     DType::i16, DType::i32,
                                     DType::i64, DType::boolean};
  for (std::size_t number = 0; number < dtypes.size(); ++number) {
    const Experience e = tensor_experience(dtypes[number], {}, size_of(dtypes[number]));
    const std::string record = encode_record(e)->bytes;
    EXPECT_EQ(static_cast<std::size_t>(record[record.size() - 2]), number);
    EXPECT_EQ(*decode_record(record), e);
  }
}

TEST(RecordCodecTest, APayloadThatIsNoSuchTensorIsRefused) {
  struct Case {
    const char* why;
    Experience experience;
  };
  const std::int64_t large = std::int64_t{1} << 31;
  Shape too_deep({1, 1, 1, 1, 1, 1, 1, 1, 1});
  for (const Case& each :
       {Case{"takes 8 bytes; the payload has 7", tensor_experience(DType::f32, {2}, 7)},
        Case{"takes 8 bytes; the payload has 9", tensor_experience(DType::f64, {}, 9)},
        Case{"takes 0 bytes; the payload has 1", tensor_experience(DType::u8, {0, 1}, 1)},
        Case{"takes 1 bytes; the payload has 0", tensor_experience(DType::u8, {}, 0)},
        Case{"unknown dtype 10", tensor_experience(static_cast<DType>(10), {}, 0)},
        Case{"at most 8 dimensions", tensor_experience(DType::u8, too_deep, 1)},
        Case{"negative extent", tensor_experience(DType::u8, {-1, -1}, 1)},
        // 2^65 bytes: none, were they counted in 64 bits.
        Case{"overflows", tensor_experience(DType::f64, {large, large}, 0)}}) {
    const Status status = encode_record(each.experience).status();
    EXPECT_EQ(status, ErrorCode::invalid_argument) << each.why;
    EXPECT_THAT(std::string(status.message()), HasSubstr(each.why));
  }
}

TEST(RecordCodecTest, ADamagedTensorFieldIsSeen) {
  const std::int64_t large = std::int64_t{1} << 31;
  const std::vector<std::int64_t> nine(9, 1);
  const std::string whole = tensor_field(5, 2, {2, 2});
  ASSERT_TRUE(decode_record(record_with_tensor_field(4, whole)));
  std::vector<std::string> damaged = {tensor_field(5, 2, {2, 3}),   tensor_field(0, 2, {2, 2}),
                                      tensor_field(10, 2, {2, 2}),  tensor_field(255, 2, {2, 2}),
                                      tensor_field(5, 1, {2, 2}),   tensor_field(5, 3, {2, 2}),
                                      tensor_field(5, 2, {-2, -2}), tensor_field(5, 255, {2, 2}),
                                      tensor_field(5, 9, nine),     whole + '\0'};
  for (std::size_t size = 0; size < whole.size(); ++size) damaged.push_back(whole.substr(0, size));
  for (const std::string& field : damaged) {
    EXPECT_EQ(decode_record(record_with_tensor_field(4, field)).status(), ErrorCode::corruption);
    EXPECT_EQ(find_payload(record_with_tensor_field(4, field)).status(), ErrorCode::corruption);
  }
  // Of 2^65 bytes, and of a payload that is empty.
  const std::string overflown = record_with_tensor_field(0, tensor_field(1, 2, {large, large}));
  EXPECT_EQ(decode_record(overflown).status(), ErrorCode::corruption);
  EXPECT_EQ(find_payload(overflown).status(), ErrorCode::corruption);
  // Twice the same.
  std::string twice = record_with_tensor_field(4, whole);
  twice += std::string_view(twice).substr(twice.size() - whole.size() - 6);
  seal(twice);
  EXPECT_EQ(decode_record(twice).status(), ErrorCode::corruption);
  EXPECT_EQ(find_payload(twice).status(), ErrorCode::corruption);
}

// They would be a second record of the same experience.
TEST(RecordCodecTest, KnownFieldsComeInOrderAndBeforeOthers) {
  const auto field = [](std::uint16_t tag, std::string_view value) {
    std::vector<std::byte> bytes;
    append_unknown(bytes, tag, value);
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  const std::string tensor = field(17, tensor_field(5, 1, {2}));
  const auto outcome = [&](const std::string& body) {
    std::string record = encode_record(Experience{})->bytes + body;
    seal(record);
    const Status status = decode_record(record).status();
    EXPECT_EQ(find_payload(record).status(), status.code());
    return status.code();
  };
  EXPECT_EQ(outcome(field(15, "ab") + tensor + field(60, "") + field(16, "")), ErrorCode::ok);
  EXPECT_EQ(outcome(field(60, "") + tensor), ErrorCode::ok) << "it was unknown, and kept";
  EXPECT_EQ(outcome(tensor + field(15, "ab")), ErrorCode::corruption);
  EXPECT_EQ(outcome(field(60, "") + field(15, "ab")), ErrorCode::corruption);
  EXPECT_EQ(outcome(field(0, "ab")), ErrorCode::corruption);
}

TEST(RecordCodecTest, FindsThePayloadWhereItLies) {
  Experience e = full_experience();
  append_unknown(e.unknown_fields, 60, "from the future");
  append_unknown(e.unknown_fields, 17, "");
  const std::string record = encode_record(e)->bytes;
  const Result<PayloadField> payload = find_payload(record);
  ASSERT_TRUE(payload) << payload.error().to_string();
  EXPECT_EQ(payload->bytes, std::string_view("\x09\0", 2));
  EXPECT_EQ(payload->tensor, e.payload_tensor);
  EXPECT_GE(payload->bytes.data(), record.data());
  EXPECT_LT(payload->bytes.data(), record.data() + record.size());
  const Result<PayloadField> none = find_payload(encode_record(Experience{})->bytes);
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->bytes.empty());
  EXPECT_FALSE(none->tensor);
}

TEST(RecordCodecTest, FindsNoPayloadInADamagedRecord) {
  const std::string record = encode_record(full_experience())->bytes;
  for (std::size_t bit = 0; bit < record.size() * 8; ++bit) {
    std::string damaged = record;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(find_payload(damaged).status(), ErrorCode::corruption) << "bit " << bit;
  }
  for (std::size_t size = 0; size < record.size(); ++size) {
    EXPECT_EQ(find_payload(record.substr(0, size)).status(), ErrorCode::corruption);
  }
  std::string empty = encode_record(Experience{})->bytes;
  append_value(empty, std::uint16_t{15});
  append_value(empty, std::uint32_t{0});
  seal(empty);
  EXPECT_EQ(find_payload(empty).status(), ErrorCode::corruption);
}

TEST(RecordCodecTest, TextForTheEmbedder) {
  Experience e;
  EXPECT_EQ(embedded_text(e), "");
  e.action = "did";
  EXPECT_EQ(embedded_text(e), "did");
  e.situation = "was";
  EXPECT_EQ(embedded_text(e), "was");
}

TEST(ExperienceIdTest, ReadsWhatItWrites) {
  const ExperienceId id = encode_record(full_experience())->id;
  EXPECT_EQ(*ExperienceId::parse(id.to_string()), id);
  EXPECT_EQ(ExperienceId::parse("00FF000000000000000000000000000A")->bytes[1], 0xff);
  for (const char* bad :
       {"", "0", "00ff00000000000000000000000000g0", "00ff0000000000000000000000000000000"}) {
    EXPECT_EQ(ExperienceId::parse(bad).status(), ErrorCode::invalid_argument) << bad;
  }
}

TEST(OutcomeTest, HasNames) {
  EXPECT_EQ(to_string(Outcome::success), "success");
  EXPECT_EQ(to_string(Outcome::failure), "failure");
  EXPECT_EQ(to_string(Outcome::partial), "partial");
  EXPECT_EQ(to_string(static_cast<Outcome>(77)), "unknown");
}

}  // namespace
}  // namespace frys::detail
