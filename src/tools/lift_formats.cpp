// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tools/lift_formats.hpp"

namespace frys::tools {

const JsonValue* StepFields::find(std::string_view name) {
  const JsonValue* found = line_.find(name);
  if (found == nullptr) fail(name, "is missing");
  return found;
}

std::string StepFields::text(std::string_view name) {
  const JsonValue* found = find(name);
  if (found == nullptr) return {};
  if (found->kind != JsonValue::Kind::text) fail(name, "must be a text");
  return found->text;
}

std::string StepFields::label(std::string_view name) {
  const JsonValue* found = find(name);
  if (found == nullptr) return {};
  if (found->whole) return std::to_string(*found->whole);
  return text(name);
}

std::int64_t StepFields::whole(std::string_view name) {
  const JsonValue* found = find(name);
  if (found == nullptr) return 0;
  if (!found->whole) fail(name, "must be a whole number");
  return found->whole.value_or(0);
}

double StepFields::reward(std::string_view name) {
  const JsonValue* found = find(name);
  if (found == nullptr) return 0;
  if (found->kind != JsonValue::Kind::number || found->number < -1 || found->number > 1) {
    fail(name, "must be a number from -1 to 1");
  }
  return found->number;
}

void StepFields::fail(std::string_view name, const std::string& what) {
  if (!status_.ok()) return;
  status_ = {ErrorCode::invalid_argument, "field \"" + std::string(name) + "\": " + what};
}

std::string LastAction::before(const std::string& run, std::int64_t step,
                               const std::string& action_type) {
  const bool follows = run == run_ && step == step_ + 1;
  std::string last = follows ? std::move(action_type_) : std::string();
  run_ = run;
  step_ = step;
  action_type_ = action_type;
  return last;
}

std::string situation_of(std::string_view goal, std::string_view last_action,
                         std::string_view observed) {
  std::string out(goal);
  if (!last_action.empty()) out.append("\nafter_").append(last_action);
  return out.append("\n").append(observed.substr(0, most_observed_bytes));
}

}  // namespace frys::tools
