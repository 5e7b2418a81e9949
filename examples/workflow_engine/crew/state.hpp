// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What the agents of one run share in host memory: the text, the account of hand-offs, and what
// was found. Tensors are not here, but for the views that the review loop keeps between rounds.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "crew/hand_offs.hpp"
#include "frys/frys.hpp"
#include "frys/memory/copies.hpp"
#include "run/run_summary.hpp"
#include "text/corpus.hpp"

namespace crew {

inline constexpr std::string_view workflow_name = "document-crew";

struct CrewOptions {
  std::string folder;
  std::string excluded;  ///< A folder below it that is not entered; may be empty.
  std::size_t limit_bytes = default_limit_bytes;
  std::vector<std::string> questions;
  std::shared_ptr<const frys::Embedder> embedder;  ///< Never null.
  std::size_t agents_per_role = 4;                 ///< Readers, embedders and analysts.
  std::size_t max_batches = 16;
  std::size_t neighbours = 8;  ///< Nearest passages kept for each.
  int max_rounds = 6;          ///< Of clustering and review.
  /// Told each stage of a run that has lasted `quiet_ns`, once; on the thread that runs the crew.
  std::function<void(std::int64_t elapsed_ns, const std::string& stage)> on_stage;
  std::int64_t quiet_ns = 2'000'000'000;
};

/// The passages of one batch as a block of rows: block i is batch i; row r of it is passage
/// `first_passage` + r of all.
struct Block {
  std::size_t batch = 0;
  std::int64_t first_passage = 0;
  std::int64_t rows = 0;
};

/// One way to divide the passages, as tensors: a unit vector a cluster, and for each block its
/// rows' clusters and cosines to them.
struct Clustering {
  frys::TensorView centres;                 ///< f32 [clusters, dimension].
  std::vector<frys::TensorView> labels;     ///< i64 [rows] a block.
  std::vector<frys::TensorView> closeness;  ///< f32 [rows] a block.
  frys::TensorView table;                   ///< The critic's judgements, f32 [clusters, 5].
  double agreement = 0;                     ///< The critic's figures, see critique.hpp.
  double modularity = 0;
};

/// Tensor elements that were copied into memory of the host's own.
struct HostCopies {
  std::uint64_t copies = 0;
  std::uint64_t bytes = 0;

  void note(std::size_t more_bytes) {
    frys::note_copy(nullptr, more_bytes);
    ++copies;
    bytes += more_bytes;
  }
};

/// What the clusterer and the critic hand back and forth; they never run at the same time.
struct Review {
  int rounds = 0;
  Clustering current;
  Clustering best;
  bool warm_start = false;
  double remembered_agreement = 0;  ///< Of the earlier run that it started from.
  std::string verdict;
  HostCopies host_copies;  ///< Labels to revise, and centres to remember.
};

struct Measures {
  frys::LatencyHistogram allocation;
  frys::LatencyHistogram retrieval;
};

struct CrewState {
  CrewState(frys::Kernel& kernel_in, CrewOptions options_in)
      : kernel(kernel_in), options(std::move(options_in)), answers(options.questions.size()) {}

  frys::Kernel& kernel;
  const CrewOptions options;
  HandOffs hand_offs;
  Measures measures;

  frys::StepId clusterer;            ///< Known from the start.
  frys::StepId librarian;            ///< Added by the scout.
  std::vector<SkippedFile> skipped;  ///< By the scout.
  std::vector<Batch> batches;        ///< Made by the scout, each filled by its reader.
  std::vector<Block> blocks;         ///< Made by the librarian.
  std::int64_t passages = 0;
  Review review;
  std::vector<ClusterRow> clusters;
  std::vector<DuplicateRow> duplicates;
  std::vector<std::vector<AnswerRow>> answers;  ///< By question.

  std::mutex mutex;   ///< Guards what follows.
  std::string stage;  ///< What kind of step began last.
  std::vector<PlanRow> plans;
};

/// "read-3": the name of a step that works on one part.
inline std::string part_name(std::string_view what, std::size_t part) {
  return std::string(what) + "-" + std::to_string(part + 1);
}

/// The agent of a role that a part goes to, dealt out in turns: "reader-2".
inline std::string part_agent(const CrewState& state, std::string_view role, std::size_t part) {
  return part_name(role, part % state.options.agents_per_role);
}

/// An uninitialised tensor of the step's scope, its allocation timed. Throws StepError.
frys::Tensor new_tensor(CrewState& state, frys::StepContext& context, const frys::Shape& shape,
                        frys::DType dtype);

/// The readers' tables of passages, by block. Throws StepError.
std::vector<frys::TensorView> take_spans(CrewState& state, frys::StepContext& context);

/// "src/core/clock.cpp:12" for the passage, and its text. `spans` is its block's table.
std::string passage_where(const CrewState& state, const Block& block, const frys::TensorView& spans,
                          std::int64_t row);
std::string_view passage_text(const CrewState& state, const Block& block,
                              const frys::TensorView& spans, std::int64_t row);

/// The first `most_bytes` of a text on one line, cut at a character's end.
std::string excerpt(std::string_view text, std::size_t most_bytes);

/// Where passage `passage` of all stands: (block, row). Precondition: it exists.
std::pair<std::size_t, std::int64_t> locate(const std::vector<Block>& blocks, std::int64_t passage);

/// Asks the scheduler to organise itself around what it has seen, and notes what it then means to
/// do. Returns at once; the answer comes as background work.
void ask_for_plan(const std::shared_ptr<CrewState>& state, frys::WorkflowId workflow,
                  std::int64_t asked_ns);

}  // namespace crew
