// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tools/lift_formats.hpp"

namespace frys::tools {
namespace {

/// The tool that a list of calls, as JSON in a text, calls first.
Result<std::string> tool_of(std::string_view action) {
  const Result<JsonValue> calls = parse_json(action);
  if (!calls) return calls.error();
  const bool any = calls->kind == JsonValue::Kind::list && !calls->items.empty();
  const JsonValue* name = any ? calls->items[0].find("name") : nullptr;
  if (name == nullptr || name->kind != JsonValue::Kind::text || name->text.empty()) {
    return Status(ErrorCode::invalid_argument, "must be a list of calls that have a name");
  }
  return name->text;
}

}  // namespace

RecordedStep TauBenchFormat::read(StepFields& line) {
  RecordedStep step;
  const std::string run = line.text("run");
  step.workflow = "tau-bench/" + run;
  step.task = line.label("task");
  step.action = line.text("action");
  const std::string kind = line.text("kind");
  step.action_type = "say";
  if (kind == "tool") {
    const Result<std::string> tool = tool_of(step.action);
    if (!tool) line.fail("action", std::string(tool.error().message()));
    if (tool) step.action_type = *tool;
  } else if (kind != "say") {
    line.fail("kind", "must be \"say\" or \"tool\"");
  }
  step.final_reward = line.reward("final");
  step.reward = step.final_reward;
  const std::string trial = run + "\n" + step.task + "\n" + line.label("trial");
  const std::string last = last_.before(trial, line.whole("step"), step.action_type);
  step.situation = situation_of("", last, line.text("prev_obs"));
  return step;
}

}  // namespace frys::tools
