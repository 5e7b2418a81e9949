// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "crew/agents.hpp"
#include "crew/take.hpp"

namespace crew {
namespace {

/// Publishes how large each file is, in order of batches: a reader takes its part of it.
void give_sizes(CrewState& state, frys::StepContext& context) {
  std::int64_t files = 0;
  for (const Batch& batch : state.batches) files += static_cast<std::int64_t>(batch.files.size());
  frys::Tensor sizes = new_tensor(state, context, {files}, frys::DType::i64);
  auto* next = sizes.mutable_data<std::int64_t>();
  for (const Batch& batch : state.batches) {
    for (const FileEntry& file : batch.files) {
      *next++ = static_cast<std::int64_t>(file.size_bytes);
    }
  }
  state.hand_offs.give(context, "sizes", std::move(sizes));
}

/// Tells each reader its files by name.
void tell_reader(const CrewState& state, frys::StepContext& context, std::size_t batch) {
  std::size_t bytes = 0;
  for (const FileEntry& file : state.batches[batch].files) bytes += file.path.size();
  context.note_message(part_agent(state, "reader", batch), bytes);
}

void grow(const SharedState& state, frys::StepContext& context, double text_bytes) {
  std::vector<frys::StepId> readers;
  for (std::size_t batch = 0; batch < state->batches.size(); ++batch) {
    frys::StepSpec reader = reader_step(state, batch);
    reader.after = {context.step_id()};
    readers.push_back(take(context.add_step(std::move(reader))));
    tell_reader(*state, context, batch);
  }
  frys::StepSpec librarian = librarian_step(state, text_bytes);
  librarian.after = std::move(readers);
  state->librarian = take(context.add_step(std::move(librarian)));
  check(context.add_dependency(state->librarian, state->clusterer));
}

void scout(const SharedState& state, frys::StepContext& context, std::size_t) {
  const CrewOptions& options = state->options;
  Listing listing = take(list_folder(options.folder, options.excluded, options.limit_bytes));
  state->skipped = std::move(listing.skipped);
  if (listing.files.empty()) {
    throw StepError(frys::Status(frys::ErrorCode::not_found,
                                 "there are no text files in \"" + options.folder + "\""));
  }
  double text_bytes = 0;
  for (const FileEntry& file : listing.files) text_bytes += static_cast<double>(file.size_bytes);
  state->batches = make_batches(std::move(listing.files), options.max_batches);
  give_sizes(*state, context);
  grow(state, context, text_bytes);
  ask_for_plan(state, context.workflow_id(), context.now_ns());
}

}  // namespace

frys::StepSpec scout_step(const SharedState& state) {
  frys::StepSpec spec;
  spec.name = scout_name;
  spec.type = "scout";
  spec.agent = "scout";
  spec.situation = "list the text files of " + state->options.folder;
  spec.run = run_step(state, &scout);
  return spec;
}

}  // namespace crew
