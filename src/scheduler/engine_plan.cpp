// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Looking ahead: what is predicted for the steps to come, their order, and the plan made of it.

#include <algorithm>
#include <new>
#include <utility>

#include "scheduler/engine.hpp"

namespace frys::detail {

namespace {

/// Steps whose memory one call makes ready ahead, for each slot they could run in.
constexpr std::size_t ready_ahead_per_slot = 2;

bool not_started(const Step& step) noexcept {
  return step.state == StepState::waiting || step.state == StepState::ready;
}

bool unfinished(const Step& step) noexcept {
  return not_started(step) || step.state == StepState::running;
}

double seconds(std::int64_t ns) noexcept { return double(ns) * 1e-9; }

/// Makes a plan as background work, or tells that it cannot be had.
class PlanTask {
 public:
  PlanTask(std::shared_ptr<Engine> engine, WorkflowId id,
           UniqueFunction<void(Result<CollaborationPlan>)> done)
      : engine_(std::move(engine)), id_(id), done_(std::move(done)) {}
  PlanTask(PlanTask&&) noexcept = default;
  ~PlanTask() { refuse(Status(ErrorCode::closed, "the executor closed before the plan was made")); }
  void operator()() noexcept {
    const std::shared_ptr<Engine> engine = std::move(engine_);
    call_back(engine->environment_, std::move(done_), engine->optimize(id_));
  }
  void refuse(Status why) noexcept {
    if (const std::shared_ptr<Engine> engine = std::move(engine_)) {
      call_back<CollaborationPlan>(engine->environment_, std::move(done_), std::move(why));
    }
  }

 private:
  std::shared_ptr<Engine> engine_;
  WorkflowId id_;
  UniqueFunction<void(Result<CollaborationPlan>)> done_;
};

}  // namespace

/// Ranks every unfinished step by its b-level: the predicted time from its start to the end.
void Engine::rank(WorkflowRun& run) {
  static const std::vector<std::size_t> none;
  const auto successors = [&](std::size_t i) -> const std::vector<std::size_t>& {
    return unfinished(run.steps[i]) ? run.steps[i].successors : none;
  };
  std::vector<double> times(run.steps.size(), 0);
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    if (unfinished(run.steps[i])) times[i] = seconds(run.steps[i].forecast.runtime_ns);
  }
  const std::vector<double> levels = b_levels(successors, times);
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    Step& step = run.steps[i];
    if (!unfinished(step) || step.urgency_s == levels[i]) continue;
    step.urgency_s = levels[i];
    if (step.state == StepState::ready) {
      static_cast<void>(allocator_.set_urgency(step.ticket, step.urgency_s));
    }
  }
}

/// A new or newly linked step makes what comes before it more urgent, as far up as it matters.
void Engine::raise_urgency(WorkflowRun& run, Step& step) {
  std::vector<std::size_t> work{step.id.value};
  while (!work.empty()) {
    const Step& after = run.steps[work.back()];
    work.pop_back();
    for (const std::size_t i : after.after) {
      Step& before = run.steps[i];
      const double level = seconds(before.forecast.runtime_ns) + after.urgency_s;
      if (!not_started(before) || before.urgency_s >= level) continue;
      before.urgency_s = level;
      if (before.state == StepState::ready) {
        static_cast<void>(allocator_.set_urgency(before.ticket, level));
      }
      work.push_back(i);
    }
  }
}

/// Predicts what is left anew, with what was learned meanwhile. It is called when the number of
/// ended attempts has doubled, so that a workflow pays O(log steps) reviews in all.
void Engine::review(WorkflowRun& run) {
  run.next_review = std::max(run.next_review, run.ended) * 2;
  if (run.cancelling || options_.allocator.policy == AdmissionPolicy::fifo) return;
  predict_anew(run);
  rank(run);
}

void Engine::predict_anew(WorkflowRun& run) {
  run.forecasts.clear();
  for (Step& step : run.steps) {
    if (!not_started(step)) continue;
    const LoadPrediction before = std::exchange(step.forecast, forecast(run, step));
    const bool fixed = step.spec.request.memory_bytes > 0 || step.retry_bytes > 0;
    const bool in_turn = options_.allocator.policy == AdmissionPolicy::fifo;
    if (step.state != StepState::ready || fixed || in_turn ||
        before.memory_bytes == step.forecast.memory_bytes) {
      continue;
    }
    allocator_.withdraw(step.ticket);  // Asks again, for what is predicted now.
    tickets_.erase(step.ticket);
    enqueue(step);
  }
}

/// Fills in what the forecasts say: order, critical path, and what the end can't be earlier than.
void Engine::draw_up(WorkflowRun& run, CollaborationPlan& plan) const {
  plan.workflow_id = run.id;
  plan.workflow = run.name;
  plan.capacity = allocator_.snapshot().capacity;
  // Earliest starts, relaxed in order of b-level, which puts every step before its successors.
  std::vector<double> start(run.steps.size(), 0);
  std::vector<std::size_t> order;
  double work_s = 0;
  double longest_s = 0;
  const std::int64_t now = now_ns();
  for (const Step& step : run.steps) {
    if (!unfinished(step)) continue;
    order.push_back(step.id.value);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return run.steps[a].urgency_s > run.steps[b].urgency_s;
  });
  const auto time_left = [&](const Step& step) {
    const bool runs = step.state == StepState::running && step.attempt != nullptr;
    const std::int64_t spent = runs && step.attempt->begun ? now - step.attempt->start_ns : 0;
    return seconds(std::max<std::int64_t>(step.forecast.runtime_ns - spent, 0));
  };
  for (const std::size_t i : order) {
    const Step& step = run.steps[i];
    const double left = time_left(step);
    work_s += left * step.spec.request.cpu_slots;
    longest_s = std::max(longest_s, start[i] + left);
    for (const std::size_t next : step.successors) {
      start[next] = std::max(start[next], start[i] + left);
    }
  }
  plan.critical_path_ns = std::int64_t(longest_s * 1e9);
  plan.least_makespan_ns =
      std::int64_t(std::max(longest_s, work_s / plan.capacity.cpu_slots) * 1e9);
  for (const std::size_t i : order) {
    const Step& step = run.steps[i];
    if (!not_started(step)) continue;
    const std::size_t hard = step.spec.request.memory_bytes;
    const AdmissionRequest request{.cpu_slots = step.spec.request.cpu_slots,
                                   .memory_bytes = hard > 0 ? hard : step.forecast.memory_bytes,
                                   .exact_memory = hard > 0};
    plan.steps.push_back({.step_id = step.id,
                          .step = step.spec.name,
                          .agent = step.spec.agent,
                          .urgency_s = step.urgency_s,
                          .critical = start[i] + step.urgency_s >= longest_s * (1 - 1e-9),
                          .predicted_bytes = step.forecast.memory_bytes,
                          .budget_bytes = allocator_.budget_bytes(request),
                          .predicted_runtime_ns = step.forecast.runtime_ns,
                          .memory_ready = step.ready_scope.is_open()});
  }
}

/// Nothing but running steps is before it, and nobody made its memory ready yet.
bool Engine::may_be_readied(const WorkflowRun& run, const Step& step) const noexcept {
  return not_started(step) && !step.ready_scope.is_open() &&
         std::all_of(step.after.begin(), step.after.end(), [&run](std::size_t i) {
           const StepState state = run.steps[i].state;
           return state == StepState::succeeded || state == StepState::running;
         });
}

std::size_t Engine::free_bytes_ahead() const {
  const AllocatorSnapshot held = allocator_.snapshot();
  const std::size_t taken = held.used_memory_bytes + ahead_bytes_;
  return held.capacity.memory_bytes - std::min(held.capacity.memory_bytes, taken);
}

void Engine::keep_ready(Step& step, MemoryScope scope, std::size_t bytes,
                        std::size_t budget) noexcept {
  step.ready_scope = std::move(scope);
  step.ready_budget_bytes = budget;
  step.ready_bytes = bytes;
  ahead_bytes_ += bytes;
}

MemoryScope Engine::take_ready(Step& step) noexcept {
  ahead_bytes_ -= std::exchange(step.ready_bytes, 0);
  return std::exchange(step.ready_scope, {});
}

/// A step has begun: hands on the memory of those that wait for nothing else. Their scopes are
/// theirs from now on, so that one that starts before its memory is ready finds the scope, and the
/// promise that is being kept in it, and makes no second one.
void Engine::plan_ahead(Attempt& attempt) noexcept {
  // What runs in the caller would delay the very step that begins.
  if (!options_.ready_ahead || dynamic_cast<InlineExecutor*>(environment_.executor) != nullptr) {
    return;
  }
  WorkflowRun& run = *attempt.workflow;
  try {
    std::vector<std::pair<MemoryScope, MemoryPlan>> plans;
    {
      const Lock lock(mutex_);
      if (run.cleaned || run.cancelling) return;
      std::size_t free_bytes = free_bytes_ahead();
      for (const std::size_t i : attempt.step.successors) {
        Step& next = run.steps[i];
        const std::size_t bytes = bytes_to_ready(options_, next.forecast);
        if (bytes == 0 || bytes > free_bytes || !may_be_readied(run, next)) continue;
        const std::size_t hard = next.spec.request.memory_bytes;
        const std::size_t given =
            allocator_.budget_bytes({.cpu_slots = next.spec.request.cpu_slots,
                                     .memory_bytes = hard > 0 ? hard : next.forecast.memory_bytes,
                                     .exact_memory = hard > 0});
        const std::size_t budget = scope_budget(options_, next.spec, next.forecast, given);
        auto scope =
            agent_scope(run, next.spec.agent).child(next.spec.name, {.budget_bytes = budget});
        if (!scope) continue;
        plans.push_back(
            {*scope, {.bytes = std::min(bytes, budget), .executor = environment_.executor}});
        keep_ready(next, *std::move(scope), bytes, budget);
        free_bytes -= bytes;
      }
    }
    for (const auto& [scope, plan] : plans) static_cast<void>(scope.reserve(plan));
  } catch (const std::bad_alloc&) {
    // Then they fault, as they would without foresight.
  }
}

/// Opens the scopes of the steps that are next and commits what they are predicted to use, within
/// the memory that is free: first of agents that are likely to act next, then the most urgent.
void Engine::make_memory_ready(const RunPtr& run, CollaborationPlan& plan) {
  struct Candidate {
    StepPlan* plan;
    MemoryScope agent;
    double likely;
    std::size_t bytes;
    std::size_t budget;
  };
  std::vector<Candidate> candidates;
  std::size_t free_bytes = 0;
  {
    const Lock lock(mutex_);
    if (run->cleaned) return;
    free_bytes = free_bytes_ahead();
    for (StepPlan& planned : plan.steps) {
      Step& step = run->steps[planned.step_id.value];
      const std::size_t bytes = bytes_to_ready(options_, step.forecast);
      if (bytes == 0 || !may_be_readied(*run, step)) continue;
      const auto likely = std::find_if(plan.next_agents.begin(), plan.next_agents.end(),
                                       [&](const auto& a) { return a.agent == planned.agent; });
      candidates.push_back(
          {&planned, agent_scope(*run, planned.agent),
           likely == plan.next_agents.end() ? 0 : likely->probability, bytes,
           scope_budget(options_, step.spec, step.forecast, planned.budget_bytes)});
    }
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.likely > b.likely; });
  const auto limit = std::size_t(std::max(plan.capacity.cpu_slots, 1.0)) * ready_ahead_per_slot;
  if (candidates.size() > limit) candidates.resize(limit);
  for (const Candidate& candidate : candidates) {
    if (candidate.bytes > free_bytes) continue;
    auto scope = candidate.agent.child(candidate.plan->step, {.budget_bytes = candidate.budget});
    if (!scope || !scope->reserve(std::min(candidate.bytes, candidate.budget)).ok()) continue;
    const Lock lock(mutex_);
    if (run->cleaned) return;
    Step& step = run->steps[candidate.plan->step_id.value];
    if (!not_started(step) || step.ready_scope.is_open()) continue;
    keep_ready(step, *std::move(scope), candidate.bytes, candidate.budget);
    candidate.plan->memory_ready = true;
    free_bytes -= candidate.bytes;
    plan.ready_bytes += candidate.bytes;
  }
}

Result<CollaborationPlan> Engine::optimize(WorkflowId id) {
  try {
    CollaborationPlan plan;
    RunPtr run;
    {
      const Lock lock(mutex_);
      Result<RunPtr> found = find(id);
      if (!found) return found.error();
      run = *std::move(found);
      if (!run->finishing) {
        predict_anew(*run);
        if (options_.allocator.policy != AdmissionPolicy::fifo) rank(*run);
      }
      draw_up(*run, plan);
      ++busy_;
    }
    const Busy busy(*this);
    if (auto seen = detector_.detect(id.value)) plan.collaboration = *std::move(seen);
    plan.next_agents = detector_.predict_next(id.value);
    make_memory_ready(run, plan);
    dispatch();
    return plan;
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

void Engine::optimize(WorkflowId id,
                      UniqueFunction<void(Result<CollaborationPlan>)> done) noexcept {
  PlanTask task(shared_from_this(), id, std::move(done));
  try {
    static_cast<void>(environment_.executor->submit(std::move(task), TaskClass::background));
  } catch (const std::bad_alloc&) {
    task.refuse(Status::out_of_memory());
  }
}

}  // namespace frys::detail
