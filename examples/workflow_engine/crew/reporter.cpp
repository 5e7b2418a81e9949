// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

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
                const std::vector<frys::TensorView>& labels) {
  std::vector<std::string_view> texts;
  std::vector<int> groups;
  for (std::size_t b = 0; b < state.blocks.size(); ++b) {
    for (std::int64_t row = 0; row < state.blocks[b].rows; ++row) {
      texts.push_back(passage_text(state, state.blocks[b], spans[b], row));
      groups.push_back(static_cast<int>(labels[b].data<std::int64_t>()[row]));
    }
  }
  const auto terms = key_terms(texts, groups, state.clusters.size(), 8);
  for (std::size_t c = 0; c < terms.size(); ++c) state.clusters[c].terms = terms[c];
}

/// The passage nearest to each cluster's centre stands for it.
void note_examples(CrewState& state, const std::vector<frys::TensorView>& spans,
                   const std::vector<frys::TensorView>& labels,
                   const std::vector<frys::TensorView>& closeness) {
  std::vector<float> best(state.clusters.size(), -2.0F);
  for (std::size_t b = 0; b < state.blocks.size(); ++b) {
    const Block& block = state.blocks[b];
    for (std::int64_t row = 0; row < block.rows; ++row) {
      const auto label = static_cast<std::size_t>(labels[b].data<std::int64_t>()[row]);
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
  const std::vector<frys::TensorView> labels = take_from_critic(state, context, "labels");
  note_terms(state, spans, labels);
  note_examples(state, spans, labels, take_from_critic(state, context, "closeness"));
}

/// Passages that are nearly the same as others, in sets: each names the first passage of its own.
class Sets {
 public:
  explicit Sets(std::int64_t passages) : first_(static_cast<std::size_t>(passages)) {
    std::iota(first_.begin(), first_.end(), std::int64_t{0});
  }
  std::int64_t first_of(std::int64_t passage) {
    std::int64_t& first = first_[static_cast<std::size_t>(passage)];
    return first == passage ? passage : first = first_of(first);
  }
  void join(std::int64_t a, std::int64_t b) {
    const std::int64_t one = first_of(a);
    const std::int64_t other = first_of(b);
    first_[static_cast<std::size_t>(std::max(one, other))] = std::min(one, other);
  }

 private:
  std::vector<std::int64_t> first_;
};

struct Pair {
  std::int64_t a = 0;
  std::int64_t b = 0;
  double similarity = 0;
};

/// Every two neighbours that are nearly the same, from the analysts' tables.
std::vector<Pair> near_pairs(CrewState& state, frys::StepContext& context) {
  std::vector<Pair> pairs;
  for (std::size_t b = 0; b < state.blocks.size(); ++b) {
    const frys::TensorView ids =
        state.hand_offs.take(context, part_name("compare", b), "neighbours");
    const frys::TensorView values =
        state.hand_offs.take(context, part_name("compare", b), "closeness");
    const std::int64_t width = ids.extent(1);
    for (std::int64_t i = 0; i < state.blocks[b].rows * width; ++i) {
      const std::int64_t own = state.blocks[b].first_passage + i / width;
      const std::int64_t other = ids.data<std::int64_t>()[i];
      const float value = values.data<float>()[i];
      if (other < 0 || value < duplicate_similarity) continue;
      pairs.push_back({own, other, static_cast<double>(value)});
    }
  }
  return pairs;
}

void note_duplicates(CrewState& state, frys::StepContext& context,
                     const std::vector<frys::TensorView>& spans) {
  const std::vector<Pair> pairs = near_pairs(state, context);
  Sets sets(state.passages);
  std::set<std::int64_t> members;
  for (const Pair& pair : pairs) {
    sets.join(pair.a, pair.b);
    members.insert({pair.a, pair.b});
  }
  std::map<std::int64_t, DuplicateRow> rows;
  for (const std::int64_t member : members) {
    const auto [block, row] = locate(state.blocks, member);
    DuplicateRow& duplicate = rows[sets.first_of(member)];
    duplicate.where.push_back(passage_where(state, state.blocks[block], spans[block], row));
    if (duplicate.text.empty()) {
      duplicate.text =
          excerpt(passage_text(state, state.blocks[block], spans[block], row), excerpt_bytes);
    }
  }
  for (const Pair& pair : pairs) {
    double& most = rows[sets.first_of(pair.a)].similarity;
    most = std::max(most, pair.similarity);
  }
  for (auto& [first, row] : rows) state.duplicates.push_back(std::move(row));
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
