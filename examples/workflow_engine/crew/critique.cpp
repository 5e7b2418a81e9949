// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "crew/critique.hpp"

#include <algorithm>

namespace crew {
namespace {

constexpr double weak_agreement = 0.5;
constexpr double merge_share = 0.25;
constexpr std::int64_t smallest_cluster = 3;

/// links[a][b]: how many nearest neighbours of the passages in a are in b.
using Links = std::vector<std::vector<std::int64_t>>;

Links count_links(const std::vector<Block>& blocks, const std::vector<frys::TensorView>& labels,
                  std::size_t clusters, const std::vector<frys::TensorView>& neighbours) {
  Links links(clusters, std::vector<std::int64_t>(clusters, 0));
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    const std::int64_t width = neighbours[b].extent(1);
    const auto* ids = neighbours[b].data<std::int64_t>();
    const auto* chosen = labels[b].data<std::int64_t>();
    for (std::int64_t row = 0; row < blocks[b].rows; ++row) {
      const auto own = static_cast<std::size_t>(chosen[row]);
      for (std::int64_t i = row * width; i < (row + 1) * width; ++i) {
        if (ids[i] < 0) continue;
        ++links[own][static_cast<std::size_t>(label_of(blocks, labels, ids[i]))];
      }
    }
  }
  return links;
}

std::int64_t sum(const std::vector<std::int64_t>& values) {
  std::int64_t total = 0;
  for (const std::int64_t value : values) total += value;
  return total;
}

void decide(const Links& links, std::size_t cluster, Judgement& judgement) {
  if (judgement.passages < smallest_cluster) {
    judgement.verdict = Verdict::dissolve;
    return;
  }
  if (judgement.agreement >= weak_agreement) return;
  std::vector<std::int64_t> others = links[cluster];
  others[cluster] = 0;
  const auto most = std::max_element(others.begin(), others.end());
  const double share = static_cast<double>(*most) /
                       static_cast<double>(std::max<std::int64_t>(sum(links[cluster]), 1));
  judgement.verdict = share >= merge_share ? Verdict::merge : Verdict::split;
  if (judgement.verdict == Verdict::merge) judgement.partner = most - others.begin();
}

}  // namespace

Critique judge(const std::vector<Block>& blocks, const std::vector<frys::TensorView>& labels,
               std::int64_t clusters, const std::vector<frys::TensorView>& closeness,
               const std::vector<frys::TensorView>& neighbours) {
  Critique critique;
  critique.clusters.resize(static_cast<std::size_t>(clusters));
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    const auto* chosen = labels[b].data<std::int64_t>();
    for (std::int64_t row = 0; row < blocks[b].rows; ++row) {
      Judgement& own = critique.clusters[static_cast<std::size_t>(chosen[row])];
      ++own.passages;
      own.cohesion += static_cast<double>(closeness[b].data<float>()[row]);
    }
  }
  const Links links = count_links(blocks, labels, critique.clusters.size(), neighbours);
  std::int64_t total = 0;
  for (const std::vector<std::int64_t>& from : links) total += sum(from);
  const double all = static_cast<double>(std::max<std::int64_t>(total, 1));
  for (std::size_t c = 0; c < critique.clusters.size(); ++c) {
    Judgement& own = critique.clusters[c];
    const auto inside = static_cast<double>(links[c][c]);
    std::int64_t incoming = 0;
    for (const std::vector<std::int64_t>& from : links) incoming += from[c];
    const auto outgoing = static_cast<double>(sum(links[c]));
    own.agreement = outgoing > 0 ? inside / outgoing : 0;
    if (own.passages > 0) own.cohesion /= static_cast<double>(own.passages);
    critique.agreement += inside / all;
    critique.modularity += inside / all - outgoing / all * (static_cast<double>(incoming) / all);
    decide(links, c, own);
    critique.weak += own.verdict == Verdict::keep ? 0 : 1;
  }
  return critique;
}

void write_judgements(const Critique& critique, float* rows) {
  for (const Judgement& judgement : critique.clusters) {
    *rows++ = static_cast<float>(judgement.verdict);
    *rows++ = static_cast<float>(judgement.partner);
    *rows++ = static_cast<float>(judgement.passages);
    *rows++ = static_cast<float>(judgement.cohesion);
    *rows++ = static_cast<float>(judgement.agreement);
  }
}

std::vector<Judgement> read_judgements(const frys::TensorView& table) {
  std::vector<Judgement> judgements;
  const auto* row = table.data<float>();
  for (std::int64_t c = 0; c < table.extent(0); ++c, row += 5) {
    judgements.push_back({static_cast<Verdict>(row[0]), static_cast<std::int64_t>(row[1]),
                          static_cast<std::int64_t>(row[2]), static_cast<double>(row[3]),
                          static_cast<double>(row[4])});
  }
  return judgements;
}

}  // namespace crew
