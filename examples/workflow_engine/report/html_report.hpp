// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The report: one HTML file that needs nothing else.

#pragma once

#include <string>

#include "report/charts.hpp"

namespace crew {

/// The report over `runs`, oldest first, at least one.
std::string html_report(const Runs& runs);

/// Writes it to `path`, replacing what is there. Errors: io_error.
frys::Status write_report(const std::string& path, const Runs& runs);

}  // namespace crew
