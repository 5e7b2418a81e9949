// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "kernel/adapters/store_adapters.hpp"

#include <new>

#include "kernel/adapters/step_experience.hpp"

namespace frys::detail {

StoreAdvisor::StoreAdvisor(const ExperienceStore& store, const Environment& environment)
    : store_(store),
      clock_(*environment.clock),
      latency_(environment.metrics->histogram("frys_kernel_recall_latency")) {}

Result<std::vector<PastStep>> StoreAdvisor::recall(const StepQuery& query) try {
  const std::int64_t start_ns = clock_.now_ns();
  SimilarityQuery similar;
  similar.text = situation_text(query.type, query.agent, query.situation);
  similar.workflow = query.workflow;
  similar.step_type = query.type;
  similar.k = query.max_results;
  similar.with_experience = true;
  Result<SimilarMatches> matches = store_.find_similar(similar);
  latency_.record(clock_.now_ns() - start_ns);
  if (!matches) return matches.error();
  std::vector<PastStep> past;
  past.reserve(matches->size());
  for (const Match& match : *matches) past.push_back(to_past_step(match));
  return past;
} catch (const std::bad_alloc&) {
  return Status::out_of_memory();
}

StoreObserver::StoreObserver(ExperienceStore& store, const Environment& environment)
    : store_(store),
      environment_(environment),
      latency_(environment.metrics->histogram("frys_kernel_record_latency")),
      failures_(environment.metrics->counter("frys_kernel_record_failures_total")) {}

void StoreObserver::on_step(const StepRecord& record) noexcept try {
  const std::int64_t start_ns = environment_.clock->now_ns();
  const Result<ExperienceId> stored =
      store_.store(to_experience(record), {.durability = Durability::buffered});
  latency_.record(environment_.clock->now_ns() - start_ns);
  if (stored) return;
  failures_.add();
  environment_.write_log(LogLevel::warning, "kernel",
                         "step " + record.step + " of " + record.workflow +
                             " left no experience: " + stored.error().to_string());
} catch (const std::bad_alloc&) {
  failures_.add();
}

}  // namespace frys::detail
