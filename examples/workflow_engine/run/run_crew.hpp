// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Runs the crew once, on an open kernel, and tells what it came to.

#pragma once

#include <memory>

#include "crew/state.hpp"
#include "run/run_summary.hpp"

namespace crew {

/// Submits the crew's workflow, watches the memory until it ends, and sums the run up.
/// Errors: not_found (the folder holds no text), and whatever made a step fail.
frys::Result<RunSummary> run_crew(const std::shared_ptr<CrewState>& state);

}  // namespace crew
