// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tools/lift_baselines.hpp"

#include <algorithm>

#include "tools/lift_statistics.hpp"

namespace frys::tools {

std::vector<std::size_t> proposals_of(const std::vector<Neighbour>& neighbours,
                                      const std::vector<std::size_t>& type_of_step) {
  struct Proposal {
    std::size_t type;
    double weight;
  };
  std::vector<Proposal> proposals;
  for (const Neighbour& neighbour : neighbours) {
    const std::size_t type = type_of_step[neighbour.step];
    auto at = std::find_if(proposals.begin(), proposals.end(),
                           [&](const Proposal& p) { return p.type == type; });
    if (at == proposals.end()) at = proposals.insert(at, {type, 0});
    at->weight += neighbour.weight;
  }
  std::stable_sort(proposals.begin(), proposals.end(),
                   [](const Proposal& a, const Proposal& b) { return a.weight > b.weight; });
  std::vector<std::size_t> types;
  for (const Proposal& proposal : proposals) types.push_back(proposal.type);
  return types;
}

TrainingLists::TrainingLists(const LiftPlan& plan, const std::vector<std::size_t>& chosen,
                             LiftQuestion question, const LiftOptions& options)
    : plan_(plan), options_(options), question_(question), random_(options.seed) {
  for (const std::size_t step : chosen) {
    List& list = lists_[key_of(step)];
    list.steps.push_back(step);
    list.rewards += plan.steps[step].reward;
  }
  for (auto& [key, list] : lists_) rank_types(list);
}

void TrainingLists::rank_types(List& list) const {
  std::vector<Neighbour> succeeded;
  for (const std::size_t step : list.steps) {
    if (plan_.steps[step].final_reward >= options_.success) succeeded.push_back({step});
  }
  list.types = proposals_of(succeeded, plan_.type);
}

TrainingLists::Key TrainingLists::key_of(std::size_t step) const {
  return {plan_.workflow[step], question_ == LiftQuestion::reward ? plan_.type[step] : 0};
}

const TrainingLists::List& TrainingLists::list_of(std::size_t step) const {
  const auto at = lists_.find(key_of(step));
  return at == lists_.end() ? none_ : at->second;
}

std::vector<Neighbour> TrainingLists::recent(std::size_t step) const {
  const std::vector<std::size_t>& all = list_of(step).steps;
  auto at = std::lower_bound(all.begin(), all.end(), step);
  std::vector<Neighbour> out;
  while (at != all.begin() && out.size() < options_.neighbours) out.push_back({*--at});
  return out;
}

std::vector<Neighbour> TrainingLists::random(std::size_t step) {
  const std::vector<std::size_t>& all = list_of(step).steps;
  std::vector<Neighbour> out;
  while (!all.empty() && out.size() < options_.neighbours) {
    out.push_back({all[random_.next_below(all.size())]});
  }
  return out;
}

double TrainingLists::mean_reward(std::size_t step) const {
  const List& list = list_of(step);
  if (list.steps.empty()) return not_known;
  return list.rewards / static_cast<double>(list.steps.size());
}

const std::vector<std::size_t>& TrainingLists::frequent_types(std::size_t step) const {
  return list_of(step).types;
}

}  // namespace frys::tools
