// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>

#include "crew/agents.hpp"
#include "crew/take.hpp"

namespace crew {
namespace {

namespace ops = frys::ops;

constexpr std::size_t answers_wanted = 4;

struct Hit {
  float score = 0;
  std::size_t block = 0;
  std::int64_t row = 0;
};

/// The question as a vector of the passages' space, [1, dimension].
frys::Tensor question_vector(CrewState& state, frys::StepContext& context,
                             const std::string& question) {
  const frys::Embedder& embedder = *state.options.embedder;
  const auto dimension = static_cast<std::int64_t>(embedder.dimension());
  frys::Tensor vector = new_tensor(state, context, {1, dimension}, frys::DType::f32);
  check(embedder.embed(question,
                       std::span<float>(vector.mutable_data<float>(), embedder.dimension())));
  check(ops::sub(vector, vector, state.hand_offs.take(context, librarian_name, "mean")));
  check(ops::l2_normalize_rows(vector, vector));
  return vector;
}

std::vector<Hit> best_hits(CrewState& state, frys::StepContext& context,
                           const frys::Tensor& question) {
  std::vector<Hit> hits;
  for (std::size_t b = 0; b < state.blocks.size(); ++b) {
    const frys::TensorView vectors =
        state.hand_offs.take(context, librarian_name, part_name("vectors", b));
    const frys::Tensor scores = take(ops::similarity(context.scope(), question, vectors));
    const std::size_t wanted =
        std::min(answers_wanted, static_cast<std::size_t>(vectors.extent(0)));
    const ops::TopK best = take(ops::top_k(context.scope(), scores, wanted));
    for (std::size_t i = 0; i < wanted; ++i) {
      hits.push_back({best.values.data<float>()[i], b, best.indices.data<std::int64_t>()[i]});
    }
  }
  std::stable_sort(hits.begin(), hits.end(),
                   [](const Hit& a, const Hit& b) { return a.score > b.score; });
  if (hits.size() > answers_wanted) hits.resize(answers_wanted);
  return hits;
}

void search(const SharedState& state, frys::StepContext& context, std::size_t index) {
  const std::string& question = state->options.questions[index];
  const frys::Tensor vector = question_vector(*state, context, question);
  const std::vector<frys::TensorView> spans = take_spans(*state, context);
  for (const Hit& hit : best_hits(*state, context, vector)) {
    const Block& block = state->blocks[hit.block];
    const frys::TensorView labels =
        state->hand_offs.take(context, critic_name, part_name("labels", hit.block));
    state->answers[index].push_back(
        {question, static_cast<double>(hit.score), labels.data<std::int64_t>()[hit.row],
         passage_where(*state, block, spans[hit.block], hit.row),
         excerpt(passage_text(*state, block, spans[hit.block], hit.row), 220)});
  }
}

}  // namespace

frys::StepSpec search_step(const SharedState& state, std::size_t question) {
  frys::StepSpec spec;
  spec.name = part_name("search", question);
  spec.type = "search";
  spec.agent = "searcher";
  spec.situation = "answer: " + state->options.questions[question];
  spec.run = run_step(state, &search, question);
  return spec;
}

}  // namespace crew
