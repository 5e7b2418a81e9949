// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tools/replay_report.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>

#include "tools/report_text.hpp"

namespace frys::tools {
namespace {

constexpr double giga = 1e9;

// A workflow without work is neither above nor below its bound.
double over(double makespan_s, double bound_s) { return bound_s > 0 ? makespan_s / bound_s : 1; }

template <typename Value>
double geometric_mean(const std::vector<WorkflowLine>& lines, Value value) {
  if (lines.empty()) return 1;
  double logs = 0;
  for (const WorkflowLine& line : lines) logs += std::log(over(value(line), line.bound_s));
  return std::exp(logs / static_cast<double>(lines.size()));
}

// Tabs and line ends would break the table.
std::string cell(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return text.empty() ? "-" : text;
}

std::string outcome_of(const Decision& decision) {
  return decision.out_of_memory ? "out_of_memory" : std::string(to_string(decision.record.outcome));
}

std::string reason_of(const Decision& decision) {
  if (!decision.record.reason.empty()) return decision.record.reason;
  if (decision.record.attempt > 1) return "given more after running out of memory";
  if (decision.baseline.seen == 0) return "first of its type";
  return "predicted from " + std::to_string(decision.baseline.seen) + " earlier";
}

void write_memory(JsonWriter& json, const char* key, const MemoryScore& score) {
  json.Key(key);
  json.StartObject();
  write_number(json, "wasted_gb_s", score.wasted / giga);
  write_number(json, "used_gb_s", score.used / giga);
  write_count(json, "out_of_memory", score.out_of_memory);
  write_count(json, "steps", score.steps);
  json.EndObject();
}

void write_runtime(JsonWriter& json, const char* key, const RuntimeScore& score) {
  json.Key(key);
  json.StartObject();
  write_number(json, "median_relative_error", score.median_relative_error());
  write_number(json, "total_relative_error", score.total_relative_error());
  write_count(json, "steps", score.steps());
  json.EndObject();
}

void write_workflow(JsonWriter& json, const WorkflowLine& line) {
  json.StartObject();
  write_text(json, "workflow", line.label);
  write_count(json, "tasks", line.tasks);
  write_number(json, "makespan_s", line.makespan_s);
  write_number(json, "bound_s", line.bound_s);
  write_number(json, "critical_path_s", line.critical_path_s);
  write_number(json, "work_s", line.work_s);
  write_number(json, "makespan_over_bound", over(line.makespan_s, line.bound_s));
  write_number(json, "fifo_makespan_s", line.fifo_makespan_s);
  write_number(json, "fifo_over_bound", over(line.fifo_makespan_s, line.bound_s));
  write_count(json, "out_of_memory", line.out_of_memory);
  json.EndObject();
}

void append_memory(std::string& out, const char* what, const MemoryScore& ours,
                   const MemoryScore& theirs) {
  append(out, "memory, %s (%zu)\n", what, ours.steps);
  append(out, "  wasted, GB s                %14.1f %14.1f\n", ours.wasted / giga,
         theirs.wasted / giga);
  append(out, "  ran out of memory, times    %14zu %14zu\n", ours.out_of_memory,
         theirs.out_of_memory);
}

}  // namespace

void ReplayFigures::add(const RecordedWorkflow& recorded, const ReplayedWorkflow& replayed,
                        const ReplayedWorkflow& fifo) {
  WorkflowLine line;
  line.label = replayed.label;
  line.tasks = replayed.tasks;
  line.makespan_s = replayed.makespan_s;
  line.fifo_makespan_s = fifo.makespan_s;
  line.critical_path_s = critical_path_s(recorded);
  line.work_s = total_work_s(recorded);
  line.bound_s = std::max(line.critical_path_s, line.work_s / static_cast<double>(options.workers));

  const auto request = static_cast<double>(options.request_bytes);
  for (const Decision& d : replayed.decisions) {
    line.out_of_memory += d.out_of_memory ? 1 : 0;
    const double held_s = d.end_s - d.start_s;
    const auto given = static_cast<double>(d.record.given_bytes);
    const bool known = d.baseline.max_bytes > 0;
    const bool ended = d.record.outcome == StepOutcome::success;
    if (d.used_bytes > 0) {
      memory_all.hold(given, d.used_bytes, held_s, !ended);
      if (known) memory.hold(given, d.used_bytes, held_s, !ended);
    }
    if (!ended) continue;
    if (d.used_bytes > 0) {
      const double guess = known ? d.baseline.max_bytes : request;
      memory_max_seen_all.simulate(guess, d.used_bytes, d.runtime_s, d.baseline.max_bytes);
      if (known) {
        memory_max_seen.simulate(guess, d.used_bytes, d.runtime_s, d.baseline.max_bytes);
      }
    }
    if (d.baseline.seen > 0) {
      runtime.add(static_cast<double>(d.record.predicted_runtime_ns) / giga, d.runtime_s);
      runtime_last.add(d.baseline.last_runtime_s, d.runtime_s);
      runtime_mean.add(d.baseline.mean_runtime_s, d.runtime_s);
    }
  }
  workflows.push_back(std::move(line));
}

double ReplayFigures::makespan_ratio() const {
  return geometric_mean(workflows, [](const WorkflowLine& line) { return line.makespan_s; });
}
double ReplayFigures::fifo_ratio() const {
  return geometric_mean(workflows, [](const WorkflowLine& line) { return line.fifo_makespan_s; });
}

std::string to_text(const ReplayFigures& figures) {
  std::string out;
  append(out, "%-40s %6s %12s %12s %8s %12s %8s %4s\n", "workflow", "tasks", "makespan s",
         "bound s", "x bound", "FIFO s", "x bound", "oom");
  for (const WorkflowLine& line : figures.workflows) {
    append(out, "%-40.40s %6zu %12.3f %12.3f %8.4f %12.3f %8.4f %4zu\n", line.label.c_str(),
           line.tasks, line.makespan_s, line.bound_s, over(line.makespan_s, line.bound_s),
           line.fifo_makespan_s, over(line.fifo_makespan_s, line.bound_s), line.out_of_memory);
  }
  append(out, "\nworkers %zu, policy %s, bound = max(critical path, work / workers)\n",
         figures.options.workers,
         figures.options.policy == AdmissionPolicy::fifo ? "fifo" : "organized");
  append(out, "makespan over bound, geometric mean: %.4f (FIFO %.4f)\n", figures.makespan_ratio(),
         figures.fifo_ratio());
  if (figures.memory_all.steps > 0) {
    append(out, "\n%-29s %14s %14s\n", "", "frys", "max seen");
    append_memory(out, "steps of a type seen before", figures.memory, figures.memory_max_seen);
    append_memory(out, "all steps", figures.memory_all, figures.memory_max_seen_all);
  }
  if (figures.runtime.steps() > 0) {
    append(out, "\n%-29s %14s %14s %14s\n", "", "frys", "last", "mean");
    append(out, "run time, steps of a type seen before (%zu)\n", figures.runtime.steps());
    append(out, "  median relative error       %14.4f %14.4f %14.4f\n",
           figures.runtime.median_relative_error(), figures.runtime_last.median_relative_error(),
           figures.runtime_mean.median_relative_error());
    append(out, "  total error / total time    %14.4f %14.4f %14.4f\n",
           figures.runtime.total_relative_error(), figures.runtime_last.total_relative_error(),
           figures.runtime_mean.total_relative_error());
  }
  return out;
}

std::string to_json(const ReplayFigures& figures) {
  rapidjson::StringBuffer buffer;
  JsonWriter json(buffer);
  json.SetIndent(' ', 2);
  json.StartObject();
  write_count(json, "workers", figures.options.workers);
  json.Key("memory_bytes");
  if (figures.options.memory_bytes == 0) {
    json.Null();
  } else {
    json.Uint64(figures.options.memory_bytes);
  }
  write_count(json, "request_bytes", figures.options.request_bytes);
  json.Key("policy");
  json.String(figures.options.policy == AdmissionPolicy::fifo ? "fifo" : "organized");
  json.Key("workflows");
  json.StartArray();
  for (const WorkflowLine& line : figures.workflows) write_workflow(json, line);
  json.EndArray();
  write_number(json, "makespan_over_bound", figures.makespan_ratio());
  write_number(json, "fifo_over_bound", figures.fifo_ratio());
  json.Key("memory");
  json.StartObject();
  write_memory(json, "frys", figures.memory);
  write_memory(json, "max_seen", figures.memory_max_seen);
  write_memory(json, "frys_all_steps", figures.memory_all);
  write_memory(json, "max_seen_all_steps", figures.memory_max_seen_all);
  json.EndObject();
  json.Key("runtime");
  json.StartObject();
  write_runtime(json, "frys", figures.runtime);
  write_runtime(json, "last", figures.runtime_last);
  write_runtime(json, "mean", figures.runtime_mean);
  json.EndObject();
  json.EndObject();
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

Status write_decisions(const std::string& path, const std::vector<ReplayedWorkflow>& workflows) {
  const auto failed = [&] {
    return Status(ErrorCode::io_error,
                  path + ": cannot be written: " + std::string(std::strerror(errno)));
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      std::fopen(path.c_str(), "w"), [](std::FILE* f) { return std::fclose(f); });
  if (!file) return failed();
  std::string out =
      "workflow\ttask\ttype\tstart_s\tend_s\tattempt\tpredicted_bytes\tallocated_bytes\t"
      "used_bytes\truntime_s\tpredicted_runtime_s\toutcome\treason\n";
  for (const ReplayedWorkflow& workflow : workflows) {
    for (const Decision& d : workflow.decisions) {
      out += cell(workflow.label) + '\t' + cell(d.record.step) + '\t' + cell(d.record.type);
      append(out, "\t%.6f\t%.6f\t%d\t%zu\t%zu\t%.0f\t%.6f\t%.6f\t", d.start_s, d.end_s,
             d.record.attempt, d.record.predicted_bytes, d.record.given_bytes, d.used_bytes,
             d.runtime_s, static_cast<double>(d.record.predicted_runtime_ns) / giga);
      out += cell(outcome_of(d)) + '\t' + cell(reason_of(d)) + '\n';
    }
    if (std::fwrite(out.data(), 1, out.size(), file.get()) != out.size()) return failed();
    out.clear();
  }
  if (!out.empty() && std::fwrite(out.data(), 1, out.size(), file.get()) != out.size()) {
    return failed();
  }
  return std::fflush(file.get()) == 0 ? Status() : failed();
}

}  // namespace frys::tools
