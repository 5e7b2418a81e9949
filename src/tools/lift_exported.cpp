// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tools/experience_json.hpp"
#include "tools/lift_formats.hpp"

namespace frys::tools {
namespace {

double reward_of(Outcome outcome) {
  if (outcome == Outcome::success) return 1;
  return outcome == Outcome::partial ? 0.5 : 0;
}

std::string task_of(const Experience& experience) {
  constexpr std::string_view prefix = "task:";
  for (const std::string& tag : experience.tags) {
    if (tag.starts_with(prefix)) return tag.substr(prefix.size());
  }
  return experience.situation;
}

}  // namespace

Result<RecordedStep> ExportedFormat::read(std::string_view line) {
  Result<ExperienceLine> read = from_json_line(line);
  if (!read) return read.error();
  Experience* experience = &read->experience;
  const Outcome outcome = read->standing ? read->standing->outcome : experience->outcome;
  RecordedStep step;
  step.workflow = "exported/" + experience->workflow;
  step.task = task_of(*experience);
  step.situation = std::move(experience->situation);
  step.action = std::move(experience->action);
  // An empty type would be no filter.
  step.action_type = experience->step_type.empty() ? "none" : std::move(experience->step_type);
  step.reward = reward_of(outcome);
  step.final_reward = step.reward;
  return step;
}

}  // namespace frys::tools
