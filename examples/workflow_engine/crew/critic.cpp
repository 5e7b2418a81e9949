// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <cstdio>

#include "crew/agents.hpp"
#include "crew/critique.hpp"
#include "crew/settled.hpp"
#include "crew/take.hpp"

namespace crew {
namespace {

constexpr double least_gain = 0.004;       ///< Of modularity; a round that gains less was the last.
constexpr double remembered_slack = 0.01;  ///< What agreement may fall short of the remembered.

/// The clusterer's latest proposal, as it was handed over.
Clustering take_proposal(CrewState& state, frys::StepContext& context) {
  Clustering proposal;
  proposal.centres = state.hand_offs.take(context, clusterer_name, "centres");
  for (std::size_t block = 0; block < state.blocks.size(); ++block) {
    proposal.labels.push_back(
        state.hand_offs.take(context, clusterer_name, part_name("labels", block)));
    proposal.closeness.push_back(
        state.hand_offs.take(context, clusterer_name, part_name("closeness", block)));
  }
  return proposal;
}

std::string in_words(const char* format, double value) {
  char text[160];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

/// Whether another round is worth it; says why not in the review's verdict.
bool wants_more(Review& review, const Critique& critique, double gain) {
  if (critique.weak == 0) {
    review.verdict = "accepted: every cluster holds at least half of its passages' neighbours";
    return false;
  }
  if (review.warm_start && critique.agreement >= review.remembered_agreement - remembered_slack) {
    review.verdict = in_words("accepted: as good as what an earlier run settled on (%.0f %%)",
                              100 * review.remembered_agreement);
    return false;
  }
  if (review.rounds > 1 && gain < least_gain) {
    review.verdict = "accepted: another round made it no better";
    return false;
  }
  review.verdict = std::to_string(critique.weak) + " weak cluster" +
                   (critique.weak == 1 ? "" : "s") + " left when the bound was met";
  return true;
}

/// Hands the best round on to those who write it down: the clusterer's own tensors, passed along.
void give_result(CrewState& state, frys::StepContext& context) {
  const Clustering& best = state.review.best;
  state.hand_offs.give(context, "table", best.table);
  for (std::size_t block = 0; block < state.blocks.size(); ++block) {
    state.hand_offs.give(context, part_name("labels", block), best.labels[block]);
    state.hand_offs.give(context, part_name("closeness", block), best.closeness[block]);
  }
}

void critique(const SharedState& state, frys::StepContext& context, std::size_t) {
  Review& review = state->review;
  Clustering proposal = take_proposal(*state, context);
  std::vector<frys::TensorView> neighbours;
  for (std::size_t block = 0; block < state->blocks.size(); ++block) {
    neighbours.push_back(state->hand_offs.take(context, part_name("compare", block), "neighbours"));
  }
  const std::int64_t clusters = proposal.centres.extent(0);
  const Critique said =
      judge(state->blocks, proposal.labels, clusters, proposal.closeness, neighbours);
  frys::Tensor judgements = new_tensor(*state, context, {clusters, 5}, frys::DType::f32);
  write_judgements(said, judgements.mutable_data<float>());
  const frys::SharedTensor verdicts = std::move(judgements).share();
  state->hand_offs.give(context, "verdicts", verdicts);

  const double gain = said.modularity - review.best.modularity;
  proposal.table = verdicts.view();
  proposal.agreement = said.agreement;
  proposal.modularity = said.modularity;
  if (review.rounds == 1 || gain > 0) review.best = std::move(proposal);
  check(context.set_reward(said.modularity));

  const bool again = wants_more(review, said, gain) && take(context.request_iteration());
  give_result(*state, context);
  if (!again) remember_settled(*state);
}

}  // namespace

frys::StepSpec critic_step(const SharedState& state) {
  frys::StepSpec spec;
  spec.name = critic_name;
  spec.type = "critique";
  spec.agent = "critic";
  spec.situation = "judge the clusters of " + state->options.folder;
  spec.run = run_step(state, &critique);
  return spec;
}

}  // namespace crew
