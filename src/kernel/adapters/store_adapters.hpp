// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Plugs the experience store into the scheduler's two interfaces: what it asks, and what it tells.

#pragma once

#include "frys/core/environment.hpp"
#include "frys/experience/experience_store.hpp"
#include "frys/scheduler/advisor.hpp"
#include "frys/scheduler/observer.hpp"

namespace frys::detail {

/// "What happened last time with work like this?", answered from the store: attempts of the same
/// workflow and type, most similar first. Threads: safe. Cost: one search and a row a result.
class StoreAdvisor final : public ExperienceAdvisor {
 public:
  StoreAdvisor(const ExperienceStore& store, const Environment& environment);
  Result<std::vector<PastStep>> recall(const StepQuery& query) override;

 private:
  const ExperienceStore& store_;
  const Clock& clock_;
  LatencyHistogram& latency_;
};

/// Writes each finished attempt into the store, buffered: a step must not wait for the device, and
/// the end of the process loses nothing. Threads: safe. Cost: some microseconds.
class StoreObserver final : public StepObserver {
 public:
  StoreObserver(ExperienceStore& store, const Environment& environment);
  void on_step(const StepRecord& record) noexcept override;

 private:
  ExperienceStore& store_;
  Environment environment_;
  LatencyHistogram& latency_;
  Counter& failures_;
};

}  // namespace frys::detail
