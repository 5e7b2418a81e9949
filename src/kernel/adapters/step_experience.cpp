// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "kernel/adapters/step_experience.hpp"

#include <algorithm>

namespace frys::detail {
namespace {

Outcome to_outcome(StepOutcome outcome) noexcept {
  switch (outcome) {
    case StepOutcome::success:
      return Outcome::success;
    case StepOutcome::cancelled:
      return Outcome::partial;
    case StepOutcome::failure:
    case StepOutcome::deadline_exceeded:
      return Outcome::failure;
  }
  return Outcome::failure;
}

StepOutcome to_step_outcome(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::success:
      return StepOutcome::success;
    case Outcome::partial:
      return StepOutcome::cancelled;
    case Outcome::failure:
      return StepOutcome::failure;
  }
  return StepOutcome::failure;
}

// An experience has no field for the scheduler's error code; it travels as a tag.
constexpr std::string_view code_tag = "code=";

ErrorCode code_of(const std::vector<std::string>& tags) noexcept {
  for (const std::string& tag : tags) {
    if (!tag.starts_with(code_tag)) continue;
    const std::string_view name = std::string_view(tag).substr(code_tag.size());
    for (auto value = 0; value <= static_cast<int>(ErrorCode::internal); ++value) {
      if (to_string(static_cast<ErrorCode>(value)) == name) return static_cast<ErrorCode>(value);
    }
  }
  return ErrorCode::ok;
}

}  // namespace

std::string situation_text(std::string_view type, std::string_view agent,
                           std::string_view situation) {
  if (!situation.empty()) return std::string(situation);
  return std::string(type).append(" by ").append(agent);
}

Experience to_experience(const StepRecord& record) {
  Experience experience;
  experience.workflow = record.workflow;
  experience.agent = record.agent;
  experience.step_type = record.type;
  experience.situation = situation_text(record.type, record.agent, record.situation);
  experience.action = record.step;
  experience.outcome_text = record.reason;
  experience.outcome = to_outcome(record.outcome);
  experience.reward = record.reward;
  experience.started_at_ns = record.started_wall_ns;
  experience.duration_ns = std::max<std::int64_t>(record.runtime_ns, 0);
  experience.input_size = record.input_size;
  experience.resources.predicted_bytes = record.predicted_bytes;
  experience.resources.given_bytes = record.given_bytes;
  experience.resources.peak_bytes = record.used.peak_bytes;
  experience.resources.page_faults = record.used.page_faults;
  experience.resources.predicted_duration_ns = record.predicted_runtime_ns;
  experience.resources.queued_ns = record.start_ns - record.queued_ns;
  experience.tags = {"attempt=" + std::to_string(record.attempt),
                     "iteration=" + std::to_string(record.iteration),
                     "step=" + std::to_string(record.step_id.value)};
  if (record.code != ErrorCode::ok) {
    experience.tags.push_back(std::string(code_tag).append(to_string(record.code)));
  }
  return experience;
}

PastStep to_past_step(const Match& match) {
  const Experience& experience = *match.experience;
  PastStep past;
  past.similarity = std::clamp(match.similarity, 0.0, 1.0);
  past.input_size = experience.input_size;
  past.predicted_bytes = experience.resources.predicted_bytes;
  past.given_bytes = experience.resources.given_bytes;
  past.used.peak_bytes = experience.resources.peak_bytes;
  past.used.page_faults = experience.resources.page_faults;
  past.runtime_ns = experience.duration_ns;
  past.outcome = to_step_outcome(experience.outcome);
  past.code = code_of(experience.tags);
  past.reward = experience.reward;
  return past;
}

}  // namespace frys::detail
