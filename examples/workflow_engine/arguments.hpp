// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The command line of the workflow engine.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "frys/core/result.hpp"
#include "text/corpus.hpp"

namespace crew {

struct Arguments {
  std::string folder = ".";            ///< Whose text files are read.
  std::string data;                    ///< Where the kernel's folder and the runs are kept.
  std::string report;                  ///< The HTML file that is written.
  std::string memory_trace;            ///< Where allocations are recorded; empty: they are not.
  std::vector<std::string> questions;  ///< Searched for in the result.
  std::size_t limit_bytes = default_limit_bytes;  ///< Text read at most.
  bool help = false;
};

/// The arguments after the program's name, checked: the folder exists and can be listed, its parts
/// fit together. Errors: invalid_argument (what was given, and what to give instead).
frys::Result<Arguments> parse_arguments(const std::vector<std::string>& words);

/// What `--help` prints.
std::string usage();

}  // namespace crew
