// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What a replay prints.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "frys/core/status.hpp"
#include "tools/replay_run.hpp"

namespace frys::tools {

/// One workflow against its bound and FIFO.
struct WorkflowLine {
  std::string label;
  std::size_t tasks = 0;
  double makespan_s = 0;
  double fifo_makespan_s = 0;
  double critical_path_s = 0;
  double work_s = 0;
  double bound_s = 0;  ///< max(critical path, work ÷ workers).
  std::size_t out_of_memory = 0;
};

/// Everything a replay measured.
struct ReplayFigures {
  ReplayOptions options;
  std::vector<WorkflowLine> workflows;
  // Steps of a type that had ended before, with memory recorded.
  MemoryScore memory;
  MemoryScore memory_max_seen;
  // Every step with memory recorded; the first of a type gets the request from both.
  MemoryScore memory_all;
  MemoryScore memory_max_seen_all;
  RuntimeScore runtime;
  RuntimeScore runtime_last;
  RuntimeScore runtime_mean;

  /// Adds one workflow, replayed and under FIFO.
  void add(const RecordedWorkflow& recorded, const ReplayedWorkflow& replayed,
           const ReplayedWorkflow& fifo);
  /// Geometric mean of makespan ÷ bound.
  [[nodiscard]] double makespan_ratio() const;
  [[nodiscard]] double fifo_ratio() const;
};

std::string to_text(const ReplayFigures& figures);
std::string to_json(const ReplayFigures& figures);

/// Writes one line an attempt. Errors: io_error (names the path and the reason).
Status write_decisions(const std::string& path, const std::vector<ReplayedWorkflow>& workflows);

}  // namespace frys::tools
