// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The formats of recorded steps, told apart by their fields. Lines of a run stand in order, one
// after the other: what was done last belongs to the next situation.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tools/json_value.hpp"
#include "tools/lift_step.hpp"

namespace frys::tools {

/// What an observation or an action adds to a text that is compared; the rest is cut off. Long
/// results would drown the words that tell one situation from another.
inline constexpr std::size_t most_observed_bytes = 512;

/// Takes fields out of a line; the first that is missing or of another kind makes `status`.
class StepFields {
 public:
  explicit StepFields(const JsonValue& line) : line_(line) {}
  [[nodiscard]] bool has(std::string_view name) const { return line_.find(name) != nullptr; }
  std::string text(std::string_view name);
  /// A number that stands there as a number or as a text, as a text.
  std::string label(std::string_view name);
  std::int64_t whole(std::string_view name);
  /// From −1 to 1.
  double reward(std::string_view name);
  void fail(std::string_view name, const std::string& what);
  [[nodiscard]] const Status& status() const noexcept { return status_; }

 private:
  const JsonValue* find(std::string_view name);

  const JsonValue& line_;
  Status status_;
};

/// The type of the last step of a run, for the one that follows it.
class LastAction {
 public:
  /// What was done at `step` − 1 of this run; empty when that was not the line before.
  std::string before(const std::string& run, std::int64_t step, const std::string& action_type);

 private:
  std::string run_;
  std::int64_t step_ = 0;
  std::string action_type_;
};

/// The situation that is compared: the goal, what was done last, and what came of that.
std::string situation_of(std::string_view goal, std::string_view last_action,
                         std::string_view observed);

/// Turns of InterCode (Yang et al., "InterCode: Standardizing and Benchmarking Interactive Coding
/// with Execution Feedback", 2023): run, env, task, goal, step, prev_obs, action, reward, final.
/// A task is an environment and a goal: the numbers begin anew in each file of tasks, and a goal
/// may have two. Many goals are there twice in other words (those of SQL are Spider's); an action
/// that solved both tells. The type is the first word of the action, without code fences,
/// "execute[" and comments.
class InterCodeFormat {
 public:
  static bool fits(const StepFields& line) { return line.has("env") && line.has("reward"); }
  RecordedStep read(StepFields& line);

 private:
  LastAction last_;
};

/// Steps of τ-bench (Yao et al., "τ-bench: A Benchmark for Tool-Agent-User Interaction in
/// Real-World Domains", 2024): run, task, trial, step, kind, prev_obs, action, final. The goal is
/// what the simulated user was told, which the agent never sees: it is no part of the situation.
/// The type is the tool called, or "say". A step earns what its run ended with.
class TauBenchFormat {
 public:
  static bool fits(const StepFields& line) { return line.has("trial") && line.has("kind"); }
  RecordedStep read(StepFields& line);

 private:
  LastAction last_;
};

/// What `frys store export` writes. The type is the step type, the reward 1, ½ or 0 by outcome. The
/// task is named by a tag "task:NAME"; without one it is the situation.
class ExportedFormat {
 public:
  static bool fits(const StepFields& line) { return line.has("outcome"); }
  static Result<RecordedStep> read(std::string_view line);
};

/// The first word of an action in lower case, for InterCode; "none" when there is none.
std::string first_word_of(std::string_view action);

}  // namespace frys::tools
