// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What a step is made of: its name, what it waits for and asks for, and the function it runs.
// A function ends when it returns, when it hands its completion back later, or as a coroutine;
// the latter two hold no worker while they wait, only their cpu_slots: ask for 0 to wait freely.
//
//   spec.run = [](frys::StepContext& context) { return think(context); };
//   spec.run = [](frys::StepContext& context, frys::StepCompletion done) {
//     model.ask(prompt, [done = std::move(done)](Answer a) mutable { done(a.status()); });
//   };

#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "frys/core/export.hpp"
#include "frys/core/function.hpp"
#include "frys/core/status.hpp"
#include "frys/scheduler/coroutine.hpp"
#include "frys/scheduler/step_record.hpp"

namespace frys {

class StepContext;

namespace detail {
struct Attempt;
}

/// Ends a step that outlives its function. Call it once, from any thread, at any time, also after
/// the step was cancelled, missed its deadline, or the kernel closed: a late call is ignored.
/// Dropped without a call it fails the step. Move-only. Threads: one at a time.
class FRYS_API StepCompletion {
 public:
  StepCompletion(StepCompletion&& other) noexcept = default;
  StepCompletion& operator=(StepCompletion&& other) noexcept;
  ~StepCompletion();
  /// Ends the step: success, or why not.
  void operator()(Status status = {}) noexcept;

 private:
  friend struct detail::Attempt;
  explicit StepCompletion(std::shared_ptr<detail::Attempt> attempt) noexcept
      : attempt_(std::move(attempt)) {}
  std::shared_ptr<detail::Attempt> attempt_;
};

/// The function of a step, in one of three forms. What it captures must outlive the work it
/// starts, which may be longer than the step when the step is cancelled or misses its deadline.
/// An exception it throws fails the step with `what()`.
/// Every attempt calls the same function, one after the other: the next one starts when no thread
/// is inside the last any more. A late attempt that is suspended, or whose completion is still
/// out, holds nothing up, and may come back beside the next: let it look at its token.
class StepFunction {
 public:
  using Sync = UniqueFunction<Status(StepContext&)>;
  using Async = UniqueFunction<void(StepContext&, StepCompletion)>;
  using Coroutine = UniqueFunction<StepCoroutine(StepContext&)>;

  StepFunction() noexcept = default;
  /// From `Status(StepContext&)`, `StepCoroutine(StepContext&)` or
  /// `void(StepContext&, StepCompletion)`.
  template <typename F>
    requires(!std::is_same_v<std::decay_t<F>, StepFunction>)
  StepFunction(F&& function) {  // NOLINT: implicit
    using D = std::decay_t<F>;
    if constexpr (std::is_invocable_v<D&, StepContext&, StepCompletion>) {
      form_.template emplace<Async>(std::forward<F>(function));
    } else if constexpr (std::is_same_v<std::invoke_result_t<D&, StepContext&>, StepCoroutine>) {
      form_.template emplace<Coroutine>(std::forward<F>(function));
    } else {
      static_assert(std::is_invocable_r_v<Status, D&, StepContext&>,
                    "a step is Status(StepContext&), StepCoroutine(StepContext&) or "
                    "void(StepContext&, StepCompletion)");
      form_.template emplace<Sync>(std::forward<F>(function));
    }
  }

  explicit operator bool() const noexcept { return form_.index() != 0; }

 private:
  friend struct detail::Attempt;
  std::variant<std::monostate, Sync, Async, Coroutine> form_;
};

/// A step before it is submitted.
struct StepSpec {
  std::string name;              ///< Not empty, unique in its workflow.
  std::string type;              ///< Kind of work; predictions are by type. Empty: the name.
  std::string agent;             ///< Who does it. Empty: the type.
  std::vector<StepId> after;     ///< Starts when all of these have succeeded.
  int priority = 0;              ///< Higher goes first, before any other order.
  std::int64_t deadline_ns = 0;  ///< For each attempt, from its start; 0: none.
  ResourceRequest request;
  double input_size = 0;  ///< How much work it is, in a unit of the host's; finite.
  std::string situation;  ///< What it is faced with, in words, for the advisor.
  int max_attempts = 1;   ///< ≥ 1; a failed or late step is tried again, up to this often in all.
  StepFunction run;       ///< Empty: a milestone that does nothing.
};

}  // namespace frys
