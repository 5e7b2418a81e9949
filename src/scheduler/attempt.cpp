// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// One attempt: from the worker that picks it up to the end of its function, however it ends.

#include <exception>
#include <string>

#include "scheduler/engine.hpp"

namespace frys {

namespace detail {

namespace {

/// How many step functions the calling thread is inside of.
thread_local int inside_steps = 0;

class InsideStep {
 public:
  InsideStep() noexcept { ++inside_steps; }
  ~InsideStep() { --inside_steps; }
};

}  // namespace

bool inside_step() noexcept { return inside_steps > 0; }

void enter_step(Attempt& attempt) noexcept {
  ++inside_steps;
  attempt.engine->entered(attempt);
}

void leave_step(Attempt& attempt) noexcept {
  --inside_steps;
  attempt.engine->left(attempt);
}

Status thrown() noexcept {
  try {
    throw;
  } catch (const std::exception& error) {
    return Status(ErrorCode::step_failed, error.what());
  } catch (...) {
    return Status(ErrorCode::step_failed, "it threw something that is no std::exception");
  }
}

std::size_t scope_budget(const SchedulerOptions& options, const StepSpec& spec,
                         const LoadPrediction& forecast, std::size_t given_bytes) noexcept {
  if (spec.request.memory_bytes > 0) return spec.request.memory_bytes;
  const bool guessed = forecast.memory_source == LoadSource::fallback ||
                       forecast.memory_source == LoadSource::similar_types;
  return options.enforce_predictions && !guessed ? given_bytes : unlimited_bytes;
}

/// Only what was learned of this very type is worth touching pages for.
std::size_t bytes_to_ready(const SchedulerOptions& options,
                           const LoadPrediction& forecast) noexcept {
  const bool known =
      forecast.memory_source == LoadSource::past || forecast.memory_source == LoadSource::history;
  return options.ready_memory && known ? forecast.memory_bytes : 0;
}

Attempt::Attempt(std::shared_ptr<Engine> in, std::shared_ptr<WorkflowRun> of, Step& what)
    : engine(std::move(in)), workflow(std::move(of)), step(what), context(*this) {}

void Attempt::run() noexcept {
  if (!begun) {
    let_go();
    return;
  }
  const InsideStep in_step;
  Status ready = open_scope();
  if (ready.ok()) engine->plan_ahead(*this);
  if (ready.ok()) ready = engine->arm_deadline(*this);
  if (ready.ok()) {
    invoke();
  } else {
    complete(std::move(ready));
  }
}

/// A scope that can't be made ready is no failure: the step's own allocations will tell.
Status Attempt::open_scope() {
  const std::size_t bytes = bytes_to_ready(engine->options_, forecast);
  if (scope.is_open()) return {};  // Made ready ahead.
  std::string name = step.spec.name;
  if (iteration > 0) name.append(".").append(std::to_string(iteration));
  if (number > 1) name.append("#").append(std::to_string(number));
  const std::size_t budget = scope_budget(engine->options_, step.spec, forecast, given_bytes);
  Result<MemoryScope> opened = agent_scope.child(name, {.budget_bytes = budget});
  if (!opened) return opened.error();
  scope = *std::move(opened);
  if (bytes > 0) static_cast<void>(scope.reserve(std::min(bytes, budget)));
  return {};
}

void Attempt::invoke() noexcept {
  StepFunction& function = step.spec.run;
  if (auto* sync = std::get_if<StepFunction::Sync>(&function.form_)) {
    Status status;
    try {
      status = (*sync)(context);
    } catch (...) {
      status = thrown();
    }
    complete(std::move(status));
    return;
  }
  if (!function) {
    complete({});
    return;
  }
  open.store(2);  // From here on the completion counts apart from the function.
  const std::shared_ptr<Attempt> self = shared_from_this();
  StepCompletion completion(self);  // Counted above, so it must die even if nobody ever gets it.
  try {
    if (auto* async = std::get_if<StepFunction::Async>(&function.form_)) {
      (*async)(context, std::move(completion));
    } else {
      StepCoroutine coroutine = std::get<StepFunction::Coroutine>(function.form_)(context);
      coroutine.start(self, [completion = std::move(completion)](Status status) mutable {
        completion(std::move(status));
      });
    }
  } catch (...) {
    engine->end(self, thrown(), Engine::Ending::threw);
  }
  engine->left(*this);
  let_go();
}

void Attempt::complete(Status status) noexcept {
  {
    const std::lock_guard lock(mutex);
    if (!has_result) {
      has_result = true;
      result = std::move(status);
    }
  }
  let_go();
}

/// The last of function and completion ends the attempt.
void Attempt::let_go() noexcept {
  if (open.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  Status status;
  {
    const std::lock_guard lock(mutex);
    status = result;
  }
  const std::shared_ptr<Attempt> self = shared_from_this();
  engine->end(self, status, Engine::Ending::function_gone);
}

StepRecord Attempt::record(const Status& status, StepOutcome outcome, std::int64_t end_ns) {
  StepRecord r;
  r.workflow_id = workflow->id;
  r.workflow = workflow->name;
  r.step_id = step.id;
  r.step = step.spec.name;
  r.type = step.spec.type;
  r.agent = step.spec.agent;
  r.situation = step.spec.situation;
  r.attempt = number;
  r.iteration = iteration;
  r.input_size = step.spec.input_size;
  r.cpu_slots = cpu_slots;
  r.admitted_because = admitted_because;
  r.predicted_bytes = forecast.memory_bytes;
  r.given_bytes = given_bytes;
  r.predicted_runtime_ns = forecast.runtime_ns;
  r.queued_ns = queued_ns;
  r.start_ns = start_ns;
  r.end_ns = end_ns;
  r.runtime_ns = end_ns - start_ns;
  r.started_wall_ns = started_wall_ns;
  r.outcome = outcome;
  r.code = status.code();
  r.reason = status.message();
  const ScopeStats measured = scope.stats();
  const std::lock_guard lock(mutex);
  if (has_used) {
    r.used = used;
  } else {
    r.used = {.peak_bytes = measured.peak_bytes,
              .page_faults = measured.first_touch_pages,
              .copied_bytes = measured.copied_bytes,
              .published_bytes = published_bytes.load()};
  }
  r.reward = has_reward ? reward : (status.ok() ? 1.0 : 0.0);
  return r;
}

}  // namespace detail

StepCompletion& StepCompletion::operator=(StepCompletion&& other) noexcept {
  if (this != &other) {
    StepCompletion dropped(std::move(*this));
    attempt_ = std::move(other.attempt_);
  }
  return *this;
}

StepCompletion::~StepCompletion() {
  if (attempt_ != nullptr) {
    (*this)(
        Status(ErrorCode::step_failed,
               "the step's completion was dropped without being called; call it on every path"));
  }
}

void StepCompletion::operator()(Status status) noexcept {
  const std::shared_ptr<detail::Attempt> attempt = std::move(attempt_);
  attempt_ = nullptr;
  if (attempt != nullptr) attempt->complete(std::move(status));
}

}  // namespace frys
