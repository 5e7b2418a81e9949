// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Reads a recorded workflow in WfFormat 1.5 (https://github.com/wfcommons/WfFormat): tasks, what
// they wait for, how long they ran and how much memory they used.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "frys/core/result.hpp"

namespace frys::tools {

struct RecordedTask {
  std::string id;
  std::string name;
  std::string type;  ///< The name without what tells like tasks apart.
  double runtime_s = 0;
  double memory_bytes = 0;           ///< 0: not recorded.
  double input_bytes = 0;            ///< Of all its input files together.
  std::vector<std::size_t> parents;  ///< Ascending, each once.
};

struct RecordedWorkflow {
  std::string name;
  std::vector<RecordedTask> tasks;
};

/// `blast_ID000012` → `blast`, `SORT (sample 3)` → `SORT`, `map_3_12` → `map`: trailing numbers and
/// ids behind a separator go, and whatever stands in brackets at the end. Never empty.
std::string task_type(std::string_view name);

/// Reads `path`. Errors: io_error (cannot be read), invalid_argument; the message is
/// `file:line: field "a.b[3].c": what is wrong`.
Result<RecordedWorkflow> read_wfformat(const std::string& path);

/// The longest chain of run times, in seconds.
double critical_path_s(const RecordedWorkflow& workflow);
/// All run times together, in seconds.
double total_work_s(const RecordedWorkflow& workflow);

}  // namespace frys::tools
