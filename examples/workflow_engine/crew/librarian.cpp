// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Vectors of texts of one kind have much in common (the words that all of them use), which hides
// how they differ. So their mean is subtracted and their length made 1 again. Nobody else reads the
// vectors as they were, so the librarian takes them over and writes where they lie.
// Source: Mu and Viswanath, "All-but-the-Top", 2018 (its first step).

#include "crew/agents.hpp"
#include "crew/take.hpp"

namespace crew {
namespace {

namespace ops = frys::ops;

std::vector<frys::Tensor> take_vectors(CrewState& state, frys::StepContext& context) {
  std::vector<frys::Tensor> vectors;
  for (std::size_t batch = 0; batch < state.batches.size(); ++batch) {
    if (state.batches[batch].passages == 0) continue;
    vectors.push_back(state.hand_offs.take_over(context, part_name("embed", batch), "vectors"));
    const std::int64_t rows = vectors.back().shape()[0];
    state.blocks.push_back({batch, state.passages, rows});
    state.passages += rows;
  }
  if (vectors.empty()) {
    throw StepError(frys::Status(frys::ErrorCode::not_found,
                                 "there are no text files in \"" + state.options.folder + "\""));
  }
  return vectors;
}

frys::Tensor mean_of(frys::MemoryScope& scope, const std::vector<frys::Tensor>& vectors,
                     std::int64_t rows) {
  frys::Tensor mean = take(ops::sum(scope, vectors.front(), 0));
  for (std::size_t i = 1; i < vectors.size(); ++i) {
    check(ops::add(mean, mean, take(ops::sum(scope, vectors[i], 0))));
  }
  check(ops::scale(mean, mean, 1.0 / static_cast<double>(rows)));
  return mean;
}

/// Adds an analyst for each block; the clusterer waits for all of them.
void grow(const SharedState& state, frys::StepContext& context) {
  for (std::size_t block = 0; block < state->blocks.size(); ++block) {
    frys::StepSpec analyst = analyst_step(state, block);
    analyst.after = {context.step_id()};
    const frys::StepId compare = take(context.add_step(std::move(analyst)));
    check(context.add_dependency(compare, state->clusterer));
  }
}

void centre(const SharedState& state, frys::StepContext& context, std::size_t) {
  std::vector<frys::Tensor> vectors = take_vectors(*state, context);
  const frys::SharedTensor mean = mean_of(context.scope(), vectors, state->passages).share();
  state->hand_offs.give(context, "mean", mean);
  for (std::size_t block = 0; block < vectors.size(); ++block) {
    frys::Tensor& own = vectors[block];
    check(ops::sub(own, own, mean));
    check(ops::l2_normalize_rows(own, own));
    state->hand_offs.give(context, part_name("vectors", block), std::move(own));
  }
  grow(state, context);
  ask_for_plan(state, context.workflow_id(), context.now_ns());
}

}  // namespace

frys::StepSpec librarian_step(const SharedState& state, double input_size) {
  frys::StepSpec spec;
  spec.name = librarian_name;
  spec.type = "centre";
  spec.agent = "librarian";
  spec.input_size = input_size;
  spec.situation = "centre the vectors of " + std::to_string(state->batches.size()) +
                   " batches from " + state->options.folder;
  spec.run = run_step(state, &centre);
  return spec;
}

}  // namespace crew
