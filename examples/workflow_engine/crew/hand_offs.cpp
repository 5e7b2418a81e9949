// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "crew/hand_offs.hpp"

#include "crew/take.hpp"

namespace crew {

void HandOffs::note_given(const frys::StepContext& context, const std::string& name,
                          const frys::TensorView& view) {
  const std::lock_guard lock(mutex_);
  given_[{std::string(context.step()), name}] = view.data();
}

void HandOffs::give(frys::StepContext& context, const std::string& name,
                    frys::SharedTensor tensor) {
  note_given(context, name, tensor);
  check(context.publish(name, std::move(tensor)));
}

void HandOffs::give(frys::StepContext& context, const std::string& name, frys::Tensor tensor) {
  give(context, name, std::move(tensor).share());
}

void HandOffs::give(frys::StepContext& context, const std::string& name, frys::TensorView view) {
  note_given(context, name, view);
  check(context.publish(name, std::move(view)));
}

void HandOffs::note_taken(const std::string& step, const std::string& name,
                          const frys::TensorView& view) {
  const std::lock_guard lock(mutex_);
  const auto given = given_.find(std::pair(step, name));
  ++totals_.taken;
  totals_.bytes += view.size_bytes();
  if (given != given_.end() && given->second == view.data()) ++totals_.same_memory;
}

frys::TensorView HandOffs::take(frys::StepContext& context, const std::string& step,
                                const std::string& name) {
  frys::TensorView view = crew::take(context.input(step, name));
  if (intercept_) view = intercept_(context, std::move(view));
  note_taken(step, name, view);
  return view;
}

frys::Tensor HandOffs::take_over(frys::StepContext& context, const std::string& step,
                                 const std::string& name) {
  frys::Tensor tensor = crew::take(context.take(step, name));
  note_taken(step, name, tensor);
  return tensor;
}

HandOffTotals HandOffs::totals() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

}  // namespace crew
