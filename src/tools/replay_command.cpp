// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <utility>

#include "tools/arguments.hpp"
#include "tools/replay_report.hpp"
#include "tools/replay_run.hpp"
#include "tools/wfformat.hpp"

namespace frys::tools {
namespace {

constexpr std::size_t most_workers = 1 << 20;

struct Request {
  ReplayOptions options;
  std::vector<std::string> files;
  std::string decisions;
  bool json = false;
};

Result<Request> parse(const std::vector<std::string>& words) {
  Result<Arguments> given = parse_arguments(words, {{"--workers", true},
                                                    {"--memory", true},
                                                    {"--request", true},
                                                    {"--policy", true},
                                                    {"--json", false},
                                                    {"--decisions", true}});
  if (!given) return given.error();
  Request request;
  request.files = given->operands;
  request.json = given->has("--json");
  if (request.files.empty()) {
    return Status(ErrorCode::invalid_argument, "replay needs at least one file");
  }
  if (const auto text = given->value("--workers")) {
    const auto workers = parse_count("--workers", *text, 1, most_workers);
    if (!workers) return workers.error();
    request.options.workers = static_cast<std::size_t>(*workers);
  }
  if (const auto text = given->value("--memory")) {
    const auto bytes = parse_bytes("--memory", *text);
    if (!bytes) return bytes.error();
    request.options.memory_bytes = static_cast<std::size_t>(*bytes);
  }
  if (const auto text = given->value("--request")) {
    const auto bytes = parse_bytes("--request", *text);
    if (!bytes) return bytes.error();
    request.options.request_bytes = static_cast<std::size_t>(*bytes);
  }
  if (const auto text = given->value("--policy")) {
    if (*text != "organized" && *text != "fifo") {
      return Status(ErrorCode::invalid_argument,
                    "--policy must be organized or fifo, found \"" + *text + "\"");
    }
    request.options.policy = *text == "fifo" ? AdmissionPolicy::fifo : AdmissionPolicy::organized;
  }
  if (const auto text = given->value("--decisions")) {
    if (text->empty()) {
      return Status(ErrorCode::invalid_argument, "--decisions needs the name of a file");
    }
    request.decisions = *text;
  }
  return request;
}

int failed(const Status& status) {
  std::fprintf(stderr, "frys: %s\n", std::string(status.message()).c_str());
  return exit_failed;
}

// A line that is written over while files are replayed; only for people who watch.
class Progress {
 public:
  explicit Progress(std::size_t files) : files_(files), shown_(isatty(STDERR_FILENO) == 1) {}
  ~Progress() {
    if (shown_) std::fputs("\r\033[K", stderr);
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void show(const std::string& label) {
    ++done_;
    if (shown_) {
      std::fprintf(stderr, "\r\033[Kreplaying %zu/%zu %s", done_, files_, label.c_str());
      std::fflush(stderr);
    }
  }

 private:
  std::size_t files_;
  std::size_t done_ = 0;
  bool shown_;
};

Status replay(const Request& request, const std::vector<RecordedWorkflow>& recorded,
              ReplayFigures& figures, std::vector<ReplayedWorkflow>& replayed) {
  ReplayOptions fifo_options = request.options;
  fifo_options.policy = AdmissionPolicy::fifo;
  auto ours = Replayer::create(request.options);
  if (!ours) return ours.error();
  auto fifo = Replayer::create(fifo_options);
  if (!fifo) return fifo.error();
  figures.options = request.options;
  Progress progress(recorded.size());
  for (std::size_t i = 0; i < recorded.size(); ++i) {
    const std::string label = std::filesystem::path(request.files[i]).stem().string();
    progress.show(label);
    auto run = (*ours)->run(label, recorded[i]);
    if (!run) return run.error().with_context(request.files[i]);
    if (!run->status.ok()) return run->status.with_context(request.files[i]);
    const auto baseline = (*fifo)->run(label, recorded[i]);
    if (!baseline) return baseline.error().with_context(request.files[i]);
    if (!baseline->status.ok()) {
      return baseline->status.with_context(request.files[i] + " in order of arrival");
    }
    figures.add(recorded[i], *run, *baseline);
    replayed.push_back(std::move(*run));
  }
  return {};
}

}  // namespace

int replay_command(const std::vector<std::string>& words) {
  const Result<Request> request = parse(words);
  if (!request) return complain(request.error().message());
  std::vector<RecordedWorkflow> recorded;
  for (const std::string& file : request->files) {
    Result<RecordedWorkflow> workflow = read_wfformat(file);
    if (!workflow) {
      std::fprintf(stderr, "%s\n", std::string(workflow.error().message()).c_str());
      return exit_bad_input;
    }
    recorded.push_back(std::move(*workflow));
  }
  ReplayFigures figures;
  std::vector<ReplayedWorkflow> replayed;
  if (Status status = replay(*request, recorded, figures, replayed); !status.ok()) {
    return failed(status);
  }
  if (!request->decisions.empty()) {
    if (Status status = write_decisions(request->decisions, replayed); !status.ok()) {
      return failed(status);
    }
  }
  std::fputs((request->json ? to_json(figures) : to_text(figures)).c_str(), stdout);
  return exit_ok;
}

}  // namespace frys::tools
