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

/// Two at a time.
std::vector<std::uint32_t> carriers(const AttributeTable& table, const AttributeFilter& filter) {
  std::vector<std::uint32_t> all;
  std::uint32_t two[2];
  for (std::size_t count = 1; count > 0; all.insert(all.end(), two, two + count)) {
    count = table.carriers(filter, all.size(), two);
  }
  return all;
}

TEST(AttributeTableTest, KeepsWhatItIsGiven) {
  AttributeTable table;
  LogEntry e = entry(3, "w", "a", "t", Outcome::failure);
  e.reward = 2;
  e.started_at_ns = 10;
  e.stored_at_ns = 11;
  table.append(e);
  ASSERT_EQ(table.size(), 1U);
  EXPECT_EQ(table.row(0).id, e.id);
  EXPECT_EQ(table.row(0).reward, 2);
  EXPECT_EQ(table.row(0).started_at_ns, 10);
  EXPECT_EQ(table.row(0).stored_at_ns, 11);
  EXPECT_EQ(table.row(0).outcome, Outcome::failure);
}

TEST(AttributeTableTest, FiltersByEveryField) {
  AttributeTable table;
  table.append(entry(0, "w1", "a1", "t1"));
  table.append(entry(1, "w1", "a2", "t1", Outcome::failure));
  table.append(entry(2, "w2", "a1", "t2"));
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
  table.append(entry(0, "w1", "", ""));
  table.append(entry(1, "w1", "", ""));
  table.append(entry(2, "w1", "", ""));
  table.truncate(1);
  EXPECT_EQ(table.size(), 1U);
  table.append(entry(3, "w2", "", ""));
  table.append(entry(4, "w1", "", ""));
  const AttributeFilter w1 = table.filter("w1", "", "", -1);
  std::vector<std::uint32_t> accepted;
  for (const std::uint32_t ordinal : carriers(table, w1)) {
    if (ordinal < table.size() && w1.accepts(table.row(ordinal))) accepted.push_back(ordinal);
  }
  EXPECT_EQ(accepted, (std::vector<std::uint32_t>{0, 2}));
}

TEST(AttributeTableTest, ManyRowsStayWhereTheyAre) {
  AttributeTable table;
  table.append(entry(0, "w", "a", "t"));
  const Attributes* first = &table.row(0);
  for (int i = 1; i < 10'000; ++i) {
    table.append(entry(static_cast<std::uint8_t>(i), "w", std::to_string(i), "t"));
  }
  EXPECT_EQ(&table.row(0), first);
  for (int i = 1; i < 10'000; ++i) {
    ASSERT_EQ(table.row(i).id.bytes[0], static_cast<std::uint8_t>(i));
  }
}

}  // namespace
}  // namespace frys::detail
