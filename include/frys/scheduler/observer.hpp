// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Told of every attempt that ended: the kernel turns each into an experience, a host draws it.
//
//   struct Observer : frys::StepObserver {
//     void on_step(const frys::StepRecord& record) noexcept override { records.push(record); }
//   };

#pragma once

#include "frys/core/export.hpp"
#include "frys/scheduler/step_record.hpp"

namespace frys {

/// Threads: `on_step` is called from any thread, several at once, never under a lock of the
/// scheduler, and before the workflow is reported finished.
class FRYS_API StepObserver {
 public:
  virtual ~StepObserver();
  virtual void on_step(const StepRecord& record) noexcept = 0;
};

}  // namespace frys
