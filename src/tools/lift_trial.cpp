// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tools/lift_trial.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "frys/core/machine.hpp"
#include "frys/scheduler/thread_pool.hpp"
#include "tools/lift_baselines.hpp"
#include "tools/lift_statistics.hpp"
#include "tools/lift_store.hpp"

namespace frys::tools {
namespace {

double mean_reward_of(const std::vector<Neighbour>& neighbours, const LiftPlan& plan) {
  double weights = 0;
  double rewards = 0;
  for (const Neighbour& neighbour : neighbours) {
    weights += neighbour.weight;
    rewards += neighbour.weight * plan.steps[neighbour.step].reward;
  }
  return weights > 0 ? rewards / weights : not_known;
}

double mean_weight_of(const std::vector<Neighbour>& neighbours) {
  double weights = 0;
  for (const Neighbour& neighbour : neighbours) weights += neighbour.weight;
  return neighbours.empty() ? not_known : weights / static_cast<double>(neighbours.size());
}

std::uint32_t place_of(std::size_t type, const std::vector<std::size_t>& proposals) {
  if (proposals.empty()) return StepAnswers::no_answer;
  const auto at = std::find(proposals.begin(), proposals.end(), type);
  if (at == proposals.end()) return StepAnswers::not_proposed;
  return static_cast<std::uint32_t>(at - proposals.begin()) + 1;
}

/// One question about the steps of one fold.
class Trial {
 public:
  Trial(const LiftPlan& plan, const LiftOptions& options, TrainingStore store, TrainingLists lists)
      : plan_(plan), options_(options), store_(std::move(store)), lists_(std::move(lists)) {}

  Status ask_reward(std::size_t step, StepAnswers& answers) {
    Status status = search(step);
    if (!status.ok()) return status;
    set(answers.reward, Predictor::reward_aware, mean_reward_of(aware_, plan_));
    set(answers.reward, Predictor::similarity, mean_reward_of(plain_, plan_));
    set(answers.reward, Predictor::likeness, mean_weight_of(plain_));
    set(answers.reward, Predictor::recency, mean_reward_of(lists_.recent(step), plan_));
    set(answers.reward, Predictor::frequency, lists_.mean_reward(step));
    set(answers.reward, Predictor::random, mean_reward_of(lists_.random(step), plan_));
    return {};
  }

  Status ask_next(std::size_t step, StepAnswers& answers) {
    Status status = search(step);
    if (!status.ok()) return status;
    const auto propose = [&](Predictor who, const std::vector<Neighbour>& neighbours) {
      set(answers.place, who, place_of(plan_.type[step], proposals_of(neighbours, plan_.type)));
    };
    propose(Predictor::reward_aware, aware_);
    propose(Predictor::similarity, plain_);
    propose(Predictor::recency, lists_.recent(step));
    set(answers.place, Predictor::frequency,
        place_of(plan_.type[step], lists_.frequent_types(step)));
    propose(Predictor::random, lists_.random(step));
    return {};
  }

 private:
  template <typename T>
  static void set(PerPredictor<T>& answers, Predictor who, T answer) {
    answers[static_cast<std::size_t>(who)] = answer;
  }

  Status search(std::size_t step) {
    const RecordedStep& asked = plan_.steps[step];
    const Result<std::vector<float>> vector = store_.vector_of(asked);
    if (!vector) return vector.error();
    const std::size_t k = options_.neighbours;
    auto aware = store_.ask(asked, *vector, k, options_.outcome_weight);
    if (!aware) return aware.error();
    auto plain = store_.ask(asked, *vector, k, 0);
    if (!plain) return plain.error();
    aware_ = *std::move(aware);
    plain_ = *std::move(plain);
    return {};
  }

  const LiftPlan& plan_;
  const LiftOptions& options_;
  TrainingStore store_;
  TrainingLists lists_;
  std::vector<Neighbour> aware_;
  std::vector<Neighbour> plain_;
};

Status ask_fold(const LiftPlan& plan, const LiftOptions& options, std::size_t fold,
                LiftQuestion question, std::vector<StepAnswers>& answers) {
  std::vector<std::size_t> training;
  std::vector<std::size_t> asked;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    if (plan.fold[plan.task[i]] != fold) {
      training.push_back(i);
    } else if (question == LiftQuestion::reward || plan.steps[i].final_reward >= options.success) {
      asked.push_back(i);
    }
  }
  if (asked.empty()) return {};
  const Result<ScratchFolder> folder = ScratchFolder::make();
  if (!folder) return folder.error();
  Result<TrainingStore> store =
      TrainingStore::make(folder->path() + "/store", options.dimension, question, options.success);
  if (!store) return store.error();
  Status status = store->learn(plan.steps, training);
  if (!status.ok()) return status;
  Trial trial(plan, options, *std::move(store), {plan, training, question, options});
  for (const std::size_t step : asked) {
    status = question == LiftQuestion::reward ? trial.ask_reward(step, answers[step])
                                              : trial.ask_next(step, answers[step]);
    if (!status.ok()) return status;
  }
  return {};
}

/// A pool's work must not throw.
Status ask_fold_safely(const LiftPlan& plan, const LiftOptions& options, std::size_t fold,
                       LiftQuestion question, std::vector<StepAnswers>& answers) {
  try {
    return ask_fold(plan, options, fold, question, answers);
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

}  // namespace

Result<std::vector<StepAnswers>> ask_predictors(const LiftPlan& plan, const LiftOptions& options) {
  StepAnswers none;
  none.reward.fill(not_known);
  none.place.fill(StepAnswers::no_answer);
  std::vector<StepAnswers> answers(plan.steps.size(), none);
  constexpr std::array questions{LiftQuestion::reward, LiftQuestion::next};
  std::vector<Status> done(options.folds * questions.size());
  // Each has a store of its own and writes answers that no other writes.
  const auto pool = ThreadPool::create({.workers = std::max<std::size_t>(2, machine().cores) - 1});
  if (!pool) return pool.error();
  const auto ask_some = [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      done[i] = ask_fold_safely(plan, options, i / questions.size(),
                                questions[i % questions.size()], answers);
    }
  };
  (*pool)->bulk(done.size(), 1, ask_some);
  for (Status& status : done) {
    if (!status.ok()) return std::move(status);
  }
  return answers;
}

}  // namespace frys::tools
