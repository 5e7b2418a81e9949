// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What steps hand each other: published under a name, read as a view, or taken to be written.
//
// A workflow holds what was published until it ends, which is one holder too many for a reader that
// wants to write. So the last reader is given the workflow's own hold. Readers are the steps that
// wait for the publisher by name; of no other step is it known that it will ask.

#include <algorithm>
#include <new>
#include <optional>

#include "scheduler/engine.hpp"

namespace frys {

namespace detail {

namespace {

Status not_found(const std::string& message) { return Status(ErrorCode::not_found, message); }

const TensorView* view_of(const Output& output) noexcept {
  if (const auto* view = std::get_if<TensorView>(&output.value)) return view;
  const auto* tensor = std::get_if<SharedTensor>(&output.value);
  return tensor != nullptr ? &tensor->view() : nullptr;
}

std::string asked_for(const Attempt& attempt, const Step& from, std::string_view name) {
  return "step '" + attempt.step.spec.name + "' asked for '" + std::string(name) + "' of step '" +
         from.spec.name + "', which ";
}

Status never_published(const Attempt& attempt, const Step& from, std::string_view name) {
  std::string published;
  for (const Output& output : from.outputs) {
    published += (published.empty() ? "" : ", ") + ("'" + output.name + "'");
  }
  return not_found(asked_for(attempt, from, name) + "has published " +
                   (published.empty() ? "nothing" : published));
}

bool has_ended(const Step& step) noexcept {
  return step.state == StepState::succeeded || step.state == StepState::failed ||
         step.state == StepState::cancelled;
}

bool waits_for(const Step& step, const Step& other) noexcept {
  return std::binary_search(step.after.begin(), step.after.end(), other.id.value);
}

/// May a loop run `reader` again without running `from` again?
bool may_read_again(const WorkflowRun& run, std::size_t from, std::size_t reader) {
  const auto successors = [&](std::size_t i) -> const std::vector<std::size_t>& {
    return run.steps[i].successors;
  };
  const auto in_body = [&](const Loop& loop, std::size_t step) {
    return !find_path(successors, loop.first, step).empty() &&
           !find_path(successors, step, loop.last).empty();
  };
  return std::any_of(run.loops.begin(), run.loops.end(), [&](const Loop& loop) {
    const bool may_repeat =
        loop.iterations < loop.max_iterations && !has_ended(run.steps[loop.last]);
    return may_repeat && in_body(loop, reader) && !in_body(loop, from);
  });
}

}  // namespace

Status Engine::publish(Attempt& attempt, std::string_view name, Output::Value value) {
  if (name.empty()) {
    return Status(ErrorCode::invalid_argument,
                  "step '" + attempt.step.spec.name + "' published a tensor without a name");
  }
  Output output{std::string(name), std::move(value)};
  const std::size_t bytes = view_of(output)->size_bytes();
  const Lock lock(mutex_);
  if (Status may = may_act(attempt); !may.ok()) return may;
  auto& outputs = attempt.step.outputs;
  const auto same = std::find_if(outputs.begin(), outputs.end(),
                                 [name](const Output& other) { return other.name == name; });
  if (same == outputs.end()) {
    outputs.push_back(std::move(output));
  } else {
    std::swap(*same, output);  // The old one dies unlocked: it may call back into the host.
  }
  attempt.published_bytes.fetch_add(bytes, std::memory_order_relaxed);
  return {};
}

/// What `attempt` may ask for; sets `from` to the step that handed it on.
Result<Output*> Engine::find_output(Attempt& attempt, const StepRef& ref, std::string_view name,
                                    Step** from) {
  WorkflowRun& run = *attempt.workflow;
  const bool by_name = ref.id.value == UINT64_MAX;
  const auto named = by_name ? run.by_name.find(std::string(ref.name)) : run.by_name.end();
  const std::size_t index = named != run.by_name.end() ? named->second : ref.id.value;
  if (index >= run.steps.size()) {
    return not_found("workflow '" + run.name + "' has no step '" +
                     (by_name ? std::string(ref.name) : std::to_string(ref.id.value)) + "'");
  }
  Step& step = run.steps[index];
  *from = &step;
  const auto output = std::find_if(step.outputs.begin(), step.outputs.end(),
                                   [name](const Output& other) { return other.name == name; });
  if (output == step.outputs.end()) return never_published(attempt, step, name);
  const bool gone = view_of(*output) == nullptr;
  if (gone || (output->taker != nullptr && !waits_for(attempt.step, step))) {
    return not_found(asked_for(attempt, step, name) + "step '" + output->taker->spec.name +
                     "' has taken; who reads it too must name '" + step.spec.name +
                     "' in `after`, before it is taken");
  }
  return &*output;
}

Result<TensorView> Engine::input(Attempt& attempt, const StepRef& ref, std::string_view name) {
  TensorView view;
  Step* from = nullptr;
  {
    const Lock lock(mutex_);
    const Result<Output*> output = find_output(attempt, ref, name, &from);
    if (!output) return output.error();
    view = *view_of(**output);
  }
  note_hand_over(attempt, from->spec.agent, view.size_bytes());
  return view;
}

/// Will nobody but this attempt ask for what `from` handed on?
bool Engine::is_last_reader(const Attempt& attempt, const Step& from) const {
  if (attempt.number < attempt.step.spec.max_attempts) return false;  // It may be tried again.
  const WorkflowRun& run = *attempt.workflow;
  return std::all_of(from.successors.begin(), from.successors.end(), [&](std::size_t i) {
    const bool done = i == attempt.step.id.value || has_ended(run.steps[i]);
    return done && !may_read_again(run, from.id.value, i);
  });
}

Result<Tensor> Engine::take(Attempt& attempt, const StepRef& ref, std::string_view name) {
  std::optional<Tensor> whole;
  TensorView view;
  Step* from = nullptr;
  {
    const Lock lock(mutex_);
    if (Status may = may_act(attempt); !may.ok()) return may;
    const Result<Output*> found = find_output(attempt, ref, name, &from);
    if (!found) return found.error();
    Output& output = **found;
    if (!waits_for(attempt.step, *from)) {
      return Status(ErrorCode::failed_precondition,
                    "step '" + attempt.step.spec.name + "' took '" + std::string(name) +
                        "' of step '" + from->spec.name +
                        "', for which it does not wait; name it in `after`");
    }
    output.taker = &attempt.step;
    auto* tensor = std::get_if<SharedTensor>(&output.value);
    if (tensor != nullptr && is_last_reader(attempt, *from)) {
      if (Result<Tensor> alone = std::move(*tensor).try_unshare()) whole = *std::move(alone);
    }
    if (whole) {
      output.value = std::monostate();
    } else {
      view = *view_of(output);
    }
  }
  note_hand_over(attempt, from->spec.agent, whole ? whole->size_bytes() : view.size_bytes());
  if (whole) return *std::move(whole);
  return contiguous(attempt.scope, view);
}

void Engine::note_hand_over(const Attempt& to, const std::string& from, std::size_t bytes) {
  if (from == to.step.spec.agent) return;
  static_cast<void>(detector_.observe(to.workflow->id.value, {.from = from,
                                                              .to = to.step.spec.agent,
                                                              .bytes = bytes,
                                                              .messages = 1,
                                                              .time_ns = now_ns()}));
}

}  // namespace detail

namespace {

/// What `call` gives, also when memory runs out on the way.
template <typename Call>
auto guarded(Call call) noexcept -> decltype(call()) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

}  // namespace

Status StepContext::publish(std::string_view name, Tensor tensor) {
  return publish(name, std::move(tensor).share());
}

Status StepContext::publish(std::string_view name, SharedTensor tensor) {
  return guarded([&] { return attempt_->engine->publish(*attempt_, name, std::move(tensor)); });
}

Status StepContext::publish(std::string_view name, TensorView view) {
  return guarded([&] { return attempt_->engine->publish(*attempt_, name, std::move(view)); });
}

Result<TensorView> StepContext::input(StepId step, std::string_view name) {
  return guarded([&] { return attempt_->engine->input(*attempt_, {step, {}}, name); });
}

Result<TensorView> StepContext::input(std::string_view step, std::string_view name) {
  return guarded([&] { return attempt_->engine->input(*attempt_, {StepId{}, step}, name); });
}

Result<Tensor> StepContext::take(StepId step, std::string_view name) {
  return guarded([&] { return attempt_->engine->take(*attempt_, {step, {}}, name); });
}

Result<Tensor> StepContext::take(std::string_view step, std::string_view name) {
  return guarded([&] { return attempt_->engine->take(*attempt_, {StepId{}, step}, name); });
}

}  // namespace frys
