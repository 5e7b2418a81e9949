// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A step's way round: predicted, ready, admitted, begun, ended, learned from, and what follows.

#include <algorithm>
#include <exception>
#include <tuple>

#include "scheduler/engine.hpp"

namespace frys::detail {

namespace {

/// Past attempts asked of the advisor for one step, and how many different situations of one type
/// are asked about in one workflow; the rest share the first answer.
constexpr std::size_t advice_size = 16;
constexpr std::size_t advice_situations = 8;

bool ran_out_of_memory(ErrorCode code) noexcept {
  return code == ErrorCode::budget_exceeded || code == ErrorCode::out_of_memory;
}

bool is_open(const Step& step) noexcept {
  return step.state == StepState::waiting || step.state == StepState::ready ||
         step.state == StepState::running;
}

/// The engine that is handing tasks out further up this thread's stack, and how many are still to
/// go: an executor that runs tasks in the caller would otherwise nest one step inside another,
/// without end.
struct Starting {
  const Engine* engine = nullptr;
  std::size_t more = 0;
};
thread_local Starting starting;

/// Runs the attempt that is first by then, or, where the executor refuses or drops the task, ends
/// it.
class NextAttempt {
 public:
  explicit NextAttempt(std::shared_ptr<Engine> engine) noexcept : engine_(std::move(engine)) {}
  NextAttempt(NextAttempt&&) noexcept = default;
  ~NextAttempt() {
    if (engine_ != nullptr) {
      engine_->take_next()->complete(
          Status(ErrorCode::closed, "the executor closed before the step could run"));
    }
  }
  void operator()() noexcept { std::exchange(engine_, nullptr)->begin_next()->run(); }

 private:
  std::shared_ptr<Engine> engine_;
};

bool starts_later(const std::shared_ptr<Attempt>& a, const std::shared_ptr<Attempt>& b) noexcept {
  const int priority_a = a->step.spec.priority;
  const int priority_b = b->step.spec.priority;
  return priority_a != priority_b ? priority_a < priority_b : a->turn > b->turn;
}

}  // namespace

/// Asks what is remembered of work like this, unless we have seen enough of it ourselves.
std::shared_ptr<const Advice> Engine::advise(WorkflowRun& run, const StepSpec& spec) {
  if (options_.advisor == nullptr) return nullptr;
  if (predictor_.predict({.step_type = spec.type, .input_size = spec.input_size}).samples >=
      advice_size) {
    return nullptr;
  }
  {
    const std::lock_guard lock(advice_);
    auto& known = run.advice[spec.type];
    for (const auto& advice : known) {
      if (advice->agent == spec.agent && advice->situation == spec.situation) return advice;
    }
    if (known.size() >= advice_situations) return known.front();
  }
  auto advice = std::make_shared<Advice>();
  advice->type = spec.type;
  advice->agent = spec.agent;
  advice->situation = spec.situation;
  Result<std::vector<PastStep>> past = Status(ErrorCode::internal, "the advisor threw");
  try {
    past = options_.advisor->recall({.workflow = run.name,
                                     .agent = spec.agent,
                                     .type = spec.type,
                                     .situation = spec.situation,
                                     .input_size = spec.input_size,
                                     .max_results = advice_size});
  } catch (...) {  // A host's advisor; we go on without it.
  }
  if (!past) {
    environment_.write_log(LogLevel::warning, "scheduler",
                           "no advice for '" + spec.type + "': " + past.error().to_string());
    return nullptr;
  }
  for (const PastStep& step : *past) {
    const bool out = ran_out_of_memory(step.code);
    if (step.outcome != StepOutcome::success && !out) continue;
    advice->samples.push_back({.step_type = advice->type,
                               .input_size = step.input_size,
                               .peak_bytes = step.used.peak_bytes,
                               .runtime_ns = step.runtime_ns,
                               .out_of_memory = out});
  }
  const std::lock_guard lock(advice_);
  run.advice[spec.type].push_back(advice);
  return advice;
}

LoadPrediction Engine::predict(const StepSpec& spec, const Advice* advice) const {
  LoadQuery query{.step_type = spec.type,
                  .input_size = spec.input_size,
                  .requested_bytes = spec.request.guess_bytes};
  if (advice != nullptr) query.past = advice->samples;
  return predictor_.predict(query);
}

void Engine::make_ready(Step& step) {
  step.state = StepState::ready;
  step.queued_ns = now_ns();
  step.forecast = forecast(*step.run, step);
  enqueue(step);
}

/// Steps that look alike to the predictor share a forecast until the workflow is a sixteenth
/// further on: asking costs microseconds, and more than that for every step of a wide stage.
LoadPrediction Engine::forecast(WorkflowRun& run, const Step& step) const {
  const auto key = std::make_tuple(std::string_view(step.spec.type), step.spec.input_size,
                                   step.spec.request.guess_bytes, step.advice.get());
  auto found = run.forecasts.find(key);
  if (found == run.forecasts.end()) {
    found = run.forecasts.emplace(key, std::make_pair(LoadPrediction(), std::size_t(0))).first;
  } else if (run.ended - found->second.second <= run.ended / 16) {
    return found->second.first;
  }
  found->second = {predict(step.spec, step.advice.get()), run.ended};
  return found->second.first;
}

void Engine::enqueue(Step& step) {
  const std::size_t hard = step.spec.request.memory_bytes;
  step.ticket = ++last_ticket_;
  const Status status = allocator_.enqueue({.id = step.ticket,
                                            .priority = step.spec.priority,
                                            .urgency = step.urgency_s,
                                            .cpu_slots = step.spec.request.cpu_slots,
                                            .memory_bytes = step.retry_bytes > 0 ? step.retry_bytes
                                                            : hard > 0           ? hard
                                                                       : step.forecast.memory_bytes,
                                            .runtime_ns = step.forecast.runtime_ns,
                                            .exact_memory = step.retry_bytes > 0 || hard > 0,
                                            .again = step.attempts > 0});
  if (status.ok()) {
    tickets_.emplace(step.ticket, &step);
  } else {
    fail(*step.run, step, status);
  }
}

/// Closed when it can't be opened; the step's own scope, which can't be opened below it, tells why.
MemoryScope Engine::agent_scope(WorkflowRun& run, const std::string& agent) {
  const auto found = run.agent_scopes.find(agent);
  if (found != run.agent_scopes.end()) return found->second;
  auto opened = run.scope.child(agent);
  if (!opened) return {};
  return run.agent_scopes.emplace(agent, *std::move(opened)).first->second;
}

std::shared_ptr<Attempt> Engine::launch(Step& step, const Admission& admission) {
  WorkflowRun& run = *step.run;
  step.state = StepState::running;
  ++step.attempts;
  ++run.gone_pending;
  auto attempt = std::make_shared<Attempt>(shared_from_this(), run.shared_from_this(), step);
  attempt->number = step.attempts;
  attempt->iteration = step.iteration;
  attempt->cpu_slots = admission.cpu_slots;
  attempt->given_bytes = admission.memory_bytes;
  attempt->forecast = step.forecast;
  attempt->admitted_because = admission.reason;
  attempt->queued_ns = step.queued_ns;
  attempt->agent_scope = agent_scope(run, step.spec.agent);
  const std::size_t budget =
      scope_budget(options_, step.spec, step.forecast, admission.memory_bytes);
  if (step.ready_scope.is_open() && step.ready_budget_bytes == budget) {
    attempt->scope = take_ready(step);
  }
  take_ready(step);
  step.attempt = attempt;
  return attempt;
}

/// Admits what may start now. Returns how many tasks are to be handed to the executor.
std::size_t Engine::admit() {
  // Steps that became ready together are predicted from what those before them were seen to need.
  const auto refresh = [this](AdmissionRequest& request) {
    const auto found = tickets_.find(request.id);
    if (request.exact_memory || found == tickets_.end()) return;
    Step& step = *found->second;
    step.forecast = forecast(*step.run, step);
    request.memory_bytes = step.forecast.memory_bytes;
    request.runtime_ns = step.forecast.runtime_ns;
  };
  std::size_t count = 0;
  for (const Admission& admission : allocator_.admit(now_ns(), refresh)) {
    const auto found = tickets_.find(admission.id);
    if (found == tickets_.end()) continue;
    admitted_.push_back(launch(*found->second, admission));
    admitted_.back()->turn = ++last_turn_;
    std::push_heap(admitted_.begin(), admitted_.end(), starts_later);
    ++count;
  }
  return count;
}

std::shared_ptr<Attempt> Engine::pop_admitted() noexcept {
  std::pop_heap(admitted_.begin(), admitted_.end(), starts_later);
  std::shared_ptr<Attempt> first = std::move(admitted_.back());
  admitted_.pop_back();
  return first;
}

std::shared_ptr<Attempt> Engine::take_next() {
  const Lock lock(mutex_);
  return pop_admitted();
}

/// Hands tasks to the executor. One that it runs here and now comes back to this function from
/// inside `submit`; what that brings is then left to the loop further up the stack.
void Engine::start(std::size_t count) noexcept {
  if (count == 0) return;
  if (starting.engine == this) {
    starting.more += count;
    return;
  }
  Starting outer{this, count};
  std::swap(outer, starting);
  for (; starting.more > 0; --starting.more) {
    static_cast<void>(environment_.executor->submit(NextAttempt(shared_from_this())));
  }
  std::swap(outer, starting);
}

void Engine::dispatch() noexcept {
  std::size_t admitted = 0;
  {
    const Lock lock(mutex_);
    admitted = admit();
  }
  start(admitted);
}

/// What has not begun after this was cancelled while it waited for a worker.
std::shared_ptr<Attempt> Engine::begin_next() {
  const Clock& clock = environment_.executor->clock();
  const std::int64_t start_ns = clock.now_ns();
  const std::int64_t started_wall_ns = clock.wall_ns();
  const Lock lock(mutex_);
  std::shared_ptr<Attempt> attempt = pop_admitted();
  if (attempt->over) return attempt;
  attempt->start_ns = start_ns;
  attempt->started_wall_ns = started_wall_ns;
  attempt->begun = true;
  attempt->inside = 1;
  ++occupied_;
  // Under the lock, so that turns are told in the order in which steps began.
  static_cast<void>(detector_.observe_turn(attempt->workflow->id.value, attempt->step.spec.agent));
  return attempt;
}

Status Engine::arm_deadline(Attempt& attempt) {
  const std::int64_t deadline_ns = attempt.step.spec.deadline_ns;
  if (deadline_ns == 0) return {};
  const Result<TimerId> timer = environment_.executor->submit_after(
      deadline_ns, [this, self = attempt.shared_from_this(), deadline_ns] {
        end(self,
            Status(ErrorCode::deadline_exceeded,
                   "it did not end within its deadline of " + std::to_string(deadline_ns) + " ns"),
            Ending::missed_deadline);
      });
  if (!timer) return timer.error().with_context("its deadline can't be kept");
  const Lock lock(mutex_);
  attempt.deadline = *timer;
  return {};
}

void Engine::entered(Attempt& attempt) noexcept {
  const Lock lock(mutex_);
  if (attempt.inside++ == 0) ++occupied_;
}

/// What of a cancelled workflow is left without a thread is given up: its completion, or whoever
/// is to resume it, may never come.
void Engine::left(Attempt& attempt) noexcept {
  bool give_up = false;
  bool retry = false;
  {
    const Lock lock(mutex_);
    if (attempt.inside == 0 || --attempt.inside > 0) return;  // 0 before: it is gone.
    retry = emptied(attempt);
    const std::lock_guard own(attempt.mutex);
    give_up = attempt.workflow->cancelling && !attempt.over && !attempt.has_result;
  }
  if (give_up) {
    end(attempt.shared_from_this(),
        Status(ErrorCode::cancelled, "workflow '" + attempt.workflow->name + "' was cancelled"),
        Ending::given_up);
  }
  if (retry) dispatch();
}

/// The last thread has left. True when the step became ready to be tried again.
bool Engine::emptied(Attempt& attempt) {
  attempt.inside = 0;
  if (--occupied_ == 0 && closed_) changed_.notify_all();
  Step& step = attempt.step;
  if (!std::exchange(attempt.holds_retry, false) || --step.waiting_for > 0) return false;
  if (step.state != StepState::waiting) return false;  // Cancelled meanwhile.
  make_ready(step);
  return true;
}

/// Decides an attempt's outcome, once. `Ending::function_gone` also says that the function can
/// touch its scope no more.
void Engine::end(const std::shared_ptr<Attempt>& attempt, const Status& status,
                 Ending how) noexcept {
  const bool gone = how == Ending::function_gone;
  const bool missed_deadline = how == Ending::missed_deadline;
  const std::shared_ptr<WorkflowRun>& run = attempt->workflow;
  Step& step = attempt->step;
  TimerId deadline = 0;
  bool was_over = false;
  bool retry = false;
  if (gone) static_cast<void>(attempt->scope.close());
  {
    const Lock lock(mutex_);
    if (gone) {
      --run->gone_pending;
      if (attempt->inside > 0) retry = emptied(*attempt);
    } else if (how == Ending::given_up && attempt->inside > 0) {
      return;  // It was resumed meanwhile: whoever leaves it gives it up.
    }
    was_over = std::exchange(attempt->over, true);
    deadline = std::exchange(attempt->deadline, 0);
  }
  if (deadline != 0 && !missed_deadline) environment_.executor->cancel_timer(deadline);
  if (was_over) {
    if (retry) dispatch();
    if (gone) clean_if_done(run);
    return;
  }
  StepRecord record;
  if (attempt->begun) {
    const StepOutcome outcome = missed_deadline                  ? StepOutcome::deadline_exceeded
                                : status.ok()                    ? StepOutcome::success
                                : status == ErrorCode::cancelled ? StepOutcome::cancelled
                                                                 : StepOutcome::failure;
    record = attempt->record(status, outcome, now_ns());
    learn(record);
  }
  std::size_t admitted = 0;
  bool finished = false;
  {
    const Lock lock(mutex_);
    static_cast<void>(allocator_.release(step.ticket));
    tickets_.erase(step.ticket);
    step.attempt.reset();
    if (attempt->begun) run->records.push_back(std::move(record));
    settle(*attempt, status);
    if (++run->ended >= run->next_review) review(*run);
    admitted = admit();
    finished = run->unfinished == 0;
  }
  if (missed_deadline) attempt->source.cancel();
  start(admitted);
  if (finished) finish_if_done(run);
}

void Engine::learn(const StepRecord& record) noexcept {
  const bool out = ran_out_of_memory(record.code);
  if (record.outcome == StepOutcome::success || out) {
    static_cast<void>(predictor_.observe({.step_type = record.type,
                                          .input_size = record.input_size,
                                          .peak_bytes = record.used.peak_bytes,
                                          .runtime_ns = out ? -1 : record.runtime_ns,
                                          .out_of_memory = out}));
  }
  if (options_.observer != nullptr) options_.observer->on_step(record);
  if (environment_.tracer != nullptr) {
    environment_.tracer->add(record.step, "step", record.start_ns, record.runtime_ns, record.agent);
  }
  if (environment_.metrics != nullptr) {
    environment_.metrics->counter("frys_scheduler_attempts_total").add(1);
    if (record.outcome != StepOutcome::success) {
      environment_.metrics->counter("frys_scheduler_attempts_failed_total").add(1);
    }
    environment_.metrics->histogram("frys_scheduler_queue_time_ns")
        .record(record.start_ns - record.queued_ns);
  }
}

/// What a decided attempt means for its step.
void Engine::settle(Attempt& attempt, const Status& status) {
  WorkflowRun& run = *attempt.workflow;
  Step& step = attempt.step;
  if (status.ok()) {
    if (attempt.repeat && !run.cancelling) {
      for (Loop& loop : run.loops) {
        if (loop.last == step.id.value) return repeat(run, loop);
      }
    }
    return succeed(run, step);
  }
  const bool final = status == ErrorCode::cancelled || status == ErrorCode::closed;
  if (final || run.cancelling || step.attempts >= step.spec.max_attempts) {
    return fail(run, step, status);
  }
  if (ran_out_of_memory(status.code()) && step.spec.request.memory_bytes == 0) {
    step.retry_bytes = predictor_.retry_bytes(step.spec.type, attempt.given_bytes,
                                              allocator_.snapshot().capacity.memory_bytes);
  }
  if (attempt.inside > 0) {  // Late, and still at it. The next attempt runs the same function.
    attempt.holds_retry = true;
    step.state = StepState::waiting;
    ++step.waiting_for;
    return;
  }
  make_ready(step);
}

void Engine::succeed(WorkflowRun& run, Step& step) {
  step.state = StepState::succeeded;
  --run.unfinished;
  for (const std::size_t i : step.successors) {
    Step& next = run.steps[i];
    if (next.state != StepState::waiting || next.waiting_for == 0) continue;
    if (--next.waiting_for == 0 && !run.cancelling) make_ready(next);
  }
}

/// Puts the loop's steps back to where they started; who waits outside waits on.
void Engine::repeat(WorkflowRun& run, Loop& loop) {
  Links successors(run.steps.size());
  Links predecessors(run.steps.size());
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    successors[i] = run.steps[i].successors;
    predecessors[i] = run.steps[i].after;
  }
  const std::vector<std::size_t> body = between(successors, predecessors, loop.first, loop.last);
  const auto inside = [&](std::size_t i) {
    return std::binary_search(body.begin(), body.end(), i);
  };
  ++loop.iterations;
  for (Loop& other : run.loops) {
    if (&other != &loop && inside(other.first) && inside(other.last)) other.iterations = 1;
  }
  for (const std::size_t i : body) {
    Step& step = run.steps[i];
    if (!is_open(step)) {
      ++run.unfinished;
      for (const std::size_t next : step.successors) {
        Step& outside = run.steps[next];
        if (!inside(next) && outside.state == StepState::waiting) ++outside.waiting_for;
      }
    }
    step.state = StepState::waiting;
    step.attempts = 0;
    step.retry_bytes = 0;
    ++step.iteration;
    step.waiting_for = std::size_t(std::count_if(step.after.begin(), step.after.end(), inside));
  }
  make_ready(run.steps[loop.first]);
}

void Engine::fail(WorkflowRun& run, Step& step, const Status& status) {
  step.state = status == ErrorCode::cancelled ? StepState::cancelled : StepState::failed;
  step.status = status;
  take_ready(step);
  --run.unfinished;
  if (run.status.ok()) run.status = status.with_context("step '" + step.spec.name + "'");
  cancel_dependents(run, step);
}

void Engine::cancel_dependents(WorkflowRun& run, const Step& step) {
  std::vector<const Step*> work{&step};
  while (!work.empty()) {
    const Step* cause = work.back();
    work.pop_back();
    for (const std::size_t i : cause->successors) {
      Step& next = run.steps[i];
      if (next.state != StepState::waiting) continue;
      drop(run, next,
           Status(ErrorCode::cancelled, "it waits for step '" + cause->spec.name + "', which " +
                                            (cause == &step ? "failed" : "was cancelled")));
      work.push_back(&next);
    }
  }
}

/// Gives up a step that has not begun.
void Engine::drop(WorkflowRun& run, Step& step, const Status& why) {
  step.state = StepState::cancelled;
  step.status = why;
  take_ready(step);
  --run.unfinished;
}

}  // namespace frys::detail
