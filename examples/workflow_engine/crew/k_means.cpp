// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "crew/k_means.hpp"

#include <algorithm>

#include "crew/take.hpp"

namespace crew {
namespace {

namespace ops = frys::ops;

/// Calls `visit(passage, block, row)` for every passage in order.
template <typename Visit>
void for_each_passage(const std::vector<Block>& blocks, Visit visit) {
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    for (std::int64_t row = 0; row < blocks[b].rows; ++row) {
      visit(static_cast<std::size_t>(blocks[b].first_passage + row), b, row);
    }
  }
}

frys::TensorView row_of(const VectorSpace& space, std::size_t passage) {
  std::size_t block = 0;
  const auto wanted = static_cast<std::int64_t>(passage);
  while (wanted >= space.blocks[block].first_passage + space.blocks[block].rows) ++block;
  const std::int64_t row = wanted - space.blocks[block].first_passage;
  return take(space.vectors[block].slice(0, row, row + 1));
}

/// The cosine of every passage to one of them.
std::vector<float> closeness_to(const VectorSpace& space, std::size_t passage) {
  const frys::TensorView row = row_of(space, passage);
  std::vector<float> all;
  all.reserve(static_cast<std::size_t>(space.passages));
  for (const frys::TensorView& vectors : space.vectors) {
    const frys::Tensor part = take(ops::similarity(space.scope, vectors, row, space.executor));
    all.insert(all.end(), part.data<float>(), part.data<float>() + part.elements());
  }
  return all;
}

/// One tensor of ones and zeros a block, [rows, count]: who is in which group.
frys::Tensor membership(const VectorSpace& space, std::size_t block, const Labels& labels,
                        std::int64_t count) {
  const Block& rows = space.blocks[block];
  frys::Tensor members =
      take(frys::Tensor::zeros(space.scope, {rows.rows, count}, frys::DType::f32));
  auto* flags = members.mutable_data<float>();
  for (std::int64_t row = 0; row < rows.rows; ++row) {
    const std::int64_t label = labels[static_cast<std::size_t>(rows.first_passage + row)];
    if (label >= 0) flags[row * count + label] = 1.0F;
  }
  return members;
}

/// Assigns every passage to its nearest centre; returns how many changed their cluster.
std::int64_t assign(const VectorSpace& space, Clustering& clustering, Labels& labels) {
  std::int64_t changed = 0;
  clustering.labels.clear();
  clustering.closeness.clear();
  for (std::size_t b = 0; b < space.blocks.size(); ++b) {
    const frys::Tensor cosines =
        take(ops::similarity(space.scope, space.vectors[b], clustering.centres, space.executor));
    clustering.labels.push_back(take(ops::argmax(space.scope, cosines, 1)).view());
    clustering.closeness.push_back(take(ops::max(space.scope, cosines, 1)).view());
    const auto* chosen = clustering.labels.back().data<std::int64_t>();
    for (std::int64_t row = 0; row < space.blocks[b].rows; ++row) {
      std::int64_t& label = labels[static_cast<std::size_t>(space.blocks[b].first_passage + row)];
      changed += label != chosen[row] ? 1 : 0;
      label = chosen[row];
    }
  }
  return changed;
}

}  // namespace

std::vector<float> density(const std::vector<Block>& blocks,
                           const std::vector<frys::TensorView>& closeness) {
  std::vector<float> crowding;
  for_each_passage(blocks, [&](std::size_t, std::size_t b, std::int64_t row) {
    const std::int64_t count = closeness[b].extent(1);
    const float* values = closeness[b].data<float>() + row * count;
    float sum = 0;
    for (std::int64_t i = 0; i < count; ++i) sum += std::max(values[i], 0.0F);
    crowding.push_back(sum / static_cast<float>(count));
  });
  return crowding;
}

Labels seed_groups(const VectorSpace& space, const std::vector<float>& crowding,
                   const std::vector<frys::TensorView>& neighbours, std::size_t count) {
  Labels labels(crowding.size(), -1);
  std::vector<float> nearest_seed(crowding.size(), 0.0F);
  for (std::size_t seed = 0; seed < count; ++seed) {
    std::size_t best = crowding.size();
    float best_score = 0;
    for (std::size_t p = 0; p < crowding.size(); ++p) {
      const float score = crowding[p] * (1.0F - nearest_seed[p]);
      if (labels[p] < 0 && score > best_score) {
        best = p;
        best_score = score;
      }
    }
    if (best == crowding.size()) break;
    const auto label = static_cast<std::int64_t>(seed);
    labels[best] = label;
    std::size_t block = 0;
    for_each_passage(space.blocks, [&](std::size_t p, std::size_t b, std::int64_t row) {
      if (p != best) return;
      block = b;
      const std::int64_t width = neighbours[b].extent(1);
      const std::int64_t* ids = neighbours[b].data<std::int64_t>() + row * width;
      for (std::int64_t i = 0; i < width; ++i) {
        if (ids[i] >= 0 && labels[static_cast<std::size_t>(ids[i])] < 0) {
          labels[static_cast<std::size_t>(ids[i])] = label;
        }
      }
    });
    const std::vector<float> cosines = closeness_to(space, best);
    for (std::size_t p = 0; p < cosines.size(); ++p) {
      nearest_seed[p] = std::max(nearest_seed[p], cosines[p]);
    }
  }
  return labels;
}

void split_group(const VectorSpace& space, const std::vector<float>& crowding, Labels& labels,
                 std::int64_t cluster, std::int64_t fresh) {
  const auto most_crowded_apart = [&](const std::vector<float>& from) {
    std::size_t best = labels.size();
    float best_score = -1;
    for (std::size_t p = 0; p < labels.size(); ++p) {
      const float apart = from.empty() ? 1.0F : 1.0F - from[p];
      if (labels[p] == cluster && crowding[p] * apart > best_score) {
        best = p;
        best_score = crowding[p] * apart;
      }
    }
    return best;
  };
  const std::size_t first = most_crowded_apart({});
  if (first == labels.size()) return;
  const std::vector<float> to_first = closeness_to(space, first);
  const std::vector<float> to_second = closeness_to(space, most_crowded_apart(to_first));
  for (std::size_t p = 0; p < labels.size(); ++p) {
    if (labels[p] == cluster && to_second[p] > to_first[p]) labels[p] = fresh;
  }
}

frys::Tensor centres_of(const VectorSpace& space, const Labels& labels, std::int64_t count) {
  frys::Tensor sums;
  for (std::size_t b = 0; b < space.blocks.size(); ++b) {
    const frys::Tensor members = membership(space, b, labels, count);
    const frys::TensorView by_group = take(members.view().transpose(0, 1));
    frys::Tensor part = take(ops::matmul(space.scope, by_group, space.vectors[b], space.executor));
    if (b == 0) {
      sums = std::move(part);
    } else {
      check(ops::add(sums, sums, part));
    }
  }
  return take(ops::l2_normalize_rows(space.scope, sums));
}

Clustering divide(const VectorSpace& space, frys::TensorView centres) {
  Clustering clustering;
  clustering.centres = std::move(centres);
  Labels labels(static_cast<std::size_t>(space.passages), -1);
  for (int turn = 0; turn < 10; ++turn) {
    const std::int64_t changed = assign(space, clustering, labels);
    if (changed * 200 <= space.passages || turn == 9) break;
    clustering.centres = centres_of(space, labels, clustering.centres.extent(0)).view();
  }
  return clustering;
}

std::int64_t label_of(const std::vector<Block>& blocks, const std::vector<frys::TensorView>& labels,
                      std::int64_t passage) {
  const auto [block, row] = locate(blocks, passage);
  return labels[block].data<std::int64_t>()[row];
}

Labels copy_labels(const std::vector<Block>& blocks, const std::vector<frys::TensorView>& labels,
                   HostCopies& copies) {
  Labels all;
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    const auto* rows = labels[b].data<std::int64_t>();
    all.insert(all.end(), rows, rows + blocks[b].rows);
  }
  copies.note(all.size() * sizeof(std::int64_t));
  return all;
}

}  // namespace crew
