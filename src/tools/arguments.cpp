// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tools/arguments.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace frys::tools {
namespace {

Status wrong(const std::string& message) { return Status(ErrorCode::invalid_argument, message); }

}  // namespace

std::optional<std::string> Arguments::value(std::string_view name) const {
  const auto at = options.find(name);
  if (at == options.end()) return std::nullopt;
  return at->second;
}

std::vector<std::string> Arguments::values(std::string_view name) const {
  std::vector<std::string> all;
  const auto [begin, end] = options.equal_range(name);
  for (auto at = begin; at != end; ++at) all.push_back(at->second);
  return all;
}

Result<Arguments> parse_arguments(const std::vector<std::string>& words,
                                  const std::vector<OptionSpec>& specs) {
  Arguments out;
  bool only_operands = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (only_operands || word.size() < 2 || word[0] != '-') {
      out.operands.push_back(word);
      continue;
    }
    if (word == "--") {
      only_operands = true;
      continue;
    }
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const auto spec = std::find_if(specs.begin(), specs.end(),
                                   [&](const OptionSpec& s) { return s.name == name; });
    if (spec == specs.end()) return wrong("unknown option " + name);
    std::string value;
    if (spec->takes_value && equals != std::string::npos) {
      value = word.substr(equals + 1);
    } else if (spec->takes_value) {
      if (i + 1 == words.size()) return wrong(name + " needs a value");
      value = words[++i];
    } else if (equals != std::string::npos) {
      return wrong(name + " takes no value");
    }
    if (!spec->repeats && out.has(name)) return wrong(name + " was given twice");
    out.options.emplace(name, value);
  }
  return out;
}

Result<std::uint64_t> parse_count(std::string_view option, const std::string& text,
                                  std::uint64_t least, std::uint64_t most) {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count < least || count > most) {
    return wrong(std::string(option) + " must be a whole number from " + std::to_string(least) +
                 " to " + std::to_string(most) + ", found \"" + text + "\"");
  }
  return count;
}

Result<std::uint64_t> parse_bytes(std::string_view option, const std::string& text) {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const std::size_t power = unit.empty() ? 0 : std::string_view("KMGT").find(unit[0]) + 1;
  const bool known =
      unit.empty() ||
      (power != 0 && (unit.size() == 1 || unit.substr(1) == "B" || unit.substr(1) == "iB"));
  const std::uint64_t most = std::uint64_t{1} << 60;
  if (error != std::errc() || !known || count == 0 || count > (most >> (10 * power))) {
    return wrong(std::string(option) +
                 " must be a number of bytes above 0, as 8000000000 or 8G, found \"" + text + "\"");
  }
  return count << (10 * power);
}

int complain(std::string_view message) {
  std::fprintf(stderr, "frys: %.*s\nTry 'frys --help'.\n", static_cast<int>(message.size()),
               message.data());
  return exit_bad_input;
}

}  // namespace frys::tools
