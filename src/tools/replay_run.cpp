// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tools/replay_run.hpp"

#include <cmath>
#include <limits>
#include <utility>

#include "frys/core/simulation.hpp"
#include "frys/memory/manager.hpp"
#include "frys/scheduler/workflow_scheduler.hpp"

namespace frys::tools {
namespace {

constexpr double ns_per_s = 1e9;
// Doubling from one page reaches every size there is.
constexpr int most_attempts = 64;
constexpr std::size_t no_limit_bytes = std::size_t{1} << 61;

std::int64_t to_ns(double seconds) {
  return static_cast<std::int64_t>(std::llround(seconds * ns_per_s));
}
double to_s(std::int64_t ns) { return static_cast<double>(ns) / ns_per_s; }

SchedulerOptions scheduler_options(const ReplayOptions& options) {
  SchedulerOptions out;
  out.capacity = {1, static_cast<double>(options.workers),
                  options.memory_bytes == 0 ? no_limit_bytes : options.memory_bytes};
  out.allocator.policy = options.policy;
  out.predictor.default_memory_bytes = options.request_bytes;
  out.ready_memory = false;
  return out;
}

}  // namespace

struct Replayer::Impl {
  explicit Impl(TensorMemoryManager given) : memory(std::move(given)) {}

  StepSpec spec_of(const RecordedTask& task, std::size_t index);
  void start(std::size_t index, StepContext& context, StepCompletion done);

  SimulatedExecutor simulation;
  TensorMemoryManager memory;
  std::unique_ptr<WorkflowScheduler> scheduler;
  BaselineTracker tracker;
  const RecordedWorkflow* current = nullptr;
  std::vector<Baseline> at_start;  // By task, when its first attempt started.
};

void Replayer::Impl::start(std::size_t index, StepContext& context, StepCompletion done) {
  const RecordedTask& task = current->tasks[index];
  if (context.attempt() == 1) at_start[index] = tracker.predict(task.type);
  const auto given = static_cast<double>(context.given_bytes());
  const bool enough = given >= task.memory_bytes;
  const double lasts_s = killed_after_s(given, task.memory_bytes, task.runtime_s);
  ResourceUse used;
  used.peak_bytes = static_cast<std::size_t>(enough ? task.memory_bytes : given);
  context.report_used(used);
  Status end;
  if (!enough) {
    end = Status(ErrorCode::budget_exceeded,
                 "out of memory: needs " +
                     std::to_string(static_cast<std::size_t>(task.memory_bytes)) +
                     " bytes, was given " + std::to_string(context.given_bytes()));
  }
  const Result<TimerId> timer = context.executor().submit_after(
      to_ns(lasts_s), [this, index, end, enough, done = std::move(done)]() mutable {
        const RecordedTask& ended = current->tasks[index];
        if (enough) tracker.observe(ended.type, ended.memory_bytes, ended.runtime_s);
        done(std::move(end));
      });
  // Without a timer the completion was dropped, which fails the step.
  static_cast<void>(timer.has_value());
}

StepSpec Replayer::Impl::spec_of(const RecordedTask& task, std::size_t index) {
  StepSpec spec;
  spec.name = task.id;
  spec.type = task.type;
  spec.agent = task.type;
  for (const std::size_t parent : task.parents) spec.after.push_back({parent});
  spec.input_size = task.input_bytes;
  spec.max_attempts = most_attempts;
  spec.run = [this, index](StepContext& context, StepCompletion done) {
    start(index, context, std::move(done));
  };
  return spec;
}

Replayer::Replayer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Replayer::~Replayer() = default;

Result<std::unique_ptr<Replayer>> Replayer::create(const ReplayOptions& options) {
  TensorMemoryOptions memory_options;
  memory_options.budget_bytes = no_limit_bytes;  // Nothing is allocated; the allocator counts.
  Environment environment;
  Result<TensorMemoryManager> memory = TensorMemoryManager::create(memory_options, environment);
  if (!memory) return memory.error();
  auto impl = std::make_unique<Impl>(std::move(*memory));
  environment.executor = &impl->simulation;
  environment.clock = &impl->simulation.clock();
  auto scheduler = WorkflowScheduler::create(scheduler_options(options), impl->memory, environment);
  if (!scheduler) return scheduler.error();
  impl->scheduler = std::move(*scheduler);
  return std::unique_ptr<Replayer>(new Replayer(std::move(impl)));
}

Result<ReplayedWorkflow> Replayer::run(const std::string& label, const RecordedWorkflow& workflow) {
  Impl& self = *impl_;
  self.current = &workflow;
  self.at_start.assign(workflow.tasks.size(), Baseline{});
  WorkflowGraph graph(label);
  for (std::size_t i = 0; i < workflow.tasks.size(); ++i) {
    const Result<StepId> added = graph.add_step(self.spec_of(workflow.tasks[i], i));
    if (!added) return added.error();
  }
  const Result<WorkflowId> id = self.scheduler->submit(std::move(graph));
  if (!id) return id.error();
  Result<WorkflowReport> report = self.scheduler->wait(*id);
  if (!report) return report.error();

  ReplayedWorkflow out;
  out.label = label;
  out.tasks = workflow.tasks.size();
  out.makespan_s = to_s(report->finished_ns - report->submitted_ns);
  out.status = report->status;
  for (StepRecord& record : report->records) {
    const auto index = static_cast<std::size_t>(record.step_id.value);
    const RecordedTask& task = workflow.tasks[index];
    Decision decision;
    decision.start_s = to_s(record.start_ns - report->submitted_ns);
    decision.end_s = to_s(record.end_ns - report->submitted_ns);
    decision.used_bytes = task.memory_bytes;
    decision.runtime_s = task.runtime_s;
    decision.out_of_memory = record.code == ErrorCode::budget_exceeded;
    decision.baseline = self.at_start[index];
    decision.record = std::move(record);
    out.decisions.push_back(std::move(decision));
  }
  return out;
}

}  // namespace frys::tools
