// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/attribute_table.hpp"

#include <gtest/gtest.h>

namespace frys::detail {
namespace {

LogEntry entry(std::uint8_t number, std::string_view workflow, std::string_view agent,
               std::string_view type, Outcome outcome = Outcome::success) {
  LogEntry e;
  e.id.bytes.fill(number);
  e.workflow = workflow;
  e.agent = agent;
  e.step_type = type;
  e.outcome = outcome;
  return e;
}

/// With sequences that leave gaps.
void append(AttributeTable& table, const LogEntry& entry) {
  table.append(entry, 10 * (table.size() + 1));
}

/// Two at a time.
std::vector<std::uint32_t> carriers(const AttributeTable& table, const AttributeFilter& filter) {
  std::vector<std::uint32_t> all;
  std::uint32_t two[2];
  for (std::size_t count = 1; count > 0; all.insert(all.end(), two, two + count)) {
    count = table.carriers(filter, all.empty() ? 0 : all.back() + 1, two);
  }
  return all;
}

TEST(AttributeTableTest, KeepsWhatItIsGiven) {
  AttributeTable table;
  LogEntry e = entry(3, "w", "a", "t", Outcome::failure);
  e.reward = 2;
  e.started_at_ns = 10;
  e.stored_at_ns = 11;
  append(table, e);
  ASSERT_EQ(table.size(), 1U);
  EXPECT_EQ(table.row(0).id, e.id);
  EXPECT_EQ(table.row(0).reward, 2);
  EXPECT_EQ(table.row(0).started_at_ns, 10);
  EXPECT_EQ(table.row(0).stored_at_ns, 11);
  EXPECT_EQ(table.row(0).outcome, Outcome::failure);
}

TEST(AttributeTableTest, FiltersByEveryField) {
  AttributeTable table;
  append(table, entry(0, "w1", "a1", "t1"));
  append(table, entry(1, "w1", "a2", "t1", Outcome::failure));
  append(table, entry(2, "w2", "a1", "t2"));
  const AttributeFilter none = table.filter("", "", "", -1);
  EXPECT_TRUE(none.empty());
  EXPECT_TRUE(carriers(table, none).empty());
  const AttributeFilter w1 = table.filter("w1", "", "", -1);
  EXPECT_TRUE(w1.accepts(table.row(0)));
  EXPECT_TRUE(w1.accepts(table.row(1)));
  EXPECT_FALSE(w1.accepts(table.row(2)));
  EXPECT_EQ(w1.carriers, 2U);
  EXPECT_EQ(carriers(table, w1), (std::vector<std::uint32_t>{0, 1}));
  const AttributeFilter both = table.filter("w1", "a1", "t1", 0);
  EXPECT_TRUE(both.accepts(table.row(0)));
  EXPECT_FALSE(both.accepts(table.row(1)));
  EXPECT_TRUE(table.filter("", "", "", 1).accepts(table.row(1)));
  EXPECT_FALSE(table.filter("", "", "", 1).accepts(table.row(0)));
  EXPECT_TRUE(table.filter("w3", "", "", -1).impossible);
  EXPECT_TRUE(table.filter("", "", "", 2).impossible);
  EXPECT_TRUE(table.filter("", "", "", 9).impossible);
  // The rarest of what is asked for tells.
  EXPECT_EQ(carriers(table, table.filter("w1", "", "t1", 1)), (std::vector<std::uint32_t>{1}));
  EXPECT_EQ(carriers(table, table.filter("w2", "a1", "", 0)), (std::vector<std::uint32_t>{2}));
}

TEST(AttributeTableTest, RowsCanBeTakenBack) {
  AttributeTable table;
  append(table, entry(0, "w1", "", ""));
  append(table, entry(1, "w1", "", ""));
  append(table, entry(2, "w1", "", ""));
  table.truncate(1);
  EXPECT_EQ(table.size(), 1U);
  append(table, entry(3, "w2", "", ""));
  append(table, entry(4, "w1", "", ""));
  const AttributeFilter w1 = table.filter("w1", "", "", -1);
  std::vector<std::uint32_t> accepted;
  for (const std::uint32_t ordinal : carriers(table, w1)) {
    if (ordinal < table.size() && w1.accepts(table.row(ordinal))) accepted.push_back(ordinal);
  }
  EXPECT_EQ(accepted, (std::vector<std::uint32_t>{0, 2}));
}

TEST(AttributeTableTest, ManyRowsStayWhereTheyAre) {
  AttributeTable table;
  append(table, entry(0, "w", "a", "t"));
  const Attributes* first = &table.row(0);
  for (int i = 1; i < 10'000; ++i) {
    append(table, entry(static_cast<std::uint8_t>(i), "w", std::to_string(i), "t"));
  }
  EXPECT_EQ(&table.row(0), first);
  for (int i = 1; i < 10'000; ++i) {
    ASSERT_EQ(table.row(i).id.bytes[0], static_cast<std::uint8_t>(i));
  }
}

TEST(AttributeTableTest, ASequenceIsFoundThoughSomeAreMissing) {
  AttributeTable table;
  for (std::uint8_t i = 0; i < 5; ++i) append(table, entry(i, "w", "", ""));
  EXPECT_EQ(table.find(0, 5), 0U);
  EXPECT_EQ(table.find(10, 5), 0U);
  EXPECT_EQ(table.find(11, 5), 1U);
  EXPECT_EQ(table.find(50, 5), 4U);
  EXPECT_EQ(table.find(50, 4), 4U) << "not published yet";
  EXPECT_EQ(table.find(51, 5), 5U);
  EXPECT_EQ(table.find(1, 0), 0U);
}

TEST(AttributeTableTest, AnAmendedRowIsFilteredByWhatItIsNow) {
  AttributeTable table;
  for (std::uint8_t i = 0; i < 6; ++i) append(table, entry(i, "w", "", "", Outcome::failure));
  append(table, entry(6, "w", "", ""));
  table.list_as(3, Outcome::success);
  table.amend(3, {Outcome::success, 2.5, 7, 99}, 80);
  EXPECT_EQ(table.row(3).standing(), (Standing{Outcome::success, 2.5, 7, 99}));
  EXPECT_EQ(table.row(3).amended_at, 80U);
  const AttributeFilter success = table.filter("", "", "", 0);
  EXPECT_EQ(carriers(table, success), (std::vector<std::uint32_t>{3, 6}));
  EXPECT_TRUE(success.accepts(table.row(3)));
  EXPECT_FALSE(table.filter("", "", "", 1).accepts(table.row(3)));
  // And back: it is listed once.
  table.list_as(3, Outcome::failure);
  table.amend(3, {Outcome::failure, 0, 7, 99}, 81);
  EXPECT_EQ(carriers(table, table.filter("", "", "", 1)),
            (std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_FALSE(success.accepts(table.row(3)));
}

TEST(AttributeTableTest, AnOlderRowMayBeTheOneThatMakesAValueCommon) {
  AttributeTable table;
  for (std::uint32_t i = 0; i < 5000; ++i) {
    append(table, entry(0, "w", "", "", i < 905 ? Outcome::success : Outcome::failure));
  }
  for (std::uint32_t i = 800; i-- > 0;) {
    table.list_as(i, Outcome::failure);
    table.amend(i, {Outcome::failure, 0, 0, 0}, 100'000 + i);
  }
  const AttributeFilter failures = table.filter("", "", "", 1);
  ASSERT_NE(failures.marks, nullptr);
  const std::vector<std::uint64_t>& words = failures.marks->words;
  ASSERT_GT(words.size() * 64, 5000U);
  for (std::uint32_t i = 0; i < 5000; ++i) {
    ASSERT_EQ(words[i / 64] >> (i % 64) & 1, i < 800 || i >= 905 ? 1U : 0U) << i;
  }
}

TEST(AttributeTableTest, ARowIsCopiedAsItStands) {
  AttributeTable table;
  append(table, entry(0, "w1", "a1", "t1"));
  append(table, entry(1, "w2", "a2", "t2"));
  table.list_as(1, Outcome::partial);
  table.amend(1, {Outcome::partial, -1, 3, 4}, 77);
  AttributeTable copy;
  copy.append(table, 1);
  EXPECT_EQ(copy.row(0).id, table.row(1).id);
  EXPECT_EQ(copy.row(0).sequence, 20U);
  EXPECT_EQ(copy.row(0).standing(), (Standing{Outcome::partial, -1, 3, 4}));
  EXPECT_EQ(copy.row(0).amended_at, 77U);
  EXPECT_TRUE(copy.filter("w1", "", "", -1).impossible);
  EXPECT_TRUE(copy.filter("w2", "a2", "t2", 2).accepts(copy.row(0)));
}

// A search is to know its way among them.
TEST(AttributeTableTest, MarksTheRowsOfCommonValuesOnly) {
  AttributeTable table;
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    append(table, entry(0, i % 3 == 0 ? "third" : "rest", i % 100 == 0 ? "rare" : "usual", "t"));
  }
  EXPECT_EQ(table.filter("", "rare", "", -1).marks, nullptr);
  const AttributeFilter third = table.filter("third", "", "", -1);
  ASSERT_NE(third.marks, nullptr);
  const std::vector<std::uint64_t>& words = third.marks->words;
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    ASSERT_EQ(words[i / 64] >> (i % 64) & 1, i % 3 == 0 ? 1U : 0U) << i;
  }
}

}  // namespace
}  // namespace frys::detail
