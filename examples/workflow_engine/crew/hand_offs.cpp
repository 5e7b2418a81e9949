// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "crew/hand_offs.hpp"

#include "crew/take.hpp"

namespace crew {

void HandOffs::give(frys::StepContext& context, const std::string& name,
                    const frys::TensorView& view) {
  {
    const std::lock_guard lock(mutex_);
    given_[{std::string(context.step()), name}] = view.data();
  }
  check(context.publish(name, view));
}

frys::TensorView HandOffs::take(frys::StepContext& context, const std::string& step,
                                const std::string& name) {
  frys::TensorView view = crew::take(context.input(step, name));
  if (intercept_) view = intercept_(context, std::move(view));
  const std::lock_guard lock(mutex_);
  const auto given = given_.find(std::pair(step, name));
  ++totals_.taken;
  totals_.bytes += view.size_bytes();
  if (given != given_.end() && given->second == view.data()) ++totals_.same_memory;
  return view;
}

HandOffTotals HandOffs::totals() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

}  // namespace crew
