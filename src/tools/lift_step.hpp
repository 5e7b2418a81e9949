// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// One recorded step of an agent, whatever the format it was recorded in: what `frys store lift`
// learns from and is tested on.

#pragma once

#include <string>
#include <vector>

#include "frys/core/result.hpp"

namespace frys::tools {

struct RecordedStep {
  std::string workflow;   ///< Data set and environment, as "intercode/sql"; scored by itself.
  std::string task;       ///< Two steps of a workflow with the same are about the same task.
  std::string situation;  ///< What the agent knew before it acted; nothing of what came of it.
  std::string action;
  std::string action_type;  ///< The tool, or the command's first word.
  /// The action in plain words, where it alone solved the task. Two tasks of a workflow that have
  /// one in common are the same task in other words, and are treated as one. Empty: tells nothing.
  std::string solution;
  double reward = 0;        ///< What the step itself earned, −1 to 1.
  double final_reward = 0;  ///< What its run ended with, −1 to 1.
};

/// Reads files of JSON lines, each line in one of the formats that lift_formats.hpp knows. Steps
/// come in their recorded order.
/// Errors: io_error, invalid_argument (file, line, and what is wrong there).
Result<std::vector<RecordedStep>> read_recorded_steps(const std::vector<std::string>& paths);

}  // namespace frys::tools
