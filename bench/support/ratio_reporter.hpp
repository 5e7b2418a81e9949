// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The body of every benchmark's main(): runs Google Benchmark's rows, then closes with the ratios
// of the rows named `<workload>/<parameter>/frys` to those named `<workload>/<parameter>/<peer>`.
//
//   int main(int argc, char** argv) {
//     frys::bench::init(argc, argv);                       // from here on full() is known
//     benchmark::RegisterBenchmark("alloc_free/64/frys", ours);
//     benchmark::RegisterBenchmark("alloc_free/64/peer", theirs);
//     return frys::bench::run(argc, argv);
//   }

#pragma once

#include <string>
#include <vector>

namespace frys::bench {

/// `--name VALUE`, of one benchmark's own.
struct Flag {
  const char* name;
  const char* value_name;
  const char* help;
  std::string* value;
};

/// Takes our own flags (--json FILE, --full, --repetitions N) and `more` out of `argv`, so that
/// rows can be registered by what they say. Ends the program with code 2 on an argument nobody
/// knows.
void init(int& argc, char** argv, const std::vector<Flag>& more = {});

/// Says what is wrong with the arguments, and how to give them; ends the program with code 2.
[[noreturn]] void refuse(const std::string& what);

/// Whether --full was given: also register the rows that take long. Valid after init().
bool full();

/// Runs the registered rows and prints the table of ratios (peer's real time / frys's real time, or
/// peer's bytes / frys's bytes where rows have the counter bytes_per_vector; medians over the
/// repetitions, geometric mean a workload). Calls init() if nobody did.
/// Returns main's exit code: 0; 1 when a row of frys could not run; 2 on a bad argument.
int run(int argc, char** argv);

}  // namespace frys::bench
