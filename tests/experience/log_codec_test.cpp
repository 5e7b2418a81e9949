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
  const std::string bytes = encode_log_entry(sample_entry());
  const Result<LogEntry> back = decode_log_entry(bytes);
  ASSERT_TRUE(back) << back.error().to_string();
  EXPECT_EQ(back->id, sample_entry().id);
  EXPECT_EQ(back->outcome, Outcome::partial);
  EXPECT_EQ(back->reward, 1.5);
  EXPECT_EQ(back->started_at_ns, -1);
  EXPECT_EQ(back->stored_at_ns, 2);
  EXPECT_EQ(back->workflow, "w");
  EXPECT_EQ(back->agent, "");
  EXPECT_EQ(back->step_type, "type");
}

TEST(LogCodecTest, EntryOfALaterVersionMayBeLonger) {
  std::string bytes = encode_log_entry(sample_entry()) + "more";
  const auto head = crc32c(as_byte_span(std::string_view(bytes).substr(0, 4)));
  patch_value(bytes, 4, crc32c(as_byte_span(std::string_view(bytes).substr(8)), head));
  EXPECT_TRUE(decode_log_entry(bytes));
}

TEST(LogCodecTest, DamageIsSeen) {
  const std::string entry = encode_log_entry(sample_entry());
  const std::vector<float> values = {1, 2, 3};
  const std::string vector = encode_vector(values);
  const std::string description = encode_description({256, "embedder"});
  std::vector<float> out(3);
  for (std::size_t bit = 0; bit < entry.size() * 8; ++bit) {
    std::string damaged = entry;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(decode_log_entry(damaged).status(), ErrorCode::corruption) << bit;
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
    EXPECT_FALSE(decode_log_entry(entry.substr(0, size)));
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
