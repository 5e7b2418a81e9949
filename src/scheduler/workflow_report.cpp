// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/scheduler/workflow_report.hpp"

#include "core/json_text.hpp"

namespace frys {

namespace {

void append_field(std::string& out, std::string_view name, double value) {
  out += ",";
  detail::append_json_string(out, name);
  out += ":";
  detail::append_json_number(out, value);
}

void append_step(std::string& out, const StepPlan& step) {
  out += "{\"step\":";
  detail::append_json_string(out, step.step);
  out += ",\"agent\":";
  detail::append_json_string(out, step.agent);
  append_field(out, "urgency_s", step.urgency_s);
  append_field(out, "predicted_bytes", double(step.predicted_bytes));
  append_field(out, "budget_bytes", double(step.budget_bytes));
  append_field(out, "predicted_runtime_ns", double(step.predicted_runtime_ns));
  out += step.critical ? ",\"critical\":true" : ",\"critical\":false";
  out += step.memory_ready ? ",\"memory_ready\":true}" : ",\"memory_ready\":false}";
}

}  // namespace

std::string CollaborationPlan::to_json() const {
  std::string out = "{\"workflow\":";
  detail::append_json_string(out, workflow);
  append_field(out, "workflow_id", double(workflow_id.value));
  append_field(out, "critical_path_ns", double(critical_path_ns));
  append_field(out, "least_makespan_ns", double(least_makespan_ns));
  append_field(out, "ready_bytes", double(ready_bytes));
  append_field(out, "capacity_version", double(capacity.version));
  append_field(out, "cpu_slots", capacity.cpu_slots);
  append_field(out, "memory_bytes", double(capacity.memory_bytes));
  out += ",\"collaboration\":" + collaboration.to_json() + ",\"next_agents\":[";
  for (const NextAgent& next : next_agents) {
    out += out.back() == '[' ? "{\"agent\":" : ",{\"agent\":";
    detail::append_json_string(out, next.agent);
    append_field(out, "probability", next.probability);
    out += "}";
  }
  out += "],\"steps\":[";
  for (const StepPlan& step : steps) {
    if (out.back() != '[') out += ",";
    append_step(out, step);
  }
  return out + "]}";
}

}  // namespace frys
