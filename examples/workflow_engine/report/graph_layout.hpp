// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Places the agents of a collaboration graph in columns, work flowing from left to right.

#pragma once

#include <map>
#include <string>
#include <vector>

#include "run/run_summary.hpp"

namespace crew {

struct GraphLayout {
  std::vector<std::vector<std::string>> columns;  ///< Agents, top to bottom.
  std::map<std::string, std::size_t> column_of;
  std::map<std::string, std::size_t> row_of;
  std::size_t most_rows = 0;
};

/// An agent stands one column right of everyone before it that hands it something, "before" by
/// first appearance; so what is sent back points to the left. Cost: O(agents · edges).
GraphLayout lay_out(const std::vector<std::string>& agents, const std::vector<EdgeRow>& edges);

}  // namespace crew
