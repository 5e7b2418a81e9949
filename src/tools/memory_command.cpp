// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <cstdio>

#include "tools/arguments.hpp"
#include "tools/memory_replay.hpp"

namespace frys::tools {
namespace {

struct Request {
  MemoryReplayOptions options;
  std::vector<std::string> files;
  bool json = false;
};

Status wrong(const char* message) { return {ErrorCode::invalid_argument, message}; }

Result<Request> parse(const std::vector<std::string>& words) {
  Result<Arguments> given =
      parse_arguments(words, {{"--rounds", true}, {"--threads", true}, {"--json", false}});
  if (!given) return given.error();
  Request request;
  request.json = given->has("--json");
  if (given->operands.empty() || given->operands[0] != "replay") {
    return wrong("memory needs to be told what to do; replay exists");
  }
  request.files.assign(given->operands.begin() + 1, given->operands.end());
  if (request.files.empty()) return wrong("memory replay needs at least one trace");
  if (const auto text = given->value("--rounds")) {
    const auto rounds = parse_count("--rounds", *text, 1, 1'000'000);
    if (!rounds) return rounds.error();
    request.options.rounds = *rounds;
  }
  if (const auto text = given->value("--threads")) {
    const auto threads = parse_count("--threads", *text, 1, 1024);
    if (!threads) return threads.error();
    request.options.threads = *threads;
  }
  return request;
}

int failed(const Status& status, int code) {
  std::fprintf(stderr, "frys: %s\n", std::string(status.message()).c_str());
  return code;
}

}  // namespace

int memory_command(const std::vector<std::string>& words) {
  const Result<Request> request = parse(words);
  if (!request) return complain(request.error().message());
  std::vector<MemoryReplayFigures> all;
  for (const std::string& file : request->files) {
    const Result<MemoryTrace> trace = MemoryTrace::read(file);
    if (!trace) return failed(trace.error(), exit_bad_input);
    Result<MemoryReplayFigures> figures = replay_memory(file, *trace, request->options);
    if (!figures) return failed(figures.error(), exit_failed);
    all.push_back(*std::move(figures));
  }
  std::string out;
  if (request->json) {
    out = to_json(all);
  } else {
    for (const MemoryReplayFigures& figures : all) out += to_text(figures);
  }
  std::fwrite(out.data(), 1, out.size(), stdout);
  return exit_ok;
}

}  // namespace frys::tools
