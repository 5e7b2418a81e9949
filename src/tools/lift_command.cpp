// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <charconv>
#include <cstdio>

#include "tools/arguments.hpp"
#include "tools/lift_score.hpp"

namespace frys::tools {
namespace {

Status read_count(const Arguments& given, std::string_view name, std::uint64_t least,
                  std::uint64_t most, std::uint64_t& count) {
  const auto text = given.value(name);
  if (!text) return {};
  const auto read = parse_count(name, *text, least, most);
  if (!read) return read.error();
  count = *read;
  return {};
}

/// A number above `above` (at it, where it is not above 0) and at most 1.
Status read_share(const Arguments& given, std::string_view name, bool zero_too, double& share) {
  const auto text = given.value(name);
  if (!text) return {};
  double read = 0;
  const char* end = text->data() + text->size();
  const auto [stopped, error] = std::from_chars(text->data(), end, read);
  const bool whole = error == std::errc() && stopped == end;
  if (whole && read <= 1 && (read > 0 || (zero_too && read == 0))) {
    share = read;
    return {};
  }
  return {ErrorCode::invalid_argument, std::string(name) + " must be a number " +
                                           (zero_too ? "from 0" : "above 0") + " to 1, found \"" +
                                           *text + "\""};
}

Result<LiftOptions> read_options(const Arguments& given) {
  LiftOptions options;
  for (Status& status :
       std::vector<Status>{read_count(given, "--seed", 0, UINT64_MAX, options.seed),
                           read_count(given, "--folds", 2, 100, options.folds),
                           read_count(given, "--resamples", 100, 1'000'000, options.resamples),
                           read_count(given, "--neighbours", 1, 1000, options.neighbours),
                           read_count(given, "--limit", 1, UINT64_MAX, options.limit),
                           read_count(given, "--dimension", 16, 4096, options.dimension),
                           read_share(given, "--success", false, options.success),
                           read_share(given, "--outcome-weight", true, options.outcome_weight)}) {
    if (!status.ok()) return std::move(status);
  }
  return options;
}

int failed(const Status& status) {
  std::fprintf(stderr, "frys: %s\n", std::string(status.message()).c_str());
  return status == ErrorCode::invalid_argument ? exit_bad_input : exit_failed;
}

}  // namespace

int lift_command(const std::vector<std::string>& words) {
  const Result<Arguments> given = parse_arguments(words, {{"--json", false},
                                                          {"--seed", true},
                                                          {"--folds", true},
                                                          {"--resamples", true},
                                                          {"--neighbours", true},
                                                          {"--limit", true},
                                                          {"--dimension", true},
                                                          {"--success", true},
                                                          {"--outcome-weight", true}});
  if (!given) return complain(given.error().message());
  if (given->operands.empty()) return complain("store lift needs at least one file of JSON lines");
  const Result<LiftOptions> options = read_options(*given);
  if (!options) return complain(options.error().message());
  auto steps = read_recorded_steps(given->operands);
  if (!steps) return failed(steps.error());
  const LiftPlan plan = plan_lift(*std::move(steps), *options);
  const auto answers = ask_predictors(plan, *options);
  if (!answers) return failed(answers.error());
  const std::vector<WorkflowScore> scores = score_lift(plan, *answers, *options);
  const std::string report =
      given->has("--json") ? to_json(scores, *options) : to_text(scores, *options);
  std::fputs(report.c_str(), stdout);
  return exit_ok;
}

}  // namespace frys::tools
