// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// "What happened last time with work like this?" The scheduler asks this interface and knows
// nothing of who answers: the kernel plugs the experience store in, a test a table.
//
//   struct Advisor : frys::ExperienceAdvisor {
//     frys::Result<std::vector<frys::PastStep>> recall(const frys::StepQuery& q) override;
//   };

#pragma once

#include <string_view>
#include <vector>

#include "frys/core/export.hpp"
#include "frys/core/result.hpp"
#include "frys/scheduler/step_record.hpp"

namespace frys {

/// The work about to be done. The views are valid during the call only.
struct StepQuery {
  std::string_view workflow;  ///< The workflow's name.
  std::string_view agent;
  std::string_view type;
  std::string_view situation;  ///< May be empty.
  double input_size = 0;
  std::size_t max_results = 16;
};

/// One attempt that was made earlier, perhaps by another process.
struct PastStep {
  double similarity = 0;  ///< To the query, in [0, 1].
  double input_size = 0;
  std::size_t predicted_bytes = 0;
  std::size_t given_bytes = 0;
  ResourceUse used;
  std::int64_t runtime_ns = 0;
  StepOutcome outcome = StepOutcome::success;
  ErrorCode code = ErrorCode::ok;
  double reward = 0;
};

/// Answers from experience. Threads: `recall` is called from any thread, several at once, and
/// never under a lock of the scheduler. It should answer in well under a step's run time.
class FRYS_API ExperienceAdvisor {
 public:
  virtual ~ExperienceAdvisor();
  /// The most similar past attempts, best first, at most `query.max_results`; none is no error.
  /// An error is logged, and the scheduler goes on without advice.
  virtual Result<std::vector<PastStep>> recall(const StepQuery& query) = 0;
};

}  // namespace frys
