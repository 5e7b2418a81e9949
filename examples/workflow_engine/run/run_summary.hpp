// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What one run came to, in plain values: written to a file when it ends, read back by every report.

#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "frys/core/result.hpp"

namespace crew {

/// One attempt at one step. Times are nanoseconds since the workflow was submitted.
struct StepRow {
  std::string name;
  std::string type;
  std::string agent;
  std::int64_t iteration = 0;
  std::int64_t attempt = 1;
  std::int64_t queued_ns = 0;
  std::int64_t start_ns = 0;
  std::int64_t end_ns = 0;
  std::int64_t predicted_ns = 0;
  std::uint64_t predicted_bytes = 0;
  std::uint64_t given_bytes = 0;
  std::uint64_t peak_bytes = 0;
  std::uint64_t published_bytes = 0;
  std::uint64_t copied_bytes = 0;
  std::uint64_t first_touch_pages = 0;  ///< Tensor pages that were not made ready.
  std::string outcome;
  std::string reason;
};

struct EdgeRow {
  std::string from;
  std::string to;
  std::uint64_t bytes = 0;
  std::uint64_t messages = 0;
};

struct GroupRow {
  std::string pattern;
  std::string center;
  double confidence = 0;
  std::vector<std::string> agents;
};

/// Live tensor bytes by agent at one moment; as many values as `RunSummary::agents`.
struct MemorySample {
  std::int64_t time_ns = 0;
  std::vector<std::uint64_t> live_bytes;
};

/// One range of addresses that the tensor pool cuts blocks from, when most of it was in use.
struct SegmentRow {
  std::uint64_t extent_bytes = 0;  ///< From its begin to the last byte used or ready.
  std::uint64_t cell_bytes = 0;
  std::vector<std::uint64_t> used_bytes;   ///< By cell: in blocks and what they are cut from.
  std::vector<std::uint64_t> ready_bytes;  ///< By cell: free, and touched before.
};

/// Blocks of one size, at that time.
struct BlocksRow {
  std::uint64_t block_bytes = 0;
  std::uint64_t live_blocks = 0;
  std::uint64_t cached_blocks = 0;
};

struct Latency {
  std::string name;
  std::int64_t p50_ns = 0;
  std::int64_t p99_ns = 0;
  std::vector<std::pair<std::int64_t, std::uint64_t>> buckets;  ///< (upper edge, count).
};

struct ClusterRow {
  std::uint64_t passages = 0;
  double cohesion = 0;   ///< Mean cosine of its passages to its centre.
  double agreement = 0;  ///< Share of its passages' nearest neighbours that are in it.
  std::vector<std::string> terms;
  std::string where;  ///< Path and line of the passage nearest to the centre.
  std::string text;   ///< Its beginning.
};

/// Passages in different places that are nearly the same.
struct DuplicateRow {
  double similarity = 0;  ///< Of the two most alike.
  std::vector<std::string> where;
  std::string text;  ///< Of the first.
};

struct AnswerRow {
  std::string question;
  double score = 0;
  std::int64_t cluster = -1;
  std::string where;
  std::string text;
};

/// What the scheduler meant to do when it was asked in mid-run.
struct PlanRow {
  std::int64_t asked_ns = 0;
  std::uint64_t steps_left = 0;
  std::int64_t critical_path_ns = 0;
  std::int64_t least_makespan_ns = 0;
  std::uint64_t ready_bytes = 0;
  std::vector<std::string> critical_steps;
};

struct RunSummary {
  std::int64_t run = 0;  ///< Counts from 1 in a data folder.
  std::int64_t started_wall_ns = 0;
  std::string folder;
  std::string embedder;
  std::string simd;
  std::uint64_t cores = 0;
  std::uint64_t files = 0;
  std::uint64_t skipped = 0;
  std::vector<std::pair<std::string, std::string>> skipped_files;  ///< The first few: path, reason.
  std::uint64_t text_bytes = 0;
  std::uint64_t passages = 0;
  std::int64_t wall_ns = 0;  ///< From submitting the workflow to its end.

  std::uint64_t rounds = 0;  ///< Of clustering and review.
  bool warm_start = false;   ///< Clustering began from centres an earlier run had settled on.
  std::string verdict;       ///< The critic's last word.
  double agreement = 0;      ///< Over all passages.

  std::uint64_t experiences_before = 0;
  std::uint64_t experiences_after = 0;
  std::vector<std::string> new_types;  ///< Of step; an experienced store knew none of them.
  std::uint64_t hand_offs = 0;         ///< Tensors one agent took from another.
  std::uint64_t same_memory = 0;       ///< Of those, where both hold the same block.
  std::uint64_t shared_bytes = 0;      ///< What copying them would have moved.
  std::uint64_t copies = 0;            ///< Tensor copies made on the way between agents.
  std::uint64_t copied_bytes = 0;
  std::uint64_t host_copies = 0;  ///< Into host memory: labels to revise, centres to keep.
  std::uint64_t host_copied_bytes = 0;

  std::string pattern;  ///< Of the whole workflow, as the detector saw it.
  double pattern_confidence = 0;
  std::vector<PlanRow> plans;
  std::vector<std::string> agents;
  std::vector<StepRow> steps;
  std::vector<EdgeRow> edges;
  std::vector<GroupRow> groups;
  std::vector<MemorySample> memory;
  std::vector<SegmentRow> segments;
  std::vector<BlocksRow> blocks;
  std::uint64_t large_block_bytes = 0;  ///< At that time, in blocks too large to be of a size.
  std::vector<Latency> latencies;
  std::vector<ClusterRow> clusters;
  std::vector<DuplicateRow> duplicates;
  std::vector<AnswerRow> answers;
};

/// A run as text: "workflow_engine run 2", then one record a line, its kind first, fields divided
/// by tabs (tab, newline and backslash in them written \t, \n, \\).
std::string to_text(const RunSummary& run);

/// The inverse. Kinds of a later version that it does not know are passed over.
/// Errors: corruption (the line and what is wrong with it).
frys::Result<RunSummary> from_text(const std::string& text);

/// Writes `run` as DIR/runs/run-0001.txt. Errors: io_error.
frys::Status save_run(const std::string& data_folder, const RunSummary& run);

/// The runs that a data folder keeps.
struct KeptRuns {
  std::vector<RunSummary> runs;         ///< The last few, oldest first.
  std::vector<std::string> unreadable;  ///< Of those, files that hold no run, each with the reason.
  std::int64_t next = 1;                ///< Above every number in use, of unreadable files too.
};

/// The last `count` runs of a data folder; a folder without runs gives none.
KeptRuns load_runs(const std::string& data_folder, std::size_t count);

}  // namespace crew
