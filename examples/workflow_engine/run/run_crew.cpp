// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "run/run_crew.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <optional>
#include <set>

#include "crew/agents.hpp"
#include "frys/core/machine.hpp"
#include "frys/memory/copies.hpp"
#include "frys/tensor/simd_level.hpp"
#include "run/memory_watch.hpp"

namespace crew {
namespace {

/// The end of the workflow, awaited while the memory is watched.
class Ending {
 public:
  void arrive(frys::Result<frys::WorkflowReport> report) {
    const std::lock_guard lock(mutex_);
    report_.emplace(std::move(report));
    arrived_.notify_all();
  }
  /// True when it has ended; waits for that at most `milliseconds`.
  bool wait(int milliseconds) {
    std::unique_lock lock(mutex_);
    return arrived_.wait_for(lock, std::chrono::milliseconds(milliseconds),
                             [&] { return report_.has_value(); });
  }
  frys::Result<frys::WorkflowReport> report() { return *std::move(report_); }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::optional<frys::Result<frys::WorkflowReport>> report_;
};

/// Tells the stages of a run that takes long, as they are seen.
class StageTeller {
 public:
  explicit StageTeller(CrewState& state) : state_(state) {}

  void look() {
    const std::int64_t elapsed_ns = frys::system_clock().now_ns() - start_ns_;
    if (!state_.options.on_stage || elapsed_ns < state_.options.quiet_ns) return;
    std::string stage;
    {
      const std::lock_guard lock(state_.mutex);
      stage = state_.stage;
    }
    if (!stage.empty() && told_.insert(stage).second) state_.options.on_stage(elapsed_ns, stage);
  }

 private:
  CrewState& state_;
  const std::int64_t start_ns_ = frys::system_clock().now_ns();
  std::set<std::string> told_;
};

StepRow to_row(const frys::StepRecord& record, std::int64_t submitted_ns) {
  StepRow row;
  row.name = record.step;
  row.type = record.type;
  row.agent = record.agent;
  row.iteration = record.iteration;
  row.attempt = record.attempt;
  row.queued_ns = record.queued_ns - submitted_ns;
  row.start_ns = record.start_ns - submitted_ns;
  row.end_ns = record.end_ns - submitted_ns;
  row.predicted_ns = record.predicted_runtime_ns;
  row.predicted_bytes = record.predicted_bytes;
  row.given_bytes = record.given_bytes;
  row.peak_bytes = record.used.peak_bytes;
  row.published_bytes = record.used.published_bytes;
  row.copied_bytes = record.used.copied_bytes;
  row.first_touch_pages = record.used.page_faults;
  row.outcome = frys::to_string(record.outcome);
  row.reason = record.reason;
  return row;
}

void note_steps(CrewState& state, const frys::WorkflowReport& report, RunSummary& run) {
  for (const frys::StepRecord& record : report.records) {
    run.steps.push_back(to_row(record, report.submitted_ns));
  }
  const std::lock_guard lock(state.mutex);
  for (PlanRow& plan : state.plans) plan.asked_ns -= report.submitted_ns;
  run.plans = state.plans;
}

/// What the first step that failed had to say, without the step's name: that is the crew's own.
frys::Status why_it_failed(const frys::WorkflowReport& report) {
  for (const frys::StepRecord& record : report.records) {
    if (record.outcome == frys::StepOutcome::failure) return {record.code, record.reason};
  }
  return report.status;
}

void note_collaboration(const frys::CollaborationGraph& graph, RunSummary& run) {
  run.pattern = frys::to_string(graph.pattern);
  run.pattern_confidence = graph.confidence;
  run.agents = graph.agents;
  for (const frys::CollaborationEdge& edge : graph.edges) {
    run.edges.push_back({edge.from, edge.to, edge.bytes, edge.messages});
  }
  for (const frys::CollaborationGroup& group : graph.groups) {
    run.groups.push_back({std::string(frys::to_string(group.pattern)), group.center,
                          group.confidence, group.agents});
  }
}

void note_text(const CrewState& state, RunSummary& run) {
  std::vector<SkippedFile> skipped = state.skipped;
  for (const Batch& batch : state.batches) {
    run.files += batch.documents.size();
    run.text_bytes += batch.text_bytes;
    skipped.insert(skipped.end(), batch.skipped.begin(), batch.skipped.end());
  }
  run.passages = static_cast<std::uint64_t>(state.passages);
  run.skipped = skipped.size();
  for (std::size_t i = 0; i < std::min<std::size_t>(skipped.size(), 8); ++i) {
    run.skipped_files.emplace_back(skipped[i].path, skipped[i].reason);
  }
}

void note_findings(const CrewState& state, RunSummary& run) {
  run.rounds = static_cast<std::uint64_t>(state.review.rounds);
  run.warm_start = state.review.warm_start;
  run.verdict = state.review.verdict;
  run.agreement = state.review.best.agreement;
  run.clusters = state.clusters;
  std::stable_sort(
      run.clusters.begin(), run.clusters.end(),
      [](const ClusterRow& a, const ClusterRow& b) { return a.passages > b.passages; });
  run.duplicates = state.duplicates;
  for (const std::vector<AnswerRow>& answers : state.answers) {
    run.answers.insert(run.answers.end(), answers.begin(), answers.end());
  }
}

void add_latency(const char* name, const frys::LatencyHistogram& histogram, RunSummary& run) {
  if (histogram.count() == 0) return;
  run.latencies.push_back(
      {name, histogram.quantile_ns(0.5), histogram.quantile_ns(0.99), histogram.occupied()});
}

/// Asks the store for what is most like each step that ran: how long such a question takes.
void measure_retrieval(CrewState& state, const frys::WorkflowReport& report) {
  for (const frys::StepRecord& record : report.records) {
    frys::SimilarityQuery query;
    query.text = record.situation;
    query.workflow = record.workflow;
    query.k = 3;
    const std::int64_t start_ns = frys::system_clock().now_ns();
    const auto found = state.kernel.experience().find_similar(query);
    if (found) state.measures.retrieval.record(frys::system_clock().now_ns() - start_ns);
  }
}

/// Which types of step the store learned of only now: it holds no more of them than this run left.
void note_new_types(CrewState& state, RunSummary& run) {
  if (run.experiences_before == 0) return;
  std::map<std::string, std::size_t> left;
  for (const StepRow& step : run.steps) ++left[step.type];
  for (const auto& [type, count] : left) {
    frys::SimilarityQuery query;
    query.text = type;
    query.workflow = workflow_name;
    query.step_type = type;
    query.k = count + 1;
    const auto found = state.kernel.experience().find_similar(query);
    if (found && found->size() <= count) run.new_types.push_back(type);
  }
}

void note_machine(const CrewState& state, RunSummary& run) {
  run.started_wall_ns = frys::system_clock().wall_ns();
  run.folder = state.options.folder;
  run.embedder = state.options.embedder->name();
  run.simd = frys::simd_level();
  run.cores = frys::machine().cores;
}

}  // namespace

frys::Result<RunSummary> run_crew(const std::shared_ptr<CrewState>& state) {
  frys::Kernel& kernel = state->kernel;
  RunSummary run;
  note_machine(*state, run);
  run.experiences_before = kernel.experience().size();
  const frys::CopyStats copies_before = frys::copy_stats();

  frys::Result<frys::WorkflowGraph> graph = crew_graph(state);
  if (!graph) return graph.error();
  frys::Result<frys::WorkflowId> id = kernel.scheduler().submit(*std::move(graph));
  if (!id) return id.error();
  const auto ending = std::make_shared<Ending>();
  kernel.scheduler().wait(*id, [ending](frys::Result<frys::WorkflowReport> report) {
    ending->arrive(std::move(report));
  });
  MemoryWatch watch(kernel.memory());
  StageTeller stages(*state);
  while (!ending->wait(2)) {
    watch.sample();
    stages.look();
  }

  frys::Result<frys::WorkflowReport> report = ending->report();
  if (!report) return report.error();
  if (!report->status.ok()) return why_it_failed(*report);
  const frys::CopyStats copies_after = frys::copy_stats();
  const HostCopies& to_host = state->review.host_copies;
  run.host_copies = to_host.copies;
  run.host_copied_bytes = to_host.bytes;
  run.copies = copies_after.copies - copies_before.copies - to_host.copies;
  run.copied_bytes = copies_after.bytes - copies_before.bytes - to_host.bytes;
  run.wall_ns = report->finished_ns - report->submitted_ns;

  note_steps(*state, *report, run);
  note_collaboration(report->collaboration, run);
  run.memory = watch.samples(run.agents, report->submitted_ns, report->finished_ns);
  watch.describe_fullest(run);
  note_text(*state, run);
  note_findings(*state, run);
  const HandOffTotals totals = state->hand_offs.totals();
  run.hand_offs = totals.taken;
  run.same_memory = totals.same_memory;
  run.shared_bytes = totals.bytes;
  run.experiences_after = kernel.experience().size();
  note_new_types(*state, run);
  measure_retrieval(*state, *report);
  add_latency("tensor allocated", state->measures.allocation, run);
  add_latency("experience found", state->measures.retrieval, run);
  add_latency("advice recalled", kernel.metrics().histogram("frys_kernel_recall_latency"), run);
  add_latency("experience stored", kernel.metrics().histogram("frys_kernel_record_latency"), run);
  return run;
}

}  // namespace crew
