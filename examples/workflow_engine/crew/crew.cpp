// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "crew/agents.hpp"
#include "crew/take.hpp"

namespace crew {
namespace {

void note_stage(CrewState& state, const frys::StepContext& context) {
  std::string stage(context.type());
  if (context.iteration() > 0) stage += ", round " + std::to_string(context.iteration() + 1);
  const std::lock_guard lock(state.mutex);
  state.stage = std::move(stage);
}

}  // namespace

frys::StepFunction run_step(const SharedState& state, StepBody body, std::size_t part) {
  return [state, body, part](frys::StepContext& context) -> frys::Status {
    note_stage(*state, context);
    try {
      body(state, context, part);
    } catch (const StepError& error) {
      return error.status();
    }
    return {};
  };
}

frys::Result<frys::WorkflowGraph> crew_graph(const SharedState& state) {
  frys::WorkflowGraph graph{std::string(workflow_name)};
  frys::Result<frys::StepId> scout = graph.add_step(scout_step(state));
  if (!scout) return scout.error();

  frys::StepSpec cluster = clusterer_step(state);
  cluster.after = {*scout};  // And whatever the scout and the librarian will put before it.
  frys::Result<frys::StepId> clusterer = graph.add_step(std::move(cluster));
  if (!clusterer) return clusterer.error();
  state->clusterer = *clusterer;

  frys::StepSpec critique = critic_step(state);
  critique.after = {*clusterer};
  frys::Result<frys::StepId> critic = graph.add_step(std::move(critique));
  if (!critic) return critic.error();
  frys::Status loop = graph.add_loop({*clusterer, *critic, state->options.max_rounds});
  if (!loop.ok()) return loop;

  frys::StepSpec report = reporter_step(state);
  report.after = {*critic};
  for (std::size_t question = 0; question < state->options.questions.size(); ++question) {
    frys::StepSpec search = search_step(state, question);
    search.after = {*critic};
    frys::Result<frys::StepId> searcher = graph.add_step(std::move(search));
    if (!searcher) return searcher.error();
    report.after.push_back(*searcher);
  }
  frys::Result<frys::StepId> reporter = graph.add_step(std::move(report));
  if (!reporter) return reporter.error();
  return graph;
}

}  // namespace crew
