// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <string_view>

#include "frys/scheduler/advisor.hpp"
#include "frys/scheduler/observer.hpp"
#include "frys/scheduler/step_record.hpp"
#include "frys/scheduler/workflow_report.hpp"

namespace frys {

ExperienceAdvisor::~ExperienceAdvisor() = default;
StepObserver::~StepObserver() = default;

std::string_view to_string(StepOutcome outcome) noexcept {
  switch (outcome) {
    case StepOutcome::success:
      return "success";
    case StepOutcome::failure:
      return "failure";
    case StepOutcome::cancelled:
      return "cancelled";
    case StepOutcome::deadline_exceeded:
      return "deadline_exceeded";
  }
  return "unknown";
}

std::string_view to_string(StepState state) noexcept {
  switch (state) {
    case StepState::waiting:
      return "waiting";
    case StepState::ready:
      return "ready";
    case StepState::running:
      return "running";
    case StepState::succeeded:
      return "succeeded";
    case StepState::failed:
      return "failed";
    case StepState::cancelled:
      return "cancelled";
  }
  return "unknown";
}

}  // namespace frys
