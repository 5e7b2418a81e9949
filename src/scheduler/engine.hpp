// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The inside of WorkflowScheduler: workflows that run, their steps, and attempts at them.
//
// Concurrency. `Engine::mutex_` guards every WorkflowRun and Step, and the fields of an Attempt
// that say so. Step functions, the advisor, the observer, cancellation callbacks and the executor
// are never called under it. The minds have locks of their own, which may be taken under it, never
// the other way round.
//
// An attempt ends twice. It is *over* when its outcome is decided: its function ended, it missed
// its deadline, or its workflow was cancelled, whichever comes first. It is *gone* when its
// function has really ended (`open` reached zero), and only then is its memory scope closed, as the
// function may use its scratch until then. Between the two, threads come and go: `inside` counts
// those that are in the function, which a coroutine leaves at each suspension and enters again when
// it is resumed, wherever that is. While it is 0 there is nothing to wait for but an outside event.

#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "frys/scheduler/workflow_scheduler.hpp"
#include "frys/tensor/shared_tensor.hpp"
#include "scheduler/graph_shape.hpp"

namespace frys::detail {

class Engine;
struct Step;
struct WorkflowRun;

/// What the advisor knew of one kind of step, in the predictor's words.
struct Advice {
  std::string type;  // The samples' views look at it.
  std::string agent;
  std::string situation;
  std::vector<LoadSample> samples;
};

/// What a step hands on under one name.
struct Output {
  /// Nothing: a step took it away. A tensor may be taken to be written, a view only read.
  using Value = std::variant<std::monostate, SharedTensor, TensorView>;
  std::string name;
  Value value;
  const Step* taker = nullptr;  // The last that took it; since the first, only who waits may ask.
};

struct Step {
  StepSpec spec;  // Not changed once the step is in a run, so read without the lock.
  StepId id;
  WorkflowRun* run = nullptr;
  std::vector<std::size_t> after;
  std::vector<std::size_t> successors;
  std::size_t waiting_for = 0;
  StepState state = StepState::waiting;
  Status status;
  int attempts = 0;
  int iteration = 0;
  std::size_t retry_bytes = 0;  // After an attempt that ran out of memory; else 0.
  std::shared_ptr<const Advice> advice;
  LoadPrediction forecast;
  double urgency_s = 0;  // The b-level.
  std::uint64_t ticket = 0;
  std::int64_t queued_ns = 0;
  std::shared_ptr<Attempt> attempt;  // While it runs.
  MemoryScope ready_scope;           // Made ready ahead; closed when there is none.
  std::size_t ready_budget_bytes = 0;
  std::size_t ready_bytes = 0;  // Of the engine's `ahead_bytes_`.
  std::vector<Output> outputs;
};

struct Loop {
  std::size_t first;
  std::size_t last;
  int max_iterations;
  int iterations = 1;
};

struct WorkflowRun : std::enable_shared_from_this<WorkflowRun> {
  WorkflowId id;
  std::string name;
  MemoryScope scope;
  std::map<std::string, MemoryScope, std::less<>> agent_scopes;
  std::deque<Step> steps;  // Addresses are stable.
  std::unordered_map<std::string, std::size_t> by_name;
  std::vector<Loop> loops;
  std::map<std::string, std::vector<std::shared_ptr<const Advice>>> advice;  // By type; advice_.
  /// What alike steps are predicted, and after how many ended attempts that was asked.
  std::map<std::tuple<std::string_view, double, std::size_t, const Advice*>,
           std::pair<LoadPrediction, std::size_t>>
      forecasts;

  std::size_t unfinished = 0;    // Steps not succeeded, failed or cancelled.
  std::size_t ended = 0;         // Attempts over.
  std::size_t next_review = 16;  // Predict anew when so many attempts are over.
  std::size_t gone_pending = 0;  // Attempts begun and not gone.
  bool cancelling = false;
  bool finishing = false;
  bool cleaned = false;
  Status status;
  std::int64_t submitted_ns = 0;
  std::vector<StepRecord> records;
  std::shared_ptr<const WorkflowReport> report;  // Once finished.
  std::vector<UniqueFunction<void(Result<WorkflowReport>)>> waiters;
};

/// One attempt at one step, from its admission until it is gone.
struct Attempt : std::enable_shared_from_this<Attempt> {
  Attempt(std::shared_ptr<Engine> in, std::shared_ptr<WorkflowRun> of, Step& what);

  void run() noexcept;
  /// The function's outcome; the first one counts.
  void complete(Status result) noexcept;
  /// Opens `scope`; the engine is not locked.
  Status open_scope();
  StepRecord record(const Status& result, StepOutcome outcome, std::int64_t end_ns);

  const std::shared_ptr<Engine> engine;
  const std::shared_ptr<WorkflowRun> workflow;
  Step& step;
  std::uint64_t turn = 0;  // In order of admission.
  StepContext context;
  MemoryScope agent_scope;
  MemoryScope scope;
  CancellationSource source;

  int number = 1;
  int iteration = 0;
  double cpu_slots = 0;
  std::size_t given_bytes = 0;
  LoadPrediction forecast;
  std::string_view admitted_because;
  std::int64_t queued_ns = 0;
  std::int64_t start_ns = 0;
  std::int64_t started_wall_ns = 0;

  std::atomic<int> open{1};  // The function, and its completion when that is apart.
  std::atomic<std::size_t> published_bytes{0};

  // Under the engine's lock:
  bool begun = false;
  int inside = 0;  // Threads that are in its function.
  bool over = false;
  bool repeat = false;       // request_iteration() was called.
  bool holds_retry = false;  // It is over, and its step waits until no thread is inside.
  TimerId deadline = 0;

  std::mutex mutex;  // Guards the rest.
  bool has_result = false;
  Status result;
  bool has_used = false;
  ResourceUse used;
  bool has_reward = false;
  double reward = 0;

 private:
  void invoke() noexcept;
  void let_go() noexcept;
  friend class Engine;
};

/// Is the calling thread inside a step's function?
bool inside_step() noexcept;
/// The exception that is being handled, as a failure of the host's code that threw it.
Status thrown() noexcept;
/// The budget of a step's scope.
std::size_t scope_budget(const SchedulerOptions& options, const StepSpec& spec,
                         const LoadPrediction& forecast, std::size_t given_bytes) noexcept;
/// How much of a step's memory is worth committing before it runs.
std::size_t bytes_to_ready(const SchedulerOptions& options,
                           const LoadPrediction& forecast) noexcept;

/// Calls a host's callback. What it throws is logged: nobody further up could do better.
template <typename T>
void call_back(const Environment& environment, UniqueFunction<void(Result<T>)> done,
               Result<T> answer) noexcept {
  if (!done) return;
  try {
    done(std::move(answer));
  } catch (...) {
    environment.write_log(LogLevel::error, "scheduler",
                          thrown().with_context("a callback threw, which it must not").message());
  }
}

/// A callback with its answer, called once: as a task, or where the task dies unrun.
template <typename T>
class Delivery {
 public:
  /// Takes both over or, when it throws bad_alloc, neither.
  Delivery(const Environment& environment, UniqueFunction<void(Result<T>)>&& done,
           Result<T>&& answer)
      : box_(new Box{environment, std::move(done), std::move(answer)}) {}
  Delivery(Delivery&&) noexcept = default;
  ~Delivery() { (*this)(); }
  void operator()() noexcept {
    if (const std::unique_ptr<Box> box = std::move(box_)) {
      call_back(box->environment, std::move(box->done), std::move(box->answer));
    }
  }

 private:
  struct Box {
    Environment environment;
    UniqueFunction<void(Result<T>)> done;
    Result<T> answer;
  };
  std::unique_ptr<Box> box_;
};

class Engine : public std::enable_shared_from_this<Engine> {
 public:
  Engine(const SchedulerOptions& options, ResourceAllocator allocator, TensorMemoryManager& memory,
         const Environment& environment);

  // engine.cpp: a workflow's way in, its steps' way round, its way out.
  Result<WorkflowId> submit(WorkflowGraph graph);
  Result<WorkflowReport> wait(WorkflowId id);
  void wait(WorkflowId id, UniqueFunction<void(Result<WorkflowReport>)> done) noexcept;
  Status cancel(WorkflowId id);
  Status close() noexcept;
  Status resize(const Capacity& capacity);
  Result<CollaborationPlan> optimize(WorkflowId id);
  void optimize(WorkflowId id, UniqueFunction<void(Result<CollaborationPlan>)> done) noexcept;

  // For attempts.
  std::shared_ptr<Attempt> begin_next();
  std::shared_ptr<Attempt> take_next();
  Status arm_deadline(Attempt& attempt);
  /// Hands on making memory ready for the steps that wait for this one alone.
  void plan_ahead(Attempt& attempt) noexcept;
  /// A thread goes into the attempt's function, and comes out of it.
  void entered(Attempt& attempt) noexcept;
  void left(Attempt& attempt) noexcept;
  /// `given_up`: its workflow was cancelled, and no thread is inside. `threw`: its completion may
  /// be kept by somebody who will never call it.
  enum class Ending : std::uint8_t { function_gone, missed_deadline, given_up, threw };
  void end(const std::shared_ptr<Attempt>& attempt, const Status& status, Ending how) noexcept;

  // For contexts, hand_over.cpp.
  Status publish(Attempt& attempt, std::string_view name, Output::Value value);
  /// A step, by its name when the id is the default.
  struct StepRef {
    StepId id;
    std::string_view name;
  };
  Result<TensorView> input(Attempt& attempt, const StepRef& from, std::string_view name);
  Result<Tensor> take(Attempt& attempt, const StepRef& from, std::string_view name);

  // For contexts, step_context.cpp.
  Result<StepId> add_step(Attempt& attempt, StepSpec spec);
  Status add_dependency(Attempt& attempt, StepId before, StepId step);
  Result<bool> request_iteration(Attempt& attempt);
  std::vector<StepId> dependencies(const Step& step) const;

  [[nodiscard]] std::int64_t now_ns() const noexcept {
    return environment_.executor->clock().now_ns();
  }

  const Environment environment_;
  const SchedulerOptions options_;
  CollaborationDetector detector_;
  LoadPredictor predictor_;
  ResourceAllocator allocator_;

 private:
  using Lock = std::unique_lock<std::mutex>;
  using RunPtr = std::shared_ptr<WorkflowRun>;
  /// Ends what `++busy_` began.
  class Busy {
   public:
    explicit Busy(Engine& engine) noexcept : engine_(engine) {}
    ~Busy() {
      const Lock lock(engine_.mutex_);
      if (--engine_.busy_ == 0 && engine_.closed_) engine_.changed_.notify_all();
    }

   private:
    Engine& engine_;
  };

  // All under the lock.
  Result<RunPtr> find(WorkflowId id) const;
  void insert(const RunPtr& run);
  void make_ready(Step& step);
  void enqueue(Step& step);
  void settle(Attempt& attempt, const Status& status);
  bool emptied(Attempt& attempt);
  void succeed(WorkflowRun& run, Step& step);
  void repeat(WorkflowRun& run, Loop& loop);
  void fail(WorkflowRun& run, Step& step, const Status& status);
  void cancel_dependents(WorkflowRun& run, const Step& step);
  void drop(WorkflowRun& run, Step& step, const Status& why);
  void raise_urgency(WorkflowRun& run, Step& step);
  void review(WorkflowRun& run);
  void rank(WorkflowRun& run);
  void predict_anew(WorkflowRun& run);
  void draw_up(WorkflowRun& run, CollaborationPlan& plan) const;
  MemoryScope agent_scope(WorkflowRun& run, const std::string& agent);
  [[nodiscard]] bool may_be_readied(const WorkflowRun& run, const Step& step) const noexcept;
  [[nodiscard]] std::size_t free_bytes_ahead() const;
  void keep_ready(Step& step, MemoryScope scope, std::size_t bytes, std::size_t budget) noexcept;
  /// The scope that was made ready for it, which it now has or gives up.
  MemoryScope take_ready(Step& step) noexcept;
  std::size_t admit();
  std::shared_ptr<Attempt> pop_admitted() noexcept;
  [[nodiscard]] LoadPrediction forecast(WorkflowRun& run, const Step& step) const;
  std::shared_ptr<Attempt> launch(Step& step, const Admission& admission);
  Status may_act(const Attempt& attempt) const;
  Result<Output*> find_output(Attempt& attempt, const StepRef& ref, std::string_view name,
                              Step** from);
  bool is_last_reader(const Attempt& attempt, const Step& from) const;
  Result<StepId> extend(WorkflowRun& run, StepSpec spec, std::shared_ptr<const Advice> advice);
  Status link(WorkflowRun& run, std::size_t before_index, std::size_t step_index);

  // All without it.
  void note_hand_over(const Attempt& to, const std::string& from, std::size_t bytes);
  void dispatch() noexcept;
  void start(std::size_t count) noexcept;
  void learn(const StepRecord& record) noexcept;
  void cancel_run(const RunPtr& run);
  void finish_if_done(const RunPtr& run) noexcept;
  void clean_if_done(const RunPtr& run) noexcept;
  Result<RunPtr> prepare(WorkflowGraph& graph);
  std::shared_ptr<const Advice> advise(WorkflowRun& run, const StepSpec& spec);
  [[nodiscard]] LoadPrediction predict(const StepSpec& spec, const Advice* advice) const;
  void make_memory_ready(const RunPtr& run, CollaborationPlan& plan);
  [[nodiscard]] Status must_not_wait() const;

  TensorMemoryManager& memory_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool closed_ = false;
  std::uint64_t last_id_ = 0;
  std::uint64_t last_ticket_ = 0;
  std::unordered_map<std::uint64_t, RunPtr> runs_;
  std::deque<std::uint64_t> finished_;                // Oldest first.
  std::unordered_map<std::uint64_t, Step*> tickets_;  // Waiting for or holding resources.
  /// Admitted and waiting for a worker: a heap, higher priorities first, then in order of
  /// admission. For each there is a task out that takes whichever is first by then, so that neither
  /// the executor's order nor what was admitted earlier puts a lower priority before a higher one.
  std::vector<std::shared_ptr<Attempt>> admitted_;
  std::uint64_t last_turn_ = 0;
  std::size_t occupied_ = 0;     // Attempts with a thread inside.
  std::size_t busy_ = 0;         // Reports and plans being made.
  std::size_t ahead_bytes_ = 0;  // Made ready for steps that have not started.
  std::mutex advice_;            // Guards every run's `advice`.
};

}  // namespace frys::detail
