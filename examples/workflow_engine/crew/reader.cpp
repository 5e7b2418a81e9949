// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>

#include "crew/agents.hpp"
#include "crew/take.hpp"
#include "text/passages.hpp"

namespace crew {
namespace {

/// The scout's sizes of this batch's files: a slice of its tensor.
frys::TensorView take_sizes(CrewState& state, frys::StepContext& context, std::size_t batch) {
  const frys::TensorView all = state.hand_offs.take(context, scout_name, "sizes");
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < batch; ++i) {
    begin += static_cast<std::int64_t>(state.batches[i].files.size());
  }
  const auto count = static_cast<std::int64_t>(state.batches[batch].files.size());
  return take(all.slice(0, begin, begin + count));
}

/// Reads the files that hold text; the others are noted as skipped.
void read_files(const CrewState& state, Batch& batch) {
  for (const FileEntry& file : batch.files) {
    frys::Result<std::string> text = read_file(state.options.folder + "/" + file.path);
    if (!text) {
      batch.skipped.push_back({file.path, std::string(text.error().message())});
    } else if (!is_text(*text)) {
      batch.skipped.push_back({file.path, "not text"});
    } else {
      batch.documents.push_back({file.path, *std::move(text)});
    }
  }
}

std::vector<Passage> cut(const Batch& batch) {
  std::vector<Passage> passages;
  for (std::size_t i = 0; i < batch.documents.size(); ++i) {
    const std::vector<Passage> more =
        cut_passages(batch.documents[i].text, static_cast<std::int64_t>(i));
    passages.insert(passages.end(), more.begin(), more.end());
  }
  return passages;
}

/// The passages as a table [passages, 4]: document, offset, length, first line.
frys::Tensor to_table(CrewState& state, frys::StepContext& context,
                      const std::vector<Passage>& passages) {
  const auto rows = static_cast<std::int64_t>(passages.size());
  frys::Tensor table = new_tensor(state, context, {rows, 4}, frys::DType::i64);
  auto* field = table.mutable_data<std::int64_t>();
  for (const Passage& passage : passages) {
    *field++ = passage.document;
    *field++ = passage.offset_bytes;
    *field++ = passage.length_bytes;
    *field++ = passage.first_line;
  }
  return table;
}

void read(const SharedState& state, frys::StepContext& context, std::size_t index) {
  Batch& batch = state->batches[index];
  const frys::TensorView sizes = take_sizes(*state, context, index);
  batch.documents.reserve(static_cast<std::size_t>(sizes.extent(0)));
  read_files(*state, batch);
  const std::vector<Passage> passages = cut(batch);
  batch.passages = passages.size();
  for (const Passage& passage : passages) {
    batch.text_bytes += static_cast<std::uint64_t>(passage.length_bytes);
  }
  if (passages.empty()) return;
  frys::Tensor table = to_table(*state, context, passages);
  state->hand_offs.give(context, "passages", std::move(table));

  frys::StepSpec embedder = embedder_step(state, index);
  embedder.after = {context.step_id()};
  context.note_message(embedder.agent, batch.text_bytes);  // The text itself, in host memory.
  const frys::StepId embed = take(context.add_step(std::move(embedder)));
  check(context.add_dependency(embed, state->librarian));
}

}  // namespace

frys::StepSpec reader_step(const SharedState& state, std::size_t batch) {
  const Batch& work = state->batches[batch];
  std::uint64_t bytes = 0;
  for (const FileEntry& file : work.files) bytes += file.size_bytes;
  frys::StepSpec spec;
  spec.name = part_name("read", batch);
  spec.type = "read";
  spec.agent = part_agent(*state, "reader", batch);
  spec.input_size = static_cast<double>(bytes);
  spec.situation = "read " + std::to_string(work.files.size()) + " files from " +
                   work.files.front().path + " to " + work.files.back().path;
  spec.run = run_step(state, &read, batch);
  return spec;
}

}  // namespace crew
