// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A small workflow engine: one process is one run of a crew of agents over a folder of text, on the
// public interface of frys alone. See `workflow_engine --help`.

#include <cstdio>
#include <filesystem>
#include <system_error>

#include "arguments.hpp"
#include "report/format.hpp"
#include "report/html_report.hpp"
#include "run/run_crew.hpp"
#include "text/utf8.hpp"

namespace {

namespace fs = std::filesystem;

constexpr std::size_t runs_shown = 6;

int fail(int code, const frys::Status& status) {
  const std::string message(status.message());
  std::fprintf(stderr, "workflow_engine: %s\n", message.c_str());
  return code;
}

/// The path as it would be written from the root, without "." and "..".
std::string absolute(const std::string& path) {
  std::error_code error;
  const fs::path full = fs::weakly_canonical(path, error);
  return error ? path : full.string();
}

void print_stage(std::int64_t elapsed_ns, const std::string& stage) {
  std::fprintf(stderr, "after %.1f s: %s\n", static_cast<double>(elapsed_ns) / 1e9, stage.c_str());
}

frys::Result<crew::RunSummary> run(const crew::Arguments& arguments) {
  std::error_code error;
  fs::create_directories(arguments.data, error);
  if (error) {
    return frys::Status(frys::ErrorCode::io_error,
                        "the folder \"" + arguments.data + "\" can't be made: " + error.message());
  }
  crew::CrewOptions options;
  options.folder = absolute(arguments.folder);
  options.excluded = arguments.data;
  options.limit_bytes = arguments.limit_bytes;
  options.questions = arguments.questions;
  options.on_stage = &print_stage;
  options.embedder = std::make_shared<frys::HashingEmbedder>();

  frys::KernelOptions kernel_options;
  kernel_options.data_dir = arguments.data + "/kernel";
  kernel_options.embedder = options.embedder;
  frys::Result<frys::Kernel> kernel = frys::Kernel::open(kernel_options);
  if (!kernel) return kernel.error();
  if (!arguments.memory_trace.empty()) {
    const frys::Status started = kernel->memory().start_trace(arguments.memory_trace);
    if (!started.ok()) return started;
  }
  frys::Result<crew::RunSummary> summary =
      crew::run_crew(std::make_shared<crew::CrewState>(*kernel, std::move(options)));
  frys::Status traced;
  if (!arguments.memory_trace.empty()) traced = kernel->memory().stop_trace();
  const frys::Status closed = kernel->close();
  if (summary && !traced.ok()) return traced;
  if (summary && !closed.ok()) return closed;
  return summary;
}

/// Numbers the run after those before it, keeps it, and writes the report over the last few.
frys::Status report(const crew::Arguments& arguments, crew::RunSummary summary) {
  crew::KeptRuns kept = crew::load_runs(arguments.data, runs_shown);
  for (const std::string& file : kept.unreadable) {
    std::fprintf(stderr, "workflow_engine: %s; the report goes without it, and it can be deleted\n",
                 file.c_str());
  }
  summary.run = kept.next;
  frys::Status saved = crew::save_run(arguments.data, summary);
  if (!saved.ok()) return saved;
  kept.runs.push_back(std::move(summary));
  return crew::write_report(arguments.report, kept.runs);
}

void print(const crew::RunSummary& summary, const std::string& report_path) {
  std::printf("%s, %s, %s in %s, %s\n", crew::counted(summary.files, "file").c_str(),
              crew::counted(summary.passages, "passage").c_str(),
              crew::counted(summary.clusters.size(), "cluster").c_str(),
              crew::counted(summary.rounds, "round").c_str(),
              crew::format_duration(static_cast<double>(summary.wall_ns)).c_str());
  for (const crew::AnswerRow& answer : summary.answers) {
    std::printf("%.2f  %s  %s\n", answer.score, crew::valid_utf8(answer.where).c_str(),
                answer.text.c_str());
  }
  std::printf("report: %s\n", report_path.c_str());
}

/// What was printed may still wait in a buffer, and the disk behind it be full.
int finish_output() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return 0;
  return fail(1,
              frys::Status(frys::ErrorCode::io_error, "the standard output can't be written to"));
}

}  // namespace

int main(int count, char** words) {
  const frys::Result<crew::Arguments> arguments =
      crew::parse_arguments(std::vector<std::string>(words + 1, words + count));
  if (!arguments) {
    const int code = fail(2, arguments.error());
    std::fprintf(stderr, "try: workflow_engine --help\n");
    return code;
  }
  if (arguments->help) {
    std::printf("%s", crew::usage().c_str());
    return finish_output();
  }
  const frys::Result<crew::RunSummary> summary = run(*arguments);
  if (!summary) return fail(summary.error() == frys::ErrorCode::not_found ? 2 : 1, summary.error());
  const frys::Status reported = report(*arguments, *summary);
  if (!reported.ok()) return fail(1, reported);
  print(*summary, arguments->report);
  return finish_output();
}
