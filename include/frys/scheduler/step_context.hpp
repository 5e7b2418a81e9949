// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What a running step is given: its memory, its inputs, and a way to talk to its workflow.
//
//   frys::Result<frys::TensorView> passages = context.input("read", "passages");
//   auto vectors = frys::Tensor::empty(context.scope(), {rows, 256}, frys::DType::f32);
//   frys::Status handed_on = context.publish("vectors", *std::move(vectors));

#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "frys/core/executor.hpp"
#include "frys/core/export.hpp"
#include "frys/core/result.hpp"
#include "frys/memory/scope.hpp"
#include "frys/scheduler/cancellation.hpp"
#include "frys/scheduler/step.hpp"
#include "frys/scheduler/step_record.hpp"
#include "frys/tensor/shared_tensor.hpp"
#include "frys/tensor/tensor.hpp"
#include "frys/tensor/view.hpp"

namespace frys {

/// Valid until the step's function ends (its completion was called, its coroutine ended).
/// Threads: safe.
class FRYS_API StepContext {
 public:
  StepContext(const StepContext&) = delete;
  StepContext& operator=(const StepContext&) = delete;

  /// This attempt's memory, with its budget; closed when the step's function ends. Tensors still
  /// held then stay valid and are charged to the agent's scope.
  [[nodiscard]] MemoryScope& scope() noexcept;

  [[nodiscard]] WorkflowId workflow_id() const noexcept;
  [[nodiscard]] StepId step_id() const noexcept;
  [[nodiscard]] std::string_view workflow() const noexcept;
  [[nodiscard]] std::string_view step() const noexcept;
  [[nodiscard]] std::string_view type() const noexcept;
  [[nodiscard]] std::string_view agent() const noexcept;
  [[nodiscard]] int attempt() const noexcept;              ///< Counts from 1 in each iteration.
  [[nodiscard]] int iteration() const noexcept;            ///< How often a loop repeated this step.
  [[nodiscard]] std::size_t given_bytes() const noexcept;  ///< Held for this attempt.

  /// Cancelled when the workflow is, or when this attempt misses its deadline.
  [[nodiscard]] CancellationToken token() const noexcept;
  [[nodiscard]] Executor& executor() const noexcept;
  [[nodiscard]] std::int64_t now_ns() const noexcept;  ///< On the executor's clock.

  /// Hands `tensor` on under `name` and gives it up: whoever asks for it gets this very memory,
  /// nothing is copied, and nobody writes it any more. Who wants to read on share()s it first. The
  /// same name again replaces it. It is held until the workflow ends or a step take()s it.
  /// Errors: invalid_argument (no name); failed_precondition (the attempt is over); out_of_memory.
  Status publish(std::string_view name, Tensor tensor);
  Status publish(std::string_view name, SharedTensor tensor);
  /// The same for a part of a tensor, or memory that was wrapped. Nothing may write it from now on;
  /// who takes it gets a copy.
  Status publish(std::string_view name, TensorView view);

  /// What `step` published under `name`, as a view of it; the hand-off is noted as a message
  /// between the two agents. Ask for what this step waits for, or the answer depends on timing.
  /// Errors: not_found (names the step, or what it did publish, or who has taken it);
  /// out_of_memory.
  Result<TensorView> input(StepId step, std::string_view name);
  Result<TensorView> input(std::string_view step, std::string_view name);

  /// The same, to be written: what was published itself, without a copy, for its last reader, else
  /// a counted copy in this step's scope. Readers are the steps that name `step` in `after`. The
  /// last one is on its last attempt, the others have ended, no loop runs one of them again without
  /// `step`, and nobody else holds the tensor.
  /// From the first take on only readers may ask for it, and after the last one nobody; a step that
  /// runs again in a loop publishes it anew. What was not copied stays charged to who made it.
  /// Errors: as input(); failed_precondition (`step` is not named in `after`, or the attempt is
  /// over); those of frys::contiguous, after which it is still published.
  /// Cost: O(readers), or that of a copy; with loops around them O(readers × graph).
  Result<Tensor> take(StepId step, std::string_view name);
  Result<Tensor> take(std::string_view step, std::string_view name);

  /// Notes a hand-off that does not go through `publish` (a prompt, a file): `messages` of `bytes`
  /// in all from this step's agent to `agent`.
  void note_message(std::string_view agent, std::size_t bytes, std::uint64_t messages = 1);

  /// The steps this one waited for, ascending.
  [[nodiscard]] std::vector<StepId> dependencies() const;

  /// Adds a step to the running workflow. It may wait for any step; one that has succeeded counts
  /// as done, one that has failed makes the new step be cancelled. It is not part of a loop unless
  /// `add_dependency` puts it on a path to the loop's last step.
  /// Errors: invalid_argument (as `WorkflowGraph::add_step`; an unknown step in `after`);
  /// cancelled or failed_precondition (the workflow is being cancelled, the attempt is over).
  Result<StepId> add_step(StepSpec spec);

  /// Makes `step`, which has not started, wait for `before` too.
  /// Errors: invalid_argument (a cycle, named); failed_precondition (`step` has started);
  /// not_found. Cost: O(what comes after `step`).
  Status add_dependency(StepId before, StepId step);

  /// Asks that the loop whose last step this is run once more, if this step succeeds and the
  /// loop's bound is not met. Returns false when the bound is met. Errors: failed_precondition
  /// (this step is not the last of a loop).
  Result<bool> request_iteration();

  /// Replaces what the scheduler measures; for work done elsewhere, and for simulations.
  void report_used(const ResourceUse& used);
  /// How good the outcome was; finite. Errors: invalid_argument.
  Status set_reward(double reward);

  /// `co_await context.sleep(ns)` in a coroutine step: a pause that holds no worker. Gives
  /// success; cancelled at once when the token is; closed; unavailable (no timers).
  [[nodiscard]] detail::Sleep sleep(std::int64_t delay_ns) const noexcept;

 private:
  friend struct detail::Attempt;
  explicit StepContext(detail::Attempt& attempt) noexcept : attempt_(&attempt) {}
  detail::Attempt* attempt_;
};

}  // namespace frys
