// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Reads recorded messages of agents: tab separated, with a header that names at least the columns
// dataset, trace, kind, agent and target; pattern_label and chars are used when they are there.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "frys/core/result.hpp"
#include "frys/scheduler/collaboration_detector.hpp"

namespace frys::tools {

/// One recorded event that matters for collaboration.
struct LoggedMove {
  std::string from;
  std::string to;  ///< Empty: to everyone; the same as `from`: a turn that addresses nobody.
  std::uint64_t bytes = 0;
};

struct LoggedTrace {
  std::string dataset;
  std::string trace;
  std::string label;
  std::vector<LoggedMove> moves;
};

/// Rows in order, grouped by dataset and trace. Rows without an agent and starts of phases are no
/// moves; a thought or an end is a turn that addresses nobody; no target, or `*`, is everyone.
/// Errors: io_error, invalid_argument (`file:line: field "agent": what is wrong`).
Result<std::vector<LoggedTrace>> read_message_log(const std::string& path);

/// What a framework's own word for its pattern means in ours; none when it is not known.
std::optional<CollaborationPattern> pattern_of_label(const std::string& label);

}  // namespace frys::tools
