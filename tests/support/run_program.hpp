// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Runs a program as its users do, from a shell, and catches what it prints.

#pragma once

#include <sys/wait.h>

#include <cstdio>
#include <string>
#include <vector>

namespace frys::testing {

struct Ended {
  int code = -1;       ///< −1: ended by a signal, or never begun.
  std::string output;  ///< Both streams.
};

/// Runs `program` with `words`, which hold no single quotes; `redirections` are the shell's.
inline Ended run_program(const std::string& program, const std::vector<std::string>& words = {},
                         const std::string& redirections = "2>&1") {
  std::string command = "'" + program + "'";
  for (const std::string& word : words) command += " '" + word + "'";
  Ended ended;
  std::FILE* pipe = popen((command + " " + redirections).c_str(), "r");
  if (pipe == nullptr) return ended;
  char buffer[4096];
  while (std::fgets(buffer, sizeof(buffer), pipe) != nullptr) ended.output += buffer;
  const int status = pclose(pipe);
  ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ended;
}

}  // namespace frys::testing
