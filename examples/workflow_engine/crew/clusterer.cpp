// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>

#include "crew/agents.hpp"
#include "crew/critique.hpp"
#include "crew/k_means.hpp"
#include "crew/settled.hpp"
#include "crew/take.hpp"

namespace crew {
namespace {

std::size_t first_guess(std::int64_t passages) {
  const double root = std::sqrt(static_cast<double>(passages));
  return std::clamp<std::size_t>(static_cast<std::size_t>(root / 3.0), 4, 24);
}

std::vector<frys::TensorView> take_blocks(CrewState& state, frys::StepContext& context,
                                          std::string_view from, const std::string& name) {
  std::vector<frys::TensorView> views;
  for (std::size_t block = 0; block < state.blocks.size(); ++block) {
    views.push_back(from == librarian_name
                        ? state.hand_offs.take(context, librarian_name, part_name(name, block))
                        : state.hand_offs.take(context, part_name(from, block), name));
  }
  return views;
}

/// Where the first round starts: at what an earlier run settled on, or in crowded places.
frys::TensorView first_centres(CrewState& state, frys::StepContext& context,
                               const VectorSpace& space, const std::vector<float>& crowding) {
  if (std::optional<Settled> settled = recall_settled(state)) {
    state.review.warm_start = true;
    state.review.remembered_agreement = settled->agreement;
    return settled->centres;
  }
  const std::vector<frys::TensorView> neighbours =
      take_blocks(state, context, "compare", "neighbours");
  const Labels groups = seed_groups(space, crowding, neighbours, first_guess(space.passages));
  const std::int64_t count = *std::max_element(groups.begin(), groups.end()) + 1;
  return centres_of(space, groups, std::max<std::int64_t>(count, 1)).view();
}

/// Carries the critic's verdicts out on the labels; returns how many clusters there are then.
std::int64_t revise(const VectorSpace& space, const std::vector<float>& crowding,
                    const std::vector<Judgement>& judgements, Labels& labels) {
  auto fresh = static_cast<std::int64_t>(judgements.size());
  for (std::size_t c = 0; c < judgements.size(); ++c) {
    const auto cluster = static_cast<std::int64_t>(c);
    const Judgement& judgement = judgements[c];
    if (judgement.verdict == Verdict::split) {
      split_group(space, crowding, labels, cluster, fresh++);
    } else if (judgement.verdict == Verdict::dissolve) {
      std::replace(labels.begin(), labels.end(), cluster, std::int64_t{-1});
    } else if (judgement.verdict == Verdict::merge) {
      std::replace(labels.begin(), labels.end(), cluster, judgement.partner);
    }
  }
  std::vector<std::int64_t> number(static_cast<std::size_t>(fresh), -1);
  std::int64_t count = 0;
  for (std::int64_t& label : labels) {
    if (label < 0) continue;
    std::int64_t& known = number[static_cast<std::size_t>(label)];
    if (known < 0) known = count++;
    label = known;
  }
  return count;
}

frys::TensorView revised_centres(CrewState& state, frys::StepContext& context,
                                 const VectorSpace& space, const std::vector<float>& crowding) {
  const frys::TensorView verdicts = state.hand_offs.take(context, critic_name, "verdicts");
  Labels labels = copy_labels(state.blocks, state.review.current.labels, state.review.host_copies);
  const std::int64_t count = revise(space, crowding, read_judgements(verdicts), labels);
  return centres_of(space, labels, std::max<std::int64_t>(count, 1)).view();
}

void give_clustering(CrewState& state, frys::StepContext& context, const Clustering& clustering) {
  state.hand_offs.give(context, "centres", clustering.centres);
  for (std::size_t block = 0; block < state.blocks.size(); ++block) {
    state.hand_offs.give(context, part_name("labels", block), clustering.labels[block]);
    state.hand_offs.give(context, part_name("closeness", block), clustering.closeness[block]);
  }
}

void cluster(const SharedState& state, frys::StepContext& context, std::size_t) {
  const VectorSpace space{context.scope(), context.executor(), state->blocks,
                          take_blocks(*state, context, librarian_name, "vectors"), state->passages};
  const std::vector<float> crowding =
      density(state->blocks, take_blocks(*state, context, "compare", "closeness"));
  const bool first = context.iteration() == 0;
  frys::TensorView centres = first ? first_centres(*state, context, space, crowding)
                                   : revised_centres(*state, context, space, crowding);
  state->review.current = divide(space, std::move(centres));
  state->review.rounds = context.iteration() + 1;
  give_clustering(*state, context, state->review.current);
}

}  // namespace

frys::StepSpec clusterer_step(const SharedState& state) {
  frys::StepSpec spec;
  spec.name = clusterer_name;
  spec.type = "cluster";
  spec.agent = "clusterer";
  spec.situation = clustering_situation(*state);
  spec.run = run_step(state, &cluster);
  return spec;
}

}  // namespace crew
