// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Command line arguments of the tool's commands.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frys/core/result.hpp"

namespace frys::tools {

/// Exit codes of the tool.
inline constexpr int exit_ok = 0;
inline constexpr int exit_failed = 1;     ///< The work itself failed.
inline constexpr int exit_bad_input = 2;  ///< A wrong argument or a broken file.

/// What a command accepts.
struct OptionSpec {
  std::string_view name;  ///< With its dashes.
  bool takes_value = false;
  bool repeats = false;  ///< May be given several times.
};

/// What was given: options by name (flags with an empty value), the rest in order.
struct Arguments {
  std::multimap<std::string, std::string, std::less<>> options;
  std::vector<std::string> operands;

  [[nodiscard]] bool has(std::string_view name) const { return options.contains(name); }
  [[nodiscard]] std::optional<std::string> value(std::string_view name) const;
  /// Of one that repeats, in the order in which they were given.
  [[nodiscard]] std::vector<std::string> values(std::string_view name) const;
};

/// Accepts `--name value` and `--name=value`; after `--` everything is an operand.
/// Errors: invalid_argument (an unknown option, a missing or unwanted value, an option twice).
Result<Arguments> parse_arguments(const std::vector<std::string>& words,
                                  const std::vector<OptionSpec>& specs);

/// A whole number from `least` to `most`. Errors: invalid_argument naming the option.
Result<std::uint64_t> parse_count(std::string_view option, const std::string& text,
                                  std::uint64_t least, std::uint64_t most);

/// A number of bytes: digits, then nothing or one of K M G T (powers of 1024; `KiB`, `GB` … too).
/// Errors: invalid_argument naming the option.
Result<std::uint64_t> parse_bytes(std::string_view option, const std::string& text);

/// Commands, by the words after their name. They print and return an exit code.
int replay_command(const std::vector<std::string>& words);
int collaboration_command(const std::vector<std::string>& words);
int memory_command(const std::vector<std::string>& words);
int store_command(const std::vector<std::string>& words);
int lift_command(const std::vector<std::string>& words);

/// Prints `frys: message` and where to find help to stderr. Returns `exit_bad_input`.
int complain(std::string_view message);

}  // namespace frys::tools
