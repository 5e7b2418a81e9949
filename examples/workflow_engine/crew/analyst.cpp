// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// One analyst compares a block of passages with every block: a row of tiles of the similarity
// matrix, of which only the nearest neighbours of each passage are kept.

#include <algorithm>
#include <limits>

#include "crew/agents.hpp"
#include "crew/take.hpp"

namespace crew {
namespace {

namespace ops = frys::ops;

/// The nearest passages of each row so far, best first.
struct Neighbours {
  float* closeness;       // [rows, count]
  std::int64_t* passage;  // [rows, count], −1 where there is none.
  std::int64_t count;

  void offer(std::int64_t row, float value, std::int64_t candidate) const {
    float* values = closeness + row * count;
    std::int64_t* ids = passage + row * count;
    if (value <= values[count - 1]) return;
    std::int64_t place = count - 1;
    for (; place > 0 && values[place - 1] < value; --place) {
      values[place] = values[place - 1];
      ids[place] = ids[place - 1];
    }
    values[place] = value;
    ids[place] = candidate;
  }
};

/// Offers the best of one tile: `own` rows against the rows of `other`.
void merge_tile(frys::StepContext& context, const frys::Tensor& tile, const Block& own,
                const Block& other, const Neighbours& nearest) {
  const std::int64_t wanted = std::min(nearest.count + 1, other.rows);  // One may be itself.
  const ops::TopK best = take(ops::top_k(context.scope(), tile, static_cast<std::size_t>(wanted)));
  const auto* values = best.values.data<float>();
  const auto* columns = best.indices.data<std::int64_t>();
  for (std::int64_t row = 0; row < own.rows; ++row) {
    for (std::int64_t i = row * wanted; i < (row + 1) * wanted; ++i) {
      const std::int64_t candidate = other.first_passage + columns[i];
      if (candidate != own.first_passage + row) nearest.offer(row, values[i], candidate);
    }
  }
}

void compare(const SharedState& state, frys::StepContext& context, std::size_t index) {
  const Block& own = state->blocks[index];
  const auto count = static_cast<std::int64_t>(state->options.neighbours);
  const frys::TensorView rows =
      state->hand_offs.take(context, librarian_name, part_name("vectors", index));
  frys::Tensor closeness = new_tensor(*state, context, {own.rows, count}, frys::DType::f32);
  frys::Tensor passages = new_tensor(*state, context, {own.rows, count}, frys::DType::i64);
  check(ops::fill(closeness, -std::numeric_limits<double>::infinity()));
  check(ops::fill(passages, -1));
  const Neighbours nearest{closeness.mutable_data<float>(), passages.mutable_data<std::int64_t>(),
                           count};
  for (std::size_t other = 0; other < state->blocks.size(); ++other) {
    const Block& block = state->blocks[other];
    const frys::TensorView columns =
        other == index
            ? rows
            : state->hand_offs.take(context, librarian_name, part_name("vectors", other));
    frys::Tensor tile = new_tensor(*state, context, {own.rows, block.rows}, frys::DType::f32);
    check(ops::similarity(tile, rows, columns));
    merge_tile(context, tile, own, block, nearest);
  }
  state->hand_offs.give(context, "neighbours", std::move(passages));
  state->hand_offs.give(context, "closeness", std::move(closeness));
}

}  // namespace

frys::StepSpec analyst_step(const SharedState& state, std::size_t block) {
  const Block& work = state->blocks[block];
  frys::StepSpec spec;
  spec.name = part_name("compare", block);
  spec.type = "compare";
  spec.agent = part_agent(*state, "analyst", block);
  spec.input_size = static_cast<double>(work.rows);
  spec.situation = "compare " + std::to_string(work.rows) + " passages with " +
                   std::to_string(state->passages) + " of " + state->options.folder;
  spec.run = run_step(state, &compare, block);
  return spec;
}

}  // namespace crew
