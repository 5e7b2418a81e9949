// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Runs recorded workflows through the real `WorkflowScheduler` on a `SimulatedExecutor`: a step is
// a timer as long as the recorded run time.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "frys/core/result.hpp"
#include "frys/scheduler/resource_allocator.hpp"
#include "frys/scheduler/step_record.hpp"
#include "tools/replay_baseline.hpp"
#include "tools/wfformat.hpp"

namespace frys::tools {

struct ReplayOptions {
  std::size_t workers = 8;
  std::size_t memory_bytes = 0;  ///< 0: no limit.
  std::size_t request_bytes = std::size_t{1} << 30;
  AdmissionPolicy policy = AdmissionPolicy::organized;
};

/// One attempt as the scheduler recorded it, and what the trivial predictors said when it started.
struct Decision {
  StepRecord record;
  double start_s = 0;  ///< From the workflow's submission.
  double end_s = 0;
  double used_bytes = 0;  ///< As recorded in the file; 0: not recorded.
  double runtime_s = 0;   ///< As recorded in the file.
  bool out_of_memory = false;
  Baseline baseline;
};

struct ReplayedWorkflow {
  std::string label;  ///< The file's name without folder and ending.
  std::size_t tasks = 0;
  double makespan_s = 0;
  Status status;                    ///< Why it did not finish.
  std::vector<Decision> decisions;  ///< In order of end.
};

/// Keeps one scheduler over all workflows, so that it learns. Threads: one.
class Replayer {
 public:
  static Result<std::unique_ptr<Replayer>> create(const ReplayOptions& options);
  ~Replayer();
  /// Errors: whatever the scheduler answers; a workflow that failed is a value with its status.
  Result<ReplayedWorkflow> run(const std::string& label, const RecordedWorkflow& workflow);

 private:
  struct Impl;
  explicit Replayer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace frys::tools
