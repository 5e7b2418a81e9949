// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tools/lift_plan.hpp"

#include <map>
#include <string_view>
#include <utility>

#include "frys/core/random.hpp"

namespace frys::tools {
namespace {

/// Numbers texts in order of appearance.
class Names {
 public:
  std::size_t number(const std::string& text) {
    return numbers_.emplace(text, numbers_.size()).first->second;
  }
  [[nodiscard]] std::size_t size() const noexcept { return numbers_.size(); }

 private:
  std::map<std::string, std::size_t> numbers_;
};

/// FNV-1a (Fowler, Noll, Vo), mixed with the seed: the same on every machine.
std::uint64_t hash_of(std::string_view text, std::uint64_t seed) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return mix64(hash ^ mix64(seed));
}

std::string task_key(const RecordedStep& step) { return step.workflow + "\n" + step.task; }

/// Tasks that are one (disjoint sets: Tarjan, "Efficiency of a Good But Not Linear Set Union
/// Algorithm", 1975), by the first of them.
class SameTasks {
 public:
  const std::string& first_of(const std::string& task) {
    auto at = above_.emplace(task, task).first;
    while (at->second != at->first) at = above_.find(at->second);
    return at->first;
  }
  void join(const std::string& a, const std::string& b) { above_[first_of(b)] = first_of(a); }

 private:
  std::map<std::string, std::string> above_;
};

/// Gives tasks that have a solution in common the name of one of them.
void join_same_tasks(std::vector<RecordedStep>& steps) {
  SameTasks same;
  std::map<std::string, std::string> solved;  // Tasks, by workflow and solution.
  for (const RecordedStep& step : steps) {
    if (step.solution.empty()) continue;
    const std::string key = step.workflow + "\n" + step.solution;
    same.join(solved.emplace(key, task_key(step)).first->second, task_key(step));
  }
  for (RecordedStep& step : steps) {
    step.task = same.first_of(task_key(step)).substr(step.workflow.size() + 1);
  }
}

void keep_few_tasks(std::vector<RecordedStep>& steps, const LiftOptions& options) {
  std::map<std::string, std::map<std::uint64_t, std::size_t>> ranks;  // Of hashes, by workflow.
  for (const RecordedStep& step : steps) {
    ranks[step.workflow][hash_of(task_key(step), options.seed)] = 0;
  }
  for (auto& [workflow, hashes] : ranks) {
    std::size_t rank = 0;
    for (auto& [hash, place] : hashes) place = rank++;
  }
  std::erase_if(steps, [&](const RecordedStep& step) {
    return ranks[step.workflow][hash_of(task_key(step), options.seed)] >= options.limit;
  });
}

}  // namespace

LiftPlan plan_lift(std::vector<RecordedStep> steps, const LiftOptions& options) {
  LiftPlan plan;
  plan.steps = std::move(steps);
  join_same_tasks(plan.steps);
  if (options.limit > 0) keep_few_tasks(plan.steps, options);
  Names workflows;
  Names tasks;
  Names types;
  for (const RecordedStep& step : plan.steps) {
    plan.workflow.push_back(workflows.number(step.workflow));
    if (plan.workflows.size() < workflows.size()) plan.workflows.push_back(step.workflow);
    plan.task.push_back(tasks.number(task_key(step)));
    if (plan.fold.size() < tasks.size()) {
      plan.fold.push_back(hash_of(task_key(step), options.seed) % options.folds);
    }
    plan.type.push_back(types.number(step.action_type));
  }
  return plan;
}

}  // namespace frys::tools
