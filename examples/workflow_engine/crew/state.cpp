// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "crew/state.hpp"

#include <algorithm>

#include "crew/take.hpp"

namespace crew {
namespace {

Passage passage_at(const frys::TensorView& spans, std::int64_t row) {
  const std::int64_t* fields = spans.data<std::int64_t>() + 4 * row;
  return {fields[0], fields[1], fields[2], fields[3]};
}

const Document& document_of(const CrewState& state, const Block& block, const Passage& passage) {
  return state.batches[block.batch].documents[static_cast<std::size_t>(passage.document)];
}

}  // namespace

frys::Tensor new_tensor(CrewState& state, frys::StepContext& context, const frys::Shape& shape,
                        frys::DType dtype) {
  const frys::Clock& clock = frys::system_clock();
  const std::int64_t start_ns = clock.now_ns();
  frys::Result<frys::Tensor> tensor = frys::Tensor::empty(context.scope(), shape, dtype);
  state.measures.allocation.record(clock.now_ns() - start_ns);
  return take(std::move(tensor));
}

std::vector<frys::TensorView> take_spans(CrewState& state, frys::StepContext& context) {
  std::vector<frys::TensorView> spans;
  for (const Block& block : state.blocks) {
    spans.push_back(state.hand_offs.take(context, part_name("read", block.batch), "passages"));
  }
  return spans;
}

std::string passage_where(const CrewState& state, const Block& block, const frys::TensorView& spans,
                          std::int64_t row) {
  const Passage passage = passage_at(spans, row);
  return document_of(state, block, passage).path + ":" + std::to_string(passage.first_line);
}

std::string_view passage_text(const CrewState& state, const Block& block,
                              const frys::TensorView& spans, std::int64_t row) {
  const Passage passage = passage_at(spans, row);
  return std::string_view(document_of(state, block, passage).text)
      .substr(static_cast<std::size_t>(passage.offset_bytes),
              static_cast<std::size_t>(passage.length_bytes));
}

std::string excerpt(std::string_view text, std::size_t most_bytes) {
  std::string line;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!blank) line += c;
    if (blank && !line.empty() && line.back() != ' ') line += ' ';
    if (line.size() > most_bytes) break;
  }
  if (line.size() <= most_bytes) return line;
  while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xC0U) == 0x80) {
    line.pop_back();
  }
  if (!line.empty()) line.pop_back();
  return line + "…";
}

std::pair<std::size_t, std::int64_t> locate(const std::vector<Block>& blocks,
                                            std::int64_t passage) {
  const auto after =
      std::upper_bound(blocks.begin(), blocks.end(), passage,
                       [](std::int64_t p, const Block& block) { return p < block.first_passage; });
  const auto block = static_cast<std::size_t>(after - blocks.begin()) - 1;
  return {block, passage - blocks[block].first_passage};
}

void ask_for_plan(const std::shared_ptr<CrewState>& state, frys::WorkflowId workflow,
                  std::int64_t asked_ns) {
  const auto note = [state, asked_ns](const frys::Result<frys::CollaborationPlan>& plan) {
    if (!plan) return;  // The workflow goes on without it.
    PlanRow row;
    row.asked_ns = asked_ns;
    row.steps_left = plan->steps.size();
    row.critical_path_ns = plan->critical_path_ns;
    row.least_makespan_ns = plan->least_makespan_ns;
    row.ready_bytes = plan->ready_bytes;
    for (const frys::StepPlan& step : plan->steps) {
      if (step.critical) row.critical_steps.push_back(step.step);
    }
    const std::lock_guard lock(state->mutex);
    state->plans.push_back(std::move(row));
  };
  state->kernel.scheduler().optimize_for_collaboration(
      workflow, [note](frys::Result<frys::CollaborationPlan> plan) { note(plan); });
}

}  // namespace crew
