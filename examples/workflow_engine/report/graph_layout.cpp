// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "report/graph_layout.hpp"

#include <algorithm>

namespace crew {

GraphLayout lay_out(const std::vector<std::string>& agents, const std::vector<EdgeRow>& edges) {
  std::map<std::string, std::size_t> order;
  for (const std::string& agent : agents) order.emplace(agent, order.size());
  GraphLayout layout;
  // Forward edges go up in order of appearance, so one pass in that order settles every column.
  for (const std::string& agent : agents) {
    std::size_t column = 0;
    for (const EdgeRow& edge : edges) {
      const auto from = layout.column_of.find(edge.from);
      if (edge.to == agent && edge.from != agent && from != layout.column_of.end()) {
        column = std::max(column, from->second + 1);
      }
    }
    layout.column_of[agent] = column;
    if (layout.columns.size() <= column) layout.columns.resize(column + 1);
    layout.columns[column].push_back(agent);
  }
  std::erase_if(layout.columns, [](const auto& column) { return column.empty(); });
  for (std::size_t c = 0; c < layout.columns.size(); ++c) {
    std::sort(layout.columns[c].begin(), layout.columns[c].end());
    for (std::size_t r = 0; r < layout.columns[c].size(); ++r) {
      layout.column_of[layout.columns[c][r]] = c;
      layout.row_of[layout.columns[c][r]] = r;
    }
    layout.most_rows = std::max(layout.most_rows, layout.columns[c].size());
  }
  return layout;
}

}  // namespace crew
