// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tools/lift_score.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <utility>

#include "frys/core/random.hpp"

namespace frys::tools {
namespace {

/// One workflow's steps, its tasks counted from 0.
struct WorkflowSteps {
  std::vector<std::size_t> steps;
  std::map<std::size_t, std::size_t> tasks;
};

std::vector<WorkflowSteps> by_workflow(const LiftPlan& plan) {
  std::vector<WorkflowSteps> out(plan.workflows.size());
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    WorkflowSteps& workflow = out[plan.workflow[i]];
    workflow.steps.push_back(i);
    workflow.tasks.emplace(plan.task[i], workflow.tasks.size());
  }
  return out;
}

/// What `score` needs of one workflow.
class WorkflowScorer {
 public:
  WorkflowScorer(const LiftPlan& plan, const std::vector<StepAnswers>& answers,
                 const LiftOptions& options, const WorkflowSteps& workflow)
      : plan_(plan), answers_(answers), options_(options), workflow_(workflow) {}

  WorkflowScore score() {
    WorkflowScore out;
    out.workflow = plan_.workflows[plan_.workflow[workflow_.steps.front()]];
    out.tasks = workflow_.tasks.size();
    out.steps = workflow_.steps.size();
    count(out);
    for (std::size_t who = 0; who < predictors; ++who) {
      at(out, Measure::auc, who) = area(who);
      at(out, Measure::hit1, who) = hits(who, 1);
      at(out, Measure::hit3, who) = hits(who, 3);
    }
    return out;
  }

 private:
  static Resampled& at(WorkflowScore& score, Measure measure, std::size_t who) {
    return score.values[static_cast<std::size_t>(measure)][who];
  }
  [[nodiscard]] bool is_good(std::size_t step) const {
    return plan_.steps[step].reward >= options_.success;
  }
  [[nodiscard]] bool is_next(std::size_t step) const {
    return plan_.steps[step].final_reward >= options_.success;
  }
  [[nodiscard]] bool is_judged(std::size_t step) const {
    const PerPredictor<double>& predicted = answers_[step].reward;
    return std::none_of(predicted.begin(), predicted.end(),
                        [](double each) { return std::isnan(each); });
  }
  [[nodiscard]] std::size_t task_of(std::size_t step) const {
    return workflow_.tasks.at(plan_.task[step]);
  }

  void count(WorkflowScore& out) const {
    for (const std::size_t step : workflow_.steps) {
      const bool judged = is_judged(step);
      out.judged += judged ? 1 : 0;
      out.good += judged && is_good(step) ? 1 : 0;
      out.next += is_next(step) ? 1 : 0;
      for (std::size_t who = 0; who < predictors; ++who) {
        out.reward_coverage[who] += std::isnan(answers_[step].reward[who]) ? 0 : 1;
        const bool proposed = answers_[step].place[who] != StepAnswers::no_answer;
        out.next_coverage[who] += is_next(step) && proposed ? 1 : 0;
      }
    }
    for (double& each : out.reward_coverage) each /= static_cast<double>(out.steps);
    for (double& each : out.next_coverage) {
      each /= static_cast<double>(std::max<std::size_t>(1, out.next));
    }
  }

  [[nodiscard]] Resampled area(std::size_t who) const {
    std::vector<RocCurve::Step> steps;
    for (const std::size_t step : workflow_.steps) {
      if (!is_judged(step)) continue;
      steps.push_back({answers_[step].reward[who], is_good(step), task_of(step)});
    }
    const RocCurve curve(std::move(steps));
    return draw([&](TaskWeights weights) { return curve.area(weights); });
  }

  [[nodiscard]] Resampled hits(std::size_t who, std::uint32_t most) const {
    if (who == static_cast<std::size_t>(Predictor::likeness))
      return draw([](TaskWeights) { return not_known; });
    TaskShares shares(workflow_.tasks.size());
    for (const std::size_t step : workflow_.steps) {
      if (!is_next(step)) continue;
      const std::uint32_t place = answers_[step].place[who];
      shares.note(task_of(step), place != StepAnswers::no_answer && place <= most);
    }
    return draw([&](TaskWeights weights) { return shares.share(weights); });
  }

  [[nodiscard]] Resampled draw(const std::function<double(TaskWeights)>& statistic) const {
    // Workflows are drawn independently of each other.
    const std::uint64_t seed = mix64(options_.seed) + plan_.workflow[workflow_.steps.front()];
    return resample(workflow_.tasks.size(), options_.resamples, seed, statistic);
  }

  const LiftPlan& plan_;
  const std::vector<StepAnswers>& answers_;
  const LiftOptions& options_;
  const WorkflowSteps& workflow_;
};

std::string data_set_of(const std::string& workflow) {
  return workflow.substr(0, workflow.find('/'));
}

WorkflowScore mean_score(const std::string& data_set, const std::vector<WorkflowScore>& scores) {
  WorkflowScore out;
  out.workflow = data_set + ", mean";
  std::vector<const WorkflowScore*> members;
  for (const WorkflowScore& score : scores) {
    if (data_set_of(score.workflow) == data_set) members.push_back(&score);
  }
  const auto n = static_cast<double>(members.size());
  for (const WorkflowScore* member : members) {
    out.tasks += member->tasks;
    out.steps += member->steps;
    out.judged += member->judged;
    out.good += member->good;
    out.next += member->next;
    for (std::size_t who = 0; who < predictors; ++who) {
      out.reward_coverage[who] += member->reward_coverage[who] / n;
      out.next_coverage[who] += member->next_coverage[who] / n;
    }
  }
  for (std::size_t measure = 0; measure < measures; ++measure) {
    for (std::size_t who = 0; who < predictors; ++who) {
      std::vector<Resampled> values;
      for (const WorkflowScore* member : members) values.push_back(member->values[measure][who]);
      out.values[measure][who] = mean_of(values);
    }
  }
  return out;
}

}  // namespace

bool Lift::known() const { return !std::isnan(value); }

Lift lift_over(const WorkflowScore& score, Measure measure, Predictor than) {
  const PerPredictor<Resampled>& values = score.values[static_cast<std::size_t>(measure)];
  const Resampled& ours = values[static_cast<std::size_t>(Predictor::reward_aware)];
  const Resampled& theirs = values[static_cast<std::size_t>(than)];
  if (std::isnan(ours.value) || std::isnan(theirs.value)) return {};
  const Resampled apart = difference(ours, theirs);
  return {apart.value, interval_of(apart)};
}

std::vector<WorkflowScore> score_lift(const LiftPlan& plan, const std::vector<StepAnswers>& answers,
                                      const LiftOptions& options) {
  std::vector<WorkflowScore> scores;
  for (const WorkflowSteps& workflow : by_workflow(plan)) {
    scores.push_back(WorkflowScorer(plan, answers, options, workflow).score());
  }
  std::map<std::string, std::size_t> members;
  for (const WorkflowScore& score : scores) ++members[data_set_of(score.workflow)];
  std::vector<WorkflowScore> means;
  for (const auto& [data_set, count] : members) {
    if (count > 1) means.push_back(mean_score(data_set, scores));
  }
  std::move(means.begin(), means.end(), std::back_inserter(scores));
  return scores;
}

}  // namespace frys::tools
