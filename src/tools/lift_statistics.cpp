// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tools/lift_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "frys/core/random.hpp"

namespace frys::tools {

RocCurve::RocCurve(std::vector<Step> steps) : steps_(std::move(steps)) {
  std::sort(steps_.begin(), steps_.end(),
            [](const Step& a, const Step& b) { return a.predicted < b.predicted; });
}

double RocCurve::area(TaskWeights weights) const {
  double below = 0;  // Bad ones that are predicted lower.
  double good = 0;
  double won = 0;
  for (std::size_t i = 0; i < steps_.size();) {
    double tied_good = 0;
    double tied_bad = 0;
    const double predicted = steps_[i].predicted;
    for (; i < steps_.size() && steps_[i].predicted == predicted; ++i) {
      (steps_[i].good ? tied_good : tied_bad) += weights[steps_[i].task];
    }
    won += tied_good * (below + tied_bad / 2);
    good += tied_good;
    below += tied_bad;
  }
  return good > 0 && below > 0 ? won / (good * below) : not_known;
}

void TaskShares::note(std::size_t task, bool is_right) {
  asked[task] += 1;
  right[task] += is_right ? 1 : 0;
}

double TaskShares::share(TaskWeights weights) const {
  double all_right = 0;
  double all = 0;
  for (std::size_t task = 0; task < asked.size(); ++task) {
    all_right += right[task] * weights[task];
    all += asked[task] * weights[task];
  }
  return all > 0 ? all_right / all : not_known;
}

Resampled resample(std::size_t tasks, std::size_t resamples, std::uint64_t seed,
                   const std::function<double(TaskWeights)>& statistic) {
  Resampled out;
  std::vector<std::uint32_t> weights(tasks, 1);
  out.value = statistic(weights);
  out.draws.reserve(resamples);
  SeededRandom random(seed);
  for (std::size_t i = 0; i < resamples; ++i) {
    std::fill(weights.begin(), weights.end(), 0);
    for (std::size_t drawn = 0; drawn < tasks; ++drawn) ++weights[random.next_below(tasks)];
    out.draws.push_back(statistic(weights));
  }
  return out;
}

Resampled difference(const Resampled& a, const Resampled& b) {
  Resampled out{a.value - b.value, a.draws};
  for (std::size_t i = 0; i < out.draws.size(); ++i) out.draws[i] -= b.draws[i];
  return out;
}

Resampled mean_of(const std::vector<Resampled>& all) {
  Resampled out;
  double known = 0;
  for (const Resampled& each : all) {
    if (std::isnan(each.value)) continue;
    out.value = known == 0 ? each.value : out.value + each.value;
    out.draws.resize(each.draws.size());
    for (std::size_t i = 0; i < each.draws.size(); ++i) out.draws[i] += each.draws[i];
    ++known;
  }
  out.value /= known == 0 ? 1 : known;
  for (double& draw : out.draws) draw /= known;
  return out;
}

Interval interval_of(const Resampled& statistic) {
  std::vector<double> known;
  for (const double draw : statistic.draws) {
    if (!std::isnan(draw)) known.push_back(draw);
  }
  if (known.empty() || 2 * known.size() < statistic.draws.size()) return {};
  std::sort(known.begin(), known.end());
  const auto last = static_cast<double>(known.size() - 1);
  return {known[static_cast<std::size_t>(std::floor(0.025 * last))],
          known[static_cast<std::size_t>(std::ceil(0.975 * last))]};
}

}  // namespace frys::tools
