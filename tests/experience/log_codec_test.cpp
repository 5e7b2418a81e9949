// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/log_codec.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "core/crc32c.hpp"
#include "experience/bytes.hpp"

namespace frys::detail {
namespace {

LogEntry sample_entry() {
  LogEntry entry;
  entry.id.bytes.fill(7);
  entry.outcome = Outcome::partial;
  entry.reward = 1.5;
  entry.started_at_ns = -1;
  entry.stored_at_ns = 2;
  entry.workflow = "w";
  entry.agent = "";
  entry.step_type = "type";
  return entry;
}

TEST(LogCodecTest, EntryRoundTrips) {
  const std::string bytes = encode_log_item(sample_entry());
  const Result<LogItem> item = decode_log_item(bytes);
  ASSERT_TRUE(item) << item.error().to_string();
  const auto* back = std::get_if<LogEntry>(&*item);
  ASSERT_NE(back, nullptr);
  EXPECT_EQ(back->id, sample_entry().id);
  EXPECT_EQ(back->outcome, Outcome::partial);
  EXPECT_EQ(back->reward, 1.5);
  EXPECT_EQ(back->started_at_ns, -1);
  EXPECT_EQ(back->stored_at_ns, 2);
  EXPECT_EQ(back->workflow, "w");
  EXPECT_EQ(back->agent, "");
  EXPECT_EQ(back->step_type, "type");
}

TEST(LogCodecTest, ChangesRoundTrip) {
  ExperienceId id;
  id.bytes.fill(9);
  const LogItem removal = *decode_log_item(encode_log_item(LogRemoval{id, 77}));
  ASSERT_TRUE(std::holds_alternative<LogRemoval>(removal));
  EXPECT_EQ(std::get<LogRemoval>(removal).id, id);
  EXPECT_EQ(std::get<LogRemoval>(removal).target, 77U);
  const Standing standing{Outcome::failure, -0.25, 12, 34};
  const LogItem amendment = *decode_log_item(encode_log_item(LogAmendment{id, 78, standing}));
  ASSERT_TRUE(std::holds_alternative<LogAmendment>(amendment));
  EXPECT_EQ(std::get<LogAmendment>(amendment).target, 78U);
  EXPECT_EQ(std::get<LogAmendment>(amendment).standing, standing);
  const LogItem gone = *decode_log_item(encode_log_item(LogVoid{80}));
  ASSERT_TRUE(std::holds_alternative<LogVoid>(gone));
  EXPECT_EQ(last_of(79, gone), 80U);
  EXPECT_EQ(last_of(81, removal), 81U);
}

TEST(LogCodecTest, EarlierVersionsOfTheLibraryReadWhatTheyKnow) {
  // Their log entries have version 1; of others they say that a newer library is needed.
  EXPECT_EQ(encode_log_item(sample_entry())[0], 1);
  EXPECT_EQ(encode_log_item(LogRemoval{{}, 1})[0], 2);
  std::string later = encode_log_item(LogVoid{1});
  later[0] = 3;
  const auto head = crc32c(as_byte_span(std::string_view(later).substr(0, 4)));
  patch_value(later, 4, crc32c(as_byte_span(std::string_view(later).substr(8)), head));
  EXPECT_EQ(decode_log_item(later).status(), ErrorCode::failed_precondition);
}

TEST(LogCodecTest, EntryOfALaterVersionMayBeLonger) {
  std::string bytes = encode_log_item(sample_entry()) + "more";
  const auto head = crc32c(as_byte_span(std::string_view(bytes).substr(0, 4)));
  patch_value(bytes, 4, crc32c(as_byte_span(std::string_view(bytes).substr(8)), head));
  EXPECT_TRUE(decode_log_item(bytes));
}

TEST(LogCodecTest, DamageIsSeen) {
  const std::string entry = encode_log_item(sample_entry());
  const std::vector<float> values = {1, 2, 3};
  const std::string vector = encode_vector(values);
  const std::string description = encode_description({256, "embedder"});
  std::vector<float> out(3);
  for (std::size_t bit = 0; bit < entry.size() * 8; ++bit) {
    std::string damaged = entry;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(decode_log_item(damaged).status(), ErrorCode::corruption) << bit;
  }
  for (const LogItem& item :
       {LogItem(LogRemoval{{}, 5}), LogItem(LogAmendment{{}, 5, {}}), LogItem(LogVoid{5})}) {
    const std::string whole = encode_log_item(item);
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
      std::string damaged = whole;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
      EXPECT_EQ(decode_log_item(damaged).status(), ErrorCode::corruption) << bit;
    }
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_FALSE(decode_log_item(whole.substr(0, size)));
    }
  }
  for (std::size_t bit = 0; bit < vector.size() * 8; ++bit) {
    std::string damaged = vector;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(decode_vector(damaged, out), ErrorCode::corruption) << bit;
  }
  for (std::size_t bit = 0; bit < description.size() * 8; ++bit) {
    std::string damaged = description;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(decode_description(damaged).status(), ErrorCode::corruption) << bit;
  }
  for (std::size_t size = 0; size < entry.size(); ++size) {
    EXPECT_FALSE(decode_log_item(entry.substr(0, size)));
  }
  for (std::size_t size = 0; size < description.size(); ++size) {
    EXPECT_FALSE(decode_description(description.substr(0, size)));
  }
}

TEST(LogCodecTest, VectorRoundTrips) {
  const std::vector<float> values = {1, -0.5F, 1e30F};
  std::vector<float> out(3);
  ASSERT_TRUE(decode_vector(encode_vector(values), out).ok());
  EXPECT_EQ(out, values);
  std::vector<float> shorter(2);
  EXPECT_EQ(decode_vector(encode_vector(values), shorter), ErrorCode::corruption);
  const std::vector<float> bad = {1, std::numeric_limits<float>::infinity(), 0};
  EXPECT_EQ(decode_vector(encode_vector(bad), out), ErrorCode::corruption);
}

TEST(LogCodecTest, DescriptionRoundTrips) {
  const Result<StoreDescription> back = decode_description(encode_description({384, "minilm"}));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->dimension, 384U);
  EXPECT_EQ(back->embedder, "minilm");
}

TEST(LogCodecTest, AnEntryKnowsItsSpaces) {
  LogEntry entry = sample_entry();
  const std::string before = encode_log_item(entry);
  entry.spaces = 0x8001;
  const std::string bytes = encode_log_item(entry);
  EXPECT_EQ(bytes.size(), before.size() + 2);
  EXPECT_EQ(bytes[0], 2);
  EXPECT_EQ(std::get<LogEntry>(*decode_log_item(bytes)).spaces, 0x8001);
  std::string cut = bytes.substr(0, bytes.size() - 1);
  const auto head = crc32c(as_byte_span(std::string_view(cut).substr(0, 4)));
  patch_value(cut, 4, crc32c(as_byte_span(std::string_view(cut).substr(8)), head));
  EXPECT_EQ(decode_log_item(cut).status(), ErrorCode::corruption);
}

TEST(LogCodecTest, ADescriptionKnowsItsSpaces) {
  const StoreDescription plain{384, "minilm"};
  const StoreDescription with{384, "minilm", {{"code", 768}, {"screen", 2}}};
  const std::string bytes = encode_description(with);
  EXPECT_EQ(encode_description(plain)[8], 1);
  EXPECT_EQ(bytes[8], 2);
  const Result<StoreDescription> back = decode_description(bytes);
  ASSERT_TRUE(back) << back.error().to_string();
  EXPECT_EQ(back->dimension, 384U);
  EXPECT_EQ(back->embedder, "minilm");
  EXPECT_EQ(back->spaces, with.spaces);
  EXPECT_TRUE(decode_description(encode_description(plain))->spaces.empty());
}

TEST(LogCodecTest, SpacesThatAreNoneAreSeen) {
  for (const std::vector<VectorSpace>& spaces :
       std::vector<std::vector<VectorSpace>>{{{"a", 8}, {"a", 8}},
                                             {{"", 8}},
                                             {{std::string(65, 'a'), 8}},
                                             {{"a b", 8}},
                                             {{"a", 1}},
                                             {{"a", 4097}}}) {
    EXPECT_EQ(decode_description(encode_description({8, "x", spaces})).status(),
              ErrorCode::corruption);
  }
  std::vector<VectorSpace> many;
  for (int i = 0; i < 16; ++i) many.push_back({"space-" + std::to_string(i), 2});
  EXPECT_TRUE(decode_description(encode_description({8, "x", many})));
  many.push_back({"one more", 2});
  EXPECT_FALSE(decode_description(encode_description({8, "x", many})));
  std::string bytes = encode_description({8, "", {{"ab", 2}}});
  for (const std::size_t size : {bytes.size() - 1, bytes.size() - 5, bytes.size() - 10}) {
    std::string cut = bytes.substr(0, size);
    patch_value(cut, 4, crc32c(as_byte_span(std::string_view(cut).substr(8))));
    EXPECT_EQ(decode_description(cut).status(), ErrorCode::corruption) << size;
  }
}

TEST(LogCodecTest, KeysInSpacesSortBySequence) {
  EXPECT_LT(space_key(255, 16), space_key(256, 1));
  EXPECT_LT(space_key(255, 1), space_key(255, 2));
  std::uint64_t sequence = 0;
  std::uint8_t number = 0;
  ASSERT_TRUE(parse_space_key(space_key(0x0102030405060708, 3), sequence, number));
  EXPECT_EQ(sequence, 0x0102030405060708U);
  EXPECT_EQ(number, 3);
  EXPECT_FALSE(parse_space_key(space_key(1, 0), sequence, number));
  EXPECT_FALSE(parse_space_key(space_key(1, 17), sequence, number));
  EXPECT_FALSE(parse_space_key(sequence_key(1), sequence, number));
}

TEST(LogCodecTest, KeysSortBySequence) {
  EXPECT_LT(sequence_key(255), sequence_key(256));
  EXPECT_LT(sequence_key(1), sequence_key(std::uint64_t{1} << 40));
  std::uint64_t sequence = 0;
  ASSERT_TRUE(parse_sequence_key(sequence_key(0x0102030405060708), sequence));
  EXPECT_EQ(sequence, 0x0102030405060708U);
  EXPECT_FALSE(parse_sequence_key("short", sequence));
}

}  // namespace
}  // namespace frys::detail
