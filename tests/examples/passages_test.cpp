// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "text/passages.hpp"

#include <gtest/gtest.h>

#include <string>

#include "text/words.hpp"

namespace crew {
namespace {

/// A line of `count` words.
std::string words(std::size_t count, const std::string& word = "word") {
  std::string line;
  for (std::size_t i = 0; i < count; ++i) line += word + std::to_string(i) + " ";
  return line + "\n";
}

std::string_view text_of(const std::string& text, const Passage& passage) {
  return std::string_view(text).substr(static_cast<std::size_t>(passage.offset_bytes),
                                       static_cast<std::size_t>(passage.length_bytes));
}

std::size_t count_words(std::string_view text) {
  std::size_t count = 0;
  for_each_word(text, [&](std::size_t, std::string_view) { ++count; });
  return count;
}

TEST(Passages, NothingAndNextToNothingGiveNone) {
  EXPECT_TRUE(cut_passages("", 0).empty());
  EXPECT_TRUE(cut_passages("\n\n\n", 0).empty());
  EXPECT_TRUE(cut_passages("three words only\n", 0).empty());
}

TEST(Passages, AShortTextIsOnePassageWithoutItsBlankEdges) {
  const std::string text = "\n\nfour words are enough\n\n";
  const std::vector<Passage> passages = cut_passages(text, 7);
  ASSERT_EQ(passages.size(), 1U);
  EXPECT_EQ(passages[0].document, 7);
  EXPECT_EQ(passages[0].first_line, 3);
  EXPECT_EQ(text_of(text, passages[0]), "four words are enough\n");
}

TEST(Passages, BeginsAfterTheLicenceTags) {
  const std::string text =
      "// SPDX-FileCopyrightText: 2026 Somebody and others\n"
      "# SPDX-License-Identifier: Apache-2.0\n\n"
      "// What SPDX-License-Identifier means is another matter.\n";
  const std::vector<Passage> passages = cut_passages(text, 0);
  ASSERT_EQ(passages.size(), 1U);
  EXPECT_EQ(passages[0].first_line, 4);
  EXPECT_TRUE(text_of(text, passages[0]).starts_with("// What SPDX"));
  EXPECT_TRUE(cut_passages(text.substr(0, text.find("// What")), 0).empty());
}

TEST(Passages, EndsAtABlankLineOnceItHasEnoughWords) {
  const std::string text = words(30) + "\n" + words(40) + "\n" + words(50) + "\n" + words(30);
  const std::vector<Passage> passages = cut_passages(text, 0);
  ASSERT_EQ(passages.size(), 2U);
  EXPECT_EQ(count_words(text_of(text, passages[0])), 70U);
  EXPECT_EQ(count_words(text_of(text, passages[1])), 80U);
  EXPECT_EQ(passages[1].first_line, 5);
}

TEST(Passages, OverlapsWhereItHadToCutInMidText) {
  std::string text;
  for (int line = 0; line < 40; ++line) text += words(10, "l" + std::to_string(line) + "w");
  const std::vector<Passage> passages = cut_passages(text, 0);
  ASSERT_GT(passages.size(), 2U);
  for (std::size_t i = 1; i < passages.size(); ++i) {
    const std::int64_t end = passages[i - 1].offset_bytes + passages[i - 1].length_bytes;
    EXPECT_LT(passages[i].offset_bytes, end) << i;
    EXPECT_GT(passages[i].offset_bytes, passages[i - 1].offset_bytes) << i;
  }
}

TEST(Passages, CutsALineThatNeverEnds) {
  const std::string text = words(1000);
  const std::vector<Passage> passages = cut_passages(text, 0);
  ASSERT_GE(passages.size(), 8U);
  for (const Passage& passage : passages) {
    EXPECT_LE(count_words(text_of(text, passage)), 140U);
    EXPECT_EQ(passage.first_line, 1);
  }
}

TEST(Passages, AShortRestJoinsThePassageBefore) {
  const std::string text = words(70) + "\n" + words(5);
  const std::vector<Passage> passages = cut_passages(text, 0);
  ASSERT_EQ(passages.size(), 1U);
  EXPECT_EQ(count_words(text_of(text, passages[0])), 75U);
}

TEST(Passages, EveryWordIsInSomePassage) {
  std::string text;
  for (std::size_t line = 0; line < 300; ++line) text += line % 7 == 0 ? "\n" : words(line % 23);
  std::vector<bool> covered(text.size(), false);
  for (const Passage& passage : cut_passages(text, 0)) {
    for (std::int64_t i = 0; i < passage.length_bytes; ++i) {
      covered[static_cast<std::size_t>(passage.offset_bytes + i)] = true;
    }
  }
  for_each_word(text, [&](std::size_t at, std::string_view word) {
    EXPECT_TRUE(covered[at]) << word << " at " << at;
  });
}

}  // namespace
}  // namespace crew
