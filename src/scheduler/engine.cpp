// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A workflow's way in and its way out.

#include "scheduler/engine.hpp"

#include <algorithm>
#include <new>

#include "frys/core/simulation.hpp"
#include "frys/scheduler/thread_pool.hpp"

namespace frys::detail {

namespace {

Status closed_error() {
  return Status(ErrorCode::closed, "the scheduler is closed; submit before closing it");
}

/// Without memory for the task or the report, the callback hears of that, here.
void deliver(const Environment& environment, UniqueFunction<void(Result<WorkflowReport>)> done,
             const WorkflowReport& report) noexcept {
  try {
    static_cast<void>(environment.executor->submit(
        Delivery<WorkflowReport>(environment, std::move(done), WorkflowReport(report))));
  } catch (const std::bad_alloc&) {
    call_back<WorkflowReport>(environment, std::move(done), Status::out_of_memory());
  }
}

}  // namespace

Engine::Engine(const SchedulerOptions& options, ResourceAllocator allocator,
               TensorMemoryManager& memory, const Environment& environment)
    : environment_(environment),
      options_(options),
      detector_(options.detector),
      predictor_(options.predictor),
      allocator_(std::move(allocator)),
      memory_(memory) {}

Result<Engine::RunPtr> Engine::find(WorkflowId id) const {
  if (closed_) return closed_error();
  const auto found = runs_.find(id.value);
  if (found == runs_.end()) {
    return Status(ErrorCode::not_found,
                  "workflow " + std::to_string(id.value) +
                      " is not known: it was never submitted here, or its report was given up "
                      "(reports_kept is " +
                      std::to_string(options_.reports_kept) + ")");
  }
  return found->second;
}

/// Predicts every step and ranks them, before anybody else can see the run.
Result<Engine::RunPtr> Engine::prepare(WorkflowGraph& graph) {
  if (graph.name_.empty()) return graph.validate();
  GraphShape shape;
  if (Status checked = derive_shape(graph.steps_, graph.loops_, &shape); !checked.ok()) {
    return checked;
  }
  auto run = std::make_shared<WorkflowRun>();
  {
    const Lock lock(mutex_);
    if (closed_) return closed_error();
    run->id = WorkflowId{++last_id_};
  }
  run->name = std::move(graph.name_);
  Result<MemoryScope> scope =
      memory_.workflow_scope(run->name + "-" + std::to_string(run->id.value));
  if (!scope) return scope.error();
  run->scope = *std::move(scope);
  for (std::size_t i = 0; i < graph.steps_.size(); ++i) {
    Step& step = run->steps.emplace_back();
    step.spec = std::move(graph.steps_[i]);
    step.id = StepId{i};
    step.run = run.get();
    step.after = std::move(shape.after[i]);
    step.successors = std::move(shape.successors[i]);
    step.waiting_for = step.after.size();
    step.advice = advise(*run, step.spec);
    step.forecast = forecast(*run, step);
    run->by_name.emplace(step.spec.name, i);
  }
  for (const LoopSpec& loop : graph.loops_) {
    run->loops.push_back({loop.first.value, loop.last.value, loop.max_iterations});
  }
  run->unfinished = run->steps.size();
  rank(*run);
  return run;
}

Result<WorkflowId> Engine::submit(WorkflowGraph graph) {
  try {
    Result<RunPtr> run = prepare(graph);
    if (!run) return run.error();
    bool refused = false;
    {
      const Lock lock(mutex_);
      if (!closed_) insert(*run);
      refused = closed_;
    }
    if (refused) {
      static_cast<void>((*run)->scope.close());
      return closed_error();
    }
    dispatch();
    finish_if_done(*run);
    return (*run)->id;
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

void Engine::insert(const RunPtr& run) {
  run->submitted_ns = now_ns();
  runs_.emplace(run->id.value, run);
  if (environment_.metrics != nullptr) {
    environment_.metrics->gauge("frys_scheduler_workflows_running").add(1);
  }
  for (Step& step : run->steps) {
    if (step.waiting_for == 0 && step.state == StepState::waiting) make_ready(step);
  }
}

/// Blocking a worker on work that may need that very worker is a deadlock in waiting.
Status Engine::must_not_wait() const {
  const auto* pool = dynamic_cast<const ThreadPool*>(environment_.executor);
  if (!inside_step() && (pool == nullptr || !pool->on_worker_thread())) return {};
  return Status(ErrorCode::failed_precondition,
                "a step or a worker can't block on the scheduler; use the callback, or make the "
                "step wait for other steps");
}

Result<WorkflowReport> Engine::wait(WorkflowId id) {
  if (Status may = must_not_wait(); !may.ok()) return may;
  RunPtr run;
  {
    Lock lock(mutex_);
    Result<RunPtr> found = find(id);
    if (!found) return found.error();
    run = *std::move(found);
  }
  if (auto* simulation = dynamic_cast<SimulatedExecutor*>(environment_.executor)) {
    while (run->report == nullptr) {  // One thread, so no lock is needed to look.
      if (!simulation->run_one()) {
        return Status(ErrorCode::failed_precondition,
                      "the simulation has come to rest, but workflow '" + run->name +
                          "' has not ended: a step waits for something outside the simulation");
      }
    }
  }
  Lock lock(mutex_);
  changed_.wait(lock, [&] { return run->report != nullptr; });
  const std::shared_ptr<const WorkflowReport> report = run->report;
  lock.unlock();
  try {
    return *report;
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

void Engine::wait(WorkflowId id, UniqueFunction<void(Result<WorkflowReport>)> done) noexcept {
  Status refused;
  try {
    std::shared_ptr<const WorkflowReport> report;
    {
      const Lock lock(mutex_);
      const Result<RunPtr> found = find(id);
      if (found && (*found)->report == nullptr) {
        (*found)->waiters.push_back(std::move(done));
        return;
      }
      if (found) report = (*found)->report;
      refused = found.status();
    }
    if (report != nullptr) return deliver(environment_, std::move(done), *report);
    static_cast<void>(environment_.executor->submit(
        Delivery<WorkflowReport>(environment_, std::move(done), refused)));
  } catch (const std::bad_alloc&) {
    call_back<WorkflowReport>(environment_, std::move(done), Status::out_of_memory());
  }
}

Status Engine::cancel(WorkflowId id) {
  RunPtr run;
  {
    const Lock lock(mutex_);
    Result<RunPtr> found = find(id);
    if (!found) return found.error();
    run = *std::move(found);
  }
  cancel_run(run);
  return {};
}

void Engine::cancel_run(const RunPtr& run) {
  const Status why(ErrorCode::cancelled, "workflow '" + run->name + "' was cancelled");
  std::vector<std::shared_ptr<Attempt>> asked;
  {
    const Lock lock(mutex_);
    if (run->cancelling || run->finishing) return;
    run->cancelling = true;
    if (run->status.ok()) run->status = why;
    for (Step& step : run->steps) {
      if (step.state == StepState::ready) {
        allocator_.withdraw(step.ticket);
        tickets_.erase(step.ticket);
      }
      if (step.state == StepState::waiting || step.state == StepState::ready) {
        drop(*run, step, why);
      } else if (step.state == StepState::running && !step.attempt->over) {
        const std::shared_ptr<Attempt> attempt = step.attempt;
        if (attempt->begun) {
          asked.push_back(attempt);
        } else {
          attempt->over = true;
          static_cast<void>(allocator_.release(step.ticket));
          tickets_.erase(step.ticket);
          step.attempt.reset();
          drop(*run, step, why);
        }
      }
    }
  }
  for (const auto& attempt : asked) attempt->source.cancel();
  for (const auto& attempt : asked) end(attempt, why, Ending::given_up);
  dispatch();
  finish_if_done(run);
}

/// The last step has ended: makes the report, closes the workflow's memory, tells who waits.
void Engine::finish_if_done(const RunPtr& run) noexcept {
  auto report = std::make_shared<WorkflowReport>();
  {
    const Lock lock(mutex_);
    if (run->unfinished > 0 || run->finishing) return;
    run->finishing = true;
    ++busy_;
    report->id = run->id;
    report->name = run->name;
    report->status = run->status;
    report->submitted_ns = run->submitted_ns;
    report->finished_ns = now_ns();
    report->records = std::move(run->records);
    for (const Step& step : run->steps) {
      const int iterations = step.iteration + (step.attempts > 0 ? 1 : 0);
      report->steps.push_back(
          {step.id, step.spec.name, step.state, step.status, step.attempts, iterations});
    }
  }
  if (auto seen = detector_.detect(run->id.value)) report->collaboration = *std::move(seen);
  clean_if_done(run);
  if (environment_.metrics != nullptr) {
    environment_.metrics->gauge("frys_scheduler_workflows_running").add(-1);
    environment_.metrics->counter("frys_scheduler_workflows_total").add(1);
  }
  std::vector<UniqueFunction<void(Result<WorkflowReport>)>> waiters;
  std::vector<RunPtr> evicted;  // Destroyed outside the lock.
  {
    const Lock lock(mutex_);
    run->report = report;
    waiters.swap(run->waiters);
    finished_.push_back(run->id.value);
    while (finished_.size() > options_.reports_kept) {
      if (auto oldest = runs_.extract(finished_.front())) {
        evicted.push_back(std::move(oldest.mapped()));
      }
      finished_.pop_front();
    }
    --busy_;
    changed_.notify_all();
  }
  for (auto& waiter : waiters) deliver(environment_, std::move(waiter), *report);
}

/// Once no function of the run can be running any more, lets go of what it held: tensors that were
/// handed on, the host's functions and what they captured, and the memory scopes.
void Engine::clean_if_done(const RunPtr& run) noexcept {
  std::deque<Step> steps;  // Destroyed outside the lock.
  std::map<std::string, MemoryScope, std::less<>> agent_scopes;
  {
    const Lock lock(mutex_);
    if (!run->finishing || run->gone_pending > 0 || run->cleaned) return;
    run->cleaned = true;
    steps.swap(run->steps);
    agent_scopes.swap(run->agent_scopes);
    run->by_name.clear();
    run->forecasts.clear();
  }
  steps.clear();
  static_cast<void>(run->scope.close());
}

Status Engine::resize(const Capacity& capacity) {
  {
    const Lock lock(mutex_);
    if (closed_) return closed_error();
    if (Status resized = allocator_.resize(capacity); !resized.ok()) return resized;
  }
  dispatch();
  return {};
}

Status Engine::close() noexcept {
  if (Status may = must_not_wait(); !may.ok()) return may;
  std::unordered_map<std::uint64_t, RunPtr> runs;
  {
    const Lock lock(mutex_);
    closed_ = true;
    runs = runs_;
  }
  for (const auto& [id, run] : runs) cancel_run(run);
  Lock lock(mutex_);
  changed_.wait(lock, [&] {
    return busy_ == 0 && occupied_ == 0 &&
           std::all_of(runs.begin(), runs.end(),
                       [](const auto& entry) { return entry.second->report != nullptr; });
  });
  runs_.clear();
  finished_.clear();
  return {};
}

}  // namespace frys::detail
