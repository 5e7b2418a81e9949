// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>

#include "crew/agents.hpp"
#include "crew/critique.hpp"
#include "crew/take.hpp"
#include "text/key_terms.hpp"

namespace crew {
namespace {

constexpr float duplicate_similarity = 0.9F;
constexpr std::size_t most_duplicates = 12;
constexpr std::size_t excerpt_bytes = 150;

std::vector<frys::TensorView> take_from_critic(CrewState& state, frys::StepContext& context,
                                               const char* name) {
  std::vector<frys::TensorView> views;
  for (std::size_t block = 0; block < state.blocks.size(); ++block) {
    views.push_back(state.hand_offs.take(context, critic_name, part_name(name, block)));
  }
  return views;
}

void note_terms(CrewState& state, const std::vector<frys::TensorView>& spans,
                const Labels& labels) {
  std::vector<std::string_view> texts;
  for (std::size_t b = 0; b < state.blocks.size(); ++b) {
    for (std::int64_t row = 0; row < state.blocks[b].rows; ++row) {
      texts.push_back(passage_text(state, state.blocks[b], spans[b], row));
    }
  }
  const std::vector<int> groups(labels.begin(), labels.end());
  const auto terms = key_terms(texts, groups, state.clusters.size(), 8);
  for (std::size_t c = 0; c < terms.size(); ++c) state.clusters[c].terms = terms[c];
}

/// The passage nearest to each cluster's centre stands for it.
void note_examples(CrewState& state, const std::vector<frys::TensorView>& spans,
                   const Labels& labels, const std::vector<frys::TensorView>& closeness) {
  std::vector<float> best(state.clusters.size(), -2.0F);
  for (std::size_t b = 0; b < state.blocks.size(); ++b) {
    const Block& block = state.blocks[b];
    for (std::int64_t row = 0; row < block.rows; ++row) {
      const auto label =
          static_cast<std::size_t>(labels[static_cast<std::size_t>(block.first_passage + row)]);
      const float value = closeness[b].data<float>()[row];
      if (value <= best[label]) continue;
      best[label] = value;
      state.clusters[label].where = passage_where(state, block, spans[b], row);
      state.clusters[label].text =
          excerpt(passage_text(state, block, spans[b], row), excerpt_bytes);
    }
  }
}

void note_clusters(CrewState& state, frys::StepContext& context,
                   const std::vector<frys::TensorView>& spans) {
  const frys::TensorView table = state.hand_offs.take(context, critic_name, "table");
  for (const Judgement& judgement : read_judgements(table)) {
    ClusterRow row;
    row.passages = static_cast<std::uint64_t>(judgement.passages);
    row.cohesion = judgement.cohesion;
    row.agreement = judgement.agreement;
    state.clusters.push_back(std::move(row));
  }
  const Labels labels = labels_of(state.blocks, take_from_critic(state, context, "labels"));
  note_terms(state, spans, labels);
  note_examples(state, spans, labels, take_from_critic(state, context, "closeness"));
}

/// Pairs of passages that say nearly the same, in different places.
void note_duplicates(CrewState& state, frys::StepContext& context,
                     const std::vector<frys::TensorView>& spans) {
  for (std::size_t b = 0; b < state.blocks.size(); ++b) {
    const Block& block = state.blocks[b];
    const frys::TensorView ids =
        state.hand_offs.take(context, part_name("compare", b), "neighbours");
    const frys::TensorView values =
        state.hand_offs.take(context, part_name("compare", b), "closeness");
    const std::int64_t width = ids.extent(1);
    for (std::int64_t i = 0; i < block.rows * width; ++i) {
      const std::int64_t own = block.first_passage + i / width;
      const std::int64_t other = ids.data<std::int64_t>()[i];
      const float value = values.data<float>()[i];
      if (other <= own || value < duplicate_similarity) continue;
      const auto [other_block, other_row] = locate(state, other);
      const std::string_view text = passage_text(state, block, spans[b], i / width);
      state.duplicates.push_back(
          {static_cast<double>(value), passage_where(state, block, spans[b], i / width),
           passage_where(state, state.blocks[other_block], spans[other_block], other_row),
           excerpt(text, excerpt_bytes)});
    }
  }
  std::stable_sort(
      state.duplicates.begin(), state.duplicates.end(),
      [](const DuplicateRow& a, const DuplicateRow& b) { return a.similarity > b.similarity; });
  if (state.duplicates.size() > most_duplicates) state.duplicates.resize(most_duplicates);
}

void report(const SharedState& state, frys::StepContext& context, std::size_t) {
  const std::vector<frys::TensorView> spans = take_spans(*state, context);
  note_clusters(*state, context, spans);
  note_duplicates(*state, context, spans);
}

}  // namespace

frys::StepSpec reporter_step(const SharedState& state) {
  frys::StepSpec spec;
  spec.name = reporter_name;
  spec.type = "report";
  spec.agent = "reporter";
  spec.situation = "write down the clusters of " + state->options.folder;
  spec.run = run_step(state, &report);
  return spec;
}

}  // namespace crew
