// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The sections of the report as HTML: a heading, a sentence that says what there is to see, and the
// picture or table.

#pragma once

#include <string>

#include "report/charts.hpp"

namespace crew {

// Over the runs that are shown; the last one is the one just made.
std::string opening_section(const Runs& runs);
std::string figures_section(const Runs& runs);
std::string timeline_section(const Runs& runs);
std::string memory_section(const Runs& runs);
std::string prediction_section(const Runs& runs);
std::string latency_section(const Runs& runs);
std::string collaboration_section(const Runs& runs);

/// The last two runs, which pictures compare; or the only one.
Runs latest_two(const Runs& runs);

// Over the latest run.
std::string sharing_section(const RunSummary& run);
std::string clusters_section(const RunSummary& run);
std::string duplicates_section(const RunSummary& run);
std::string answers_section(const RunSummary& run);
std::string closing_section(const RunSummary& run);

}  // namespace crew
