// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The pictures of the report; each gives one or more <svg> elements.

#pragma once

#include <string>
#include <vector>

#include "run/run_summary.hpp"

namespace crew {

using Runs = std::vector<RunSummary>;

/// "run-early" or "run-latest": how a run is coloured among those shown.
std::string run_class(const Runs& runs, std::size_t index);

/// Agents as lanes, time to the right. `end_ns` is the end of the axis, so that runs compare.
std::string timeline_chart(const RunSummary& run, std::int64_t end_ns);

/// A pattern's name as words: "review loop".
std::string pattern_words(const std::string& pattern);

/// Who handed how much to whom, from left to right, with the groups that the detector found.
std::string collaboration_chart(const RunSummary& run);

/// Live tensor memory by role, stacked. The ends of both axes are given, so that runs compare.
std::string memory_chart(const RunSummary& run, std::int64_t end_ns, double most_bytes);
/// The most that `memory_chart` has to show of a run.
double most_live_bytes(const RunSummary& run);

/// Where the tensor pool's blocks lay when most were live: each of its segments from end to end,
/// and the blocks of each size, live and free.
std::string arena_chart(const RunSummary& run);

/// For each type of step, predicted ÷ actual of every step, in memory and in time.
std::string prediction_chart(const Runs& runs);

/// How long calls of each kind took, as histograms.
std::string latency_chart(const Runs& runs);

/// What was handed on between roles, against what was copied.
std::string sharing_chart(const RunSummary& run);

/// One figure of each run as bars, labelled.
std::string figure_bars(const Runs& runs, const std::vector<double>& values,
                        const std::vector<std::string>& labels, const std::string& title);

}  // namespace crew
