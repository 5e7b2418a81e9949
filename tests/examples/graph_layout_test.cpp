// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "report/graph_layout.hpp"

#include <gtest/gtest.h>

namespace crew {
namespace {

TEST(GraphLayout, FlowsToTheRightAndLoopsPointBack) {
  const GraphLayout layout =
      lay_out({"scout", "reader-1", "reader-2", "writer", "critic"}, {{"scout", "reader-1", 1, 1},
                                                                      {"scout", "reader-2", 1, 1},
                                                                      {"reader-1", "writer", 1, 1},
                                                                      {"reader-2", "writer", 1, 1},
                                                                      {"writer", "critic", 1, 1},
                                                                      {"critic", "writer", 1, 1},
                                                                      {"scout", "critic", 1, 1}});
  EXPECT_EQ(layout.columns.size(), 4U);
  EXPECT_EQ(layout.column_of.at("scout"), 0U);
  EXPECT_EQ(layout.column_of.at("reader-2"), 1U);
  EXPECT_EQ(layout.column_of.at("writer"), 2U);
  EXPECT_EQ(layout.column_of.at("critic"), 3U);
  EXPECT_EQ(layout.most_rows, 2U);
}

TEST(GraphLayout, AgentsWithoutEdgesAndEdgesWithoutAgentsAreFine) {
  const GraphLayout layout = lay_out({"a", "b"}, {{"x", "y", 1, 1}, {"a", "a", 1, 1}});
  EXPECT_EQ(layout.columns.size(), 1U);
  EXPECT_EQ(layout.most_rows, 2U);
  EXPECT_EQ(lay_out({}, {}).columns.size(), 0U);
}

}  // namespace
}  // namespace crew
