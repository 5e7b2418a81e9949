// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "run/run_summary.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <sstream>
#include <string_view>

#include "run/fields.hpp"

namespace crew {
namespace {

constexpr std::string_view title = "workflow_engine run 2";

// One function a record lists its fields once, for reading and writing: `Io` is FieldWriter or
// FieldReader, and T is const when it writes.

template <typename Io, typename T>
void head_fields(Io& io, T& run) {
  io(run.run, run.started_wall_ns, run.folder, run.embedder, run.simd, run.cores, run.files,
     run.skipped, run.text_bytes, run.passages, run.wall_ns);
}

template <typename Io, typename T>
void review_fields(Io& io, T& run) {
  io(run.rounds, run.warm_start, run.verdict, run.agreement);
}

template <typename Io, typename T>
void sharing_fields(Io& io, T& run) {
  io(run.experiences_before, run.experiences_after, run.hand_offs, run.same_memory,
     run.shared_bytes, run.copies, run.copied_bytes, run.host_copies, run.host_copied_bytes);
}

template <typename Io, typename T>
void new_type_fields(Io& io, T& run) {
  io(run.new_types);
}

template <typename Io, typename T>
void pattern_fields(Io& io, T& run) {
  io(run.pattern, run.pattern_confidence);
}

template <typename Io, typename T>
void step_fields(Io& io, T& row) {
  io(row.name, row.type, row.agent, row.iteration, row.attempt, row.queued_ns, row.start_ns,
     row.end_ns, row.predicted_ns, row.predicted_bytes, row.given_bytes, row.peak_bytes,
     row.published_bytes, row.copied_bytes, row.first_touch_pages, row.outcome, row.reason);
}

template <typename Io, typename T>
void plan_fields(Io& io, T& row) {
  io(row.asked_ns, row.steps_left, row.critical_path_ns, row.least_makespan_ns, row.ready_bytes,
     row.critical_steps);
}

template <typename Io, typename T>
void edge_fields(Io& io, T& row) {
  io(row.from, row.to, row.bytes, row.messages);
}

template <typename Io, typename T>
void group_fields(Io& io, T& row) {
  io(row.pattern, row.center, row.confidence, row.agents);
}

template <typename Io, typename T>
void memory_fields(Io& io, T& row) {
  io(row.time_ns, row.live_bytes);
}

template <typename Io, typename T>
void segment_fields(Io& io, T& row) {
  io(row.extent_bytes, row.cell_bytes, row.used_bytes, row.ready_bytes);
}

template <typename Io, typename T>
void large_block_fields(Io& io, T& run) {
  io(run.large_block_bytes);
}

template <typename Io, typename T>
void blocks_fields(Io& io, T& row) {
  io(row.block_bytes, row.live_blocks, row.cached_blocks);
}

template <typename Io, typename T>
void latency_fields(Io& io, T& row) {
  io(row.name, row.p50_ns, row.p99_ns, row.buckets);
}

template <typename Io, typename T>
void cluster_fields(Io& io, T& row) {
  io(row.passages, row.cohesion, row.agreement, row.terms, row.where, row.text);
}

template <typename Io, typename T>
void duplicate_fields(Io& io, T& row) {
  io(row.similarity, row.where, row.text);
}

template <typename Io, typename T>
void answer_fields(Io& io, T& row) {
  io(row.question, row.score, row.cluster, row.where, row.text);
}

template <typename Io, typename T>
void skipped_fields(Io& io, T& row) {
  io(row.first, row.second);
}

template <typename Rows, typename Fields>
void write_rows(std::string_view kind, const Rows& rows, std::string& out, Fields fields) {
  for (const auto& row : rows) {
    FieldWriter writer(kind, out);
    fields(writer, row);
  }
}

void write_head(const RunSummary& run, std::string& out) {
  const auto write = [&](std::string_view kind, auto fields) {
    FieldWriter writer(kind, out);
    fields(writer);
  };
  write("run", [&](FieldWriter& io) { head_fields(io, run); });
  write("review", [&](FieldWriter& io) { review_fields(io, run); });
  write("sharing", [&](FieldWriter& io) { sharing_fields(io, run); });
  write("new types", [&](FieldWriter& io) { new_type_fields(io, run); });
  write("pattern", [&](FieldWriter& io) { pattern_fields(io, run); });
  write("agents", [&](FieldWriter& io) { io(run.agents); });
  write("large blocks", [&](FieldWriter& io) { large_block_fields(io, run); });
}

using LineReader = std::function<void(FieldReader&)>;

/// What to do with a line, by its kind.
std::map<std::string, LineReader, std::less<>> line_readers(RunSummary& run) {
  return {
      {"run", [&](FieldReader& io) { head_fields(io, run); }},
      {"review", [&](FieldReader& io) { review_fields(io, run); }},
      {"sharing", [&](FieldReader& io) { sharing_fields(io, run); }},
      {"new types", [&](FieldReader& io) { new_type_fields(io, run); }},
      {"pattern", [&](FieldReader& io) { pattern_fields(io, run); }},
      {"agents", [&](FieldReader& io) { io(run.agents); }},
      {"skipped", [&](FieldReader& io) { skipped_fields(io, run.skipped_files.emplace_back()); }},
      {"plan", [&](FieldReader& io) { plan_fields(io, run.plans.emplace_back()); }},
      {"step", [&](FieldReader& io) { step_fields(io, run.steps.emplace_back()); }},
      {"edge", [&](FieldReader& io) { edge_fields(io, run.edges.emplace_back()); }},
      {"group", [&](FieldReader& io) { group_fields(io, run.groups.emplace_back()); }},
      {"memory", [&](FieldReader& io) { memory_fields(io, run.memory.emplace_back()); }},
      {"segment", [&](FieldReader& io) { segment_fields(io, run.segments.emplace_back()); }},
      {"blocks", [&](FieldReader& io) { blocks_fields(io, run.blocks.emplace_back()); }},
      {"large blocks", [&](FieldReader& io) { large_block_fields(io, run); }},
      {"latency", [&](FieldReader& io) { latency_fields(io, run.latencies.emplace_back()); }},
      {"cluster", [&](FieldReader& io) { cluster_fields(io, run.clusters.emplace_back()); }},
      {"duplicate", [&](FieldReader& io) { duplicate_fields(io, run.duplicates.emplace_back()); }},
      {"answer", [&](FieldReader& io) { answer_fields(io, run.answers.emplace_back()); }},
  };
}

}  // namespace

std::string to_text(const RunSummary& run) {
  std::string out(title);
  out += '\n';
  write_head(run, out);
  write_rows("skipped", run.skipped_files, out,
             [](auto& io, auto& row) { skipped_fields(io, row); });
  write_rows("plan", run.plans, out, [](auto& io, auto& row) { plan_fields(io, row); });
  write_rows("step", run.steps, out, [](auto& io, auto& row) { step_fields(io, row); });
  write_rows("edge", run.edges, out, [](auto& io, auto& row) { edge_fields(io, row); });
  write_rows("group", run.groups, out, [](auto& io, auto& row) { group_fields(io, row); });
  write_rows("memory", run.memory, out, [](auto& io, auto& row) { memory_fields(io, row); });
  write_rows("segment", run.segments, out, [](auto& io, auto& row) { segment_fields(io, row); });
  write_rows("blocks", run.blocks, out, [](auto& io, auto& row) { blocks_fields(io, row); });
  write_rows("latency", run.latencies, out, [](auto& io, auto& row) { latency_fields(io, row); });
  write_rows("cluster", run.clusters, out, [](auto& io, auto& row) { cluster_fields(io, row); });
  write_rows("duplicate", run.duplicates, out,
             [](auto& io, auto& row) { duplicate_fields(io, row); });
  write_rows("answer", run.answers, out, [](auto& io, auto& row) { answer_fields(io, row); });
  return out;
}

frys::Result<RunSummary> from_text(const std::string& text) {
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, line);
  if (line != title) {
    return frys::Status(frys::ErrorCode::corruption,
                        "line 1 is not \"" + std::string(title) + "\"");
  }
  RunSummary run;
  const auto readers = line_readers(run);
  for (std::size_t number = 2; std::getline(lines, line); ++number) {
    const std::string_view kind = std::string_view(line).substr(0, line.find('\t'));
    const auto reader = readers.find(kind);
    if (reader == readers.end()) continue;
    FieldReader fields(std::string_view(line).substr(std::min(kind.size() + 1, line.size())));
    reader->second(fields);
    if (!fields.ok()) {
      return frys::Status(frys::ErrorCode::corruption,
                          "line " + std::to_string(number) + ", " + std::string(kind) + ": field " +
                              std::to_string(fields.position()) + " is missing or not a number");
    }
  }
  return run;
}

}  // namespace crew
