// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "crew/agents.hpp"
#include "crew/take.hpp"

namespace crew {
namespace {

void embed(const SharedState& state, frys::StepContext& context, std::size_t batch) {
  const frys::Embedder& embedder = *state->options.embedder;
  const auto dimension = static_cast<std::int64_t>(embedder.dimension());
  const frys::TensorView spans =
      state->hand_offs.take(context, part_name("read", batch), "passages");
  const Block block{batch, 0, spans.extent(0)};
  frys::Tensor vectors = new_tensor(*state, context, {block.rows, dimension}, frys::DType::f32);
  auto* next = vectors.mutable_data<float>();
  for (std::int64_t row = 0; row < block.rows; ++row, next += dimension) {
    if (context.token().is_cancelled()) {
      throw StepError(frys::Status(frys::ErrorCode::cancelled, "the run was stopped"));
    }
    check(embedder.embed(passage_text(*state, block, spans, row),
                         std::span<float>(next, embedder.dimension())));
  }
  state->hand_offs.give(context, "vectors", std::move(vectors));
}

}  // namespace

frys::StepSpec embedder_step(const SharedState& state, std::size_t batch) {
  const Batch& work = state->batches[batch];
  frys::StepSpec spec;
  spec.name = part_name("embed", batch);
  spec.type = "embed";
  // Each embedder gets work from every reader, so that a slow reader holds up none of them.
  spec.agent = part_agent(*state, "embedder", batch / state->options.agents_per_role);
  spec.input_size = static_cast<double>(work.passages);
  spec.situation = "embed " + std::to_string(work.passages) + " passages from " +
                   work.documents.front().path + " to " + work.documents.back().path;
  spec.run = run_step(state, &embed, batch);
  return spec;
}

}  // namespace crew
