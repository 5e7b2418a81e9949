// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What a running step asks of its workflow.

#include <algorithm>
#include <cmath>
#include <new>

#include "scheduler/engine.hpp"

namespace frys {

namespace detail {

namespace {

Status not_found(const std::string& message) { return Status(ErrorCode::not_found, message); }

bool has_started(StepState state) noexcept {
  return state != StepState::waiting && state != StepState::ready;
}

}  // namespace

/// Success while the attempt may still change its workflow.
Status Engine::may_act(const Attempt& attempt) const {
  if (attempt.workflow->cancelling) {
    return Status(ErrorCode::cancelled, "workflow '" + attempt.workflow->name + "' is cancelled");
  }
  if (attempt.over) {
    return Status(ErrorCode::failed_precondition,
                  "this attempt at step '" + attempt.step.spec.name +
                      "' is over (it missed its deadline, or was completed); its workflow went on "
                      "without it");
  }
  return {};
}

Result<StepId> Engine::add_step(Attempt& attempt, StepSpec spec) {
  if (Status checked = check_spec(spec); !checked.ok()) return checked;
  const std::shared_ptr<const Advice> advice = advise(*attempt.workflow, spec);
  Result<StepId> added = Status(ErrorCode::internal, "no answer");
  {
    const Lock lock(mutex_);
    if (Status may = may_act(attempt); !may.ok()) return may;
    added = extend(*attempt.workflow, std::move(spec), advice);
  }
  if (added) dispatch();
  return added;
}

Result<StepId> Engine::extend(WorkflowRun& run, StepSpec spec,
                              std::shared_ptr<const Advice> advice) {
  const std::size_t index = run.steps.size();
  std::vector<std::size_t> after;
  for (const StepId id : spec.after) {
    if (id.value >= index) {
      return Status(ErrorCode::invalid_argument,
                    "step '" + spec.name + "' waits for step " + std::to_string(id.value) +
                        ", but workflow '" + run.name + "' has only " + std::to_string(index));
    }
    after.push_back(id.value);
  }
  std::sort(after.begin(), after.end());
  after.erase(std::unique(after.begin(), after.end()), after.end());
  if (run.by_name.contains(spec.name)) {
    return Status(ErrorCode::invalid_argument, "workflow '" + run.name + "' has a step '" +
                                                   spec.name +
                                                   "' already; give each step a name of its own");
  }
  run.by_name.emplace(spec.name, index);
  Step& step = run.steps.emplace_back();
  step.spec = std::move(spec);
  step.id = StepId{index};
  step.run = &run;
  step.after = std::move(after);
  step.advice = std::move(advice);
  step.forecast = forecast(run, step);
  step.urgency_s = double(step.forecast.runtime_ns) * 1e-9;
  ++run.unfinished;
  for (const std::size_t i : step.after) {
    Step& before = run.steps[i];
    before.successors.push_back(index);
    if (before.state != StepState::succeeded) ++step.waiting_for;
  }
  raise_urgency(run, step);
  for (const std::size_t i : step.after) {
    const Step& before = run.steps[i];
    if (before.state == StepState::failed || before.state == StepState::cancelled) {
      drop(run, step,
           Status(ErrorCode::cancelled,
                  "it waits for step '" + before.spec.name + "', which did not succeed"));
      return step.id;
    }
  }
  if (step.waiting_for == 0) make_ready(step);
  return step.id;
}

Status Engine::add_dependency(Attempt& attempt, StepId before_id, StepId step_id) {
  {
    const Lock lock(mutex_);
    if (Status may = may_act(attempt); !may.ok()) return may;
    if (Status linked = link(*attempt.workflow, before_id.value, step_id.value); !linked.ok()) {
      return linked;
    }
  }
  dispatch();
  return {};
}

Status Engine::link(WorkflowRun& run, std::size_t before_index, std::size_t step_index) {
  for (const std::size_t i : {before_index, step_index}) {
    if (i >= run.steps.size()) {
      return not_found("workflow '" + run.name + "' has no step " + std::to_string(i));
    }
  }
  Step& before = run.steps[before_index];
  Step& step = run.steps[step_index];
  if (has_started(step.state)) {
    return Status(ErrorCode::failed_precondition, "step '" + step.spec.name + "' is " +
                                                      std::string(to_string(step.state)) +
                                                      "; it can't be made to wait any more");
  }
  if (std::binary_search(step.after.begin(), step.after.end(), before_index)) return {};
  const auto successors = [&](std::size_t i) -> const std::vector<std::size_t>& {
    return run.steps[i].successors;
  };
  if (const auto cycle = find_path(successors, step_index, before_index); !cycle.empty()) {
    return Status(ErrorCode::invalid_argument,
                  "steps would wait for each other: " + describe_cycle(cycle, [&](std::size_t i) {
                    return std::string_view(run.steps[i].spec.name);
                  }));
  }
  before.successors.push_back(step_index);
  step.after.insert(std::upper_bound(step.after.begin(), step.after.end(), before_index),
                    before_index);
  raise_urgency(run, step);
  if (before.state == StepState::succeeded) return {};
  if (step.state == StepState::ready) {
    allocator_.withdraw(step.ticket);
    tickets_.erase(step.ticket);
    step.state = StepState::waiting;
  }
  ++step.waiting_for;
  if (before.state == StepState::failed || before.state == StepState::cancelled) {
    cancel_dependents(run, before);
  }
  return {};
}

Result<bool> Engine::request_iteration(Attempt& attempt) {
  const Lock lock(mutex_);
  if (Status may = may_act(attempt); !may.ok()) return may;
  for (const Loop& loop : attempt.workflow->loops) {
    if (loop.last != attempt.step.id.value) continue;
    attempt.repeat = loop.iterations < loop.max_iterations;
    return attempt.repeat;
  }
  return Status(ErrorCode::failed_precondition,
                "step '" + attempt.step.spec.name +
                    "' is not the last of a loop; declare it with WorkflowGraph::add_loop");
}

std::vector<StepId> Engine::dependencies(const Step& step) const {
  const Lock lock(mutex_);
  std::vector<StepId> ids;
  for (const std::size_t i : step.after) ids.push_back(StepId{i});
  return ids;
}

}  // namespace detail

MemoryScope& StepContext::scope() noexcept { return attempt_->scope; }
WorkflowId StepContext::workflow_id() const noexcept { return attempt_->workflow->id; }
StepId StepContext::step_id() const noexcept { return attempt_->step.id; }
std::string_view StepContext::workflow() const noexcept { return attempt_->workflow->name; }
std::string_view StepContext::step() const noexcept { return attempt_->step.spec.name; }
std::string_view StepContext::type() const noexcept { return attempt_->step.spec.type; }
std::string_view StepContext::agent() const noexcept { return attempt_->step.spec.agent; }
int StepContext::attempt() const noexcept { return attempt_->number; }
int StepContext::iteration() const noexcept { return attempt_->iteration; }
std::size_t StepContext::given_bytes() const noexcept { return attempt_->given_bytes; }
CancellationToken StepContext::token() const noexcept { return attempt_->source.token(); }
Executor& StepContext::executor() const noexcept {
  return *attempt_->engine->environment_.executor;
}
std::int64_t StepContext::now_ns() const noexcept { return attempt_->engine->now_ns(); }

void StepContext::note_message(std::string_view agent, std::size_t bytes, std::uint64_t messages) {
  static_cast<void>(attempt_->engine->detector_.observe(attempt_->workflow->id.value,
                                                        {.from = attempt_->step.spec.agent,
                                                         .to = agent,
                                                         .bytes = bytes,
                                                         .messages = messages,
                                                         .time_ns = now_ns()}));
}

std::vector<StepId> StepContext::dependencies() const {
  return attempt_->engine->dependencies(attempt_->step);
}

Result<StepId> StepContext::add_step(StepSpec spec) {
  try {
    return attempt_->engine->add_step(*attempt_, std::move(spec));
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

Status StepContext::add_dependency(StepId before, StepId step) {
  try {
    return attempt_->engine->add_dependency(*attempt_, before, step);
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

Result<bool> StepContext::request_iteration() {
  return attempt_->engine->request_iteration(*attempt_);
}

void StepContext::report_used(const ResourceUse& used) {
  const std::lock_guard lock(attempt_->mutex);
  attempt_->has_used = true;
  attempt_->used = used;
}

Status StepContext::set_reward(double reward) {
  if (!std::isfinite(reward)) {
    return Status(ErrorCode::invalid_argument,
                  "step '" + attempt_->step.spec.name + "' set a reward that is not finite");
  }
  const std::lock_guard lock(attempt_->mutex);
  attempt_->has_reward = true;
  attempt_->reward = reward;
  return {};
}

detail::Sleep StepContext::sleep(std::int64_t delay_ns) const noexcept {
  return detail::Sleep(executor(), delay_ns, token());
}

}  // namespace frys
