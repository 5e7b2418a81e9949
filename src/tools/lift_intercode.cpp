// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>

#include "tools/lift_formats.hpp"

namespace frys::tools {
namespace {

constexpr std::string_view blanks = " \t\r\n";

std::string_view without_leading(std::string_view text, std::string_view characters) {
  const std::size_t begin = text.find_first_not_of(characters);
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin);
}

/// What follows the line that `text` begins with.
std::string_view after_line(std::string_view text) {
  const std::size_t end = text.find('\n');
  return end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
}

/// Shorter actions, as "submit", say too little to tell that two tasks are the same.
constexpr std::size_t least_solution_words = 3;

char lowered(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// In lower case, with one blank between words; empty when there are few.
std::string plain_words(std::string_view text) {
  std::string out;
  std::size_t words = 0;
  for (std::size_t at = text.find_first_not_of(blanks); at != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(blanks, at), text.size());
    if (words++ > 0) out += ' ';
    for (; at < end; ++at) out += lowered(text[at]);
    at = text.find_first_not_of(blanks, end);
  }
  return words < least_solution_words ? std::string() : out;
}

}  // namespace

std::string first_word_of(std::string_view action) {
  constexpr std::string_view wrapper = "execute[";
  std::string_view rest = without_leading(action, blanks);
  while (rest.starts_with("```") || rest.starts_with('#')) {
    rest = without_leading(after_line(rest), blanks);
  }
  if (rest.starts_with(wrapper)) rest = without_leading(rest.substr(wrapper.size()), blanks);
  std::string word(rest.substr(0, rest.find_first_of(" \t\r\n;()[]|")));
  for (char& c : word) c = lowered(c);
  return word.empty() ? "none" : word;
}

RecordedStep InterCodeFormat::read(StepFields& line) {
  RecordedStep step;
  const std::string environment = line.text("env");
  const std::string goal = line.text("goal");
  step.workflow = "intercode/" + environment;
  step.task = goal;
  step.action = line.text("action");
  step.action_type = first_word_of(step.action);
  step.reward = line.reward("reward");
  step.final_reward = line.reward("final");
  if (step.reward >= 1) step.solution = plain_words(step.action);
  const std::string run = line.text("run") + "\n" + environment + "\n" + goal;
  const std::string last = last_.before(run, line.whole("step"), step.action_type);
  step.situation = situation_of(goal, last, line.text("prev_obs"));
  return step;
}

}  // namespace frys::tools
