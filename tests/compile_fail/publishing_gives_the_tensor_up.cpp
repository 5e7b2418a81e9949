// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Who publishes a whole tensor lets go of it, or says that it is a view.
// must fail: deleted

#include "frys/scheduler/step_context.hpp"

frys::Status use(frys::StepContext& context, frys::Tensor& tensor) {
#ifdef FRYS_MUST_FAIL
  return context.publish("x", tensor);
#endif
  if (frys::Status part = context.publish("y", tensor.view()); !part.ok()) return part;
  return context.publish("x", std::move(tensor));
}
