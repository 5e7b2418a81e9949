// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/scheduler/load_predictor.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <mutex>
#include <new>
#include <unordered_map>

#include "scheduler/load_history.hpp"

namespace frys {
namespace {

using detail::LoadHistory;
using detail::MemoryEstimates;
using detail::MemoryLosses;
using detail::MemoryModel;
using detail::RuntimeEstimates;
using detail::RuntimeLosses;
using detail::RuntimeModel;

constexpr double type_decay = 0.98;  // The last fifty steps of a type count most.
constexpr double shared_decay = 0.995;
constexpr double largest_loss = 20;  // One freak step must not outvote the rest.
constexpr double shortest_ns = 1e6;  // Below a millisecond, errors of time are noise.
constexpr double byte_ns_to_byte_s = 1e-9;

// What holding `given` for a step that needs `used` wastes, in bytes × ns. When it is not enough,
// memory that grows evenly reaches the budget after the share given ÷ used of the run time; the
// whole budget was held in vain, and the step starts again with what `retry_bytes` would give.
struct Waste {
  double byte_ns = 0;
  std::uint64_t failures = 0;
};

Waste waste_of(double given, double used, double runtime_ns, double max_seen) noexcept {
  Waste waste;
  given = std::max(given, 1.0);
  while (given < used) {
    waste.byte_ns += given * runtime_ns * (given / used);
    ++waste.failures;
    given = std::max(given * 2, max_seen);
  }
  waste.byte_ns += (given - used) * runtime_ns;
  return waste;
}

// A bounded histogram of relative errors, 40 bins a decade from 1e-4 to 1e4, for the median.
class ErrorHistogram {
 public:
  void add(double error) noexcept {
    ++counts_[bin_of(error)];
    ++total_;
  }
  [[nodiscard]] double median() const noexcept {
    if (total_ == 0) return 0;
    std::uint64_t below = 0;
    for (std::size_t bin = 0; bin < bins; ++bin) {
      below += counts_[bin];
      if (2 * below >= total_) {
        return bin == 0 ? 0 : std::pow(10.0, (static_cast<double>(bin) - 0.5) / 40 - 4);
      }
    }
    return 1e4;
  }

 private:
  static constexpr std::size_t bins = 322;
  static std::size_t bin_of(double error) noexcept {
    if (!(error > 1e-4)) return 0;
    const double place = (std::log10(error) + 4) * 40;
    return std::min(bins - 1, 1 + static_cast<std::size_t>(place));
  }
  std::array<std::uint64_t, bins> counts_{};
  std::uint64_t total_ = 0;
};

struct RuntimeScore {
  ErrorHistogram errors;
  double error_ns = 0;
  double actual_ns = 0;
  std::uint64_t steps = 0;

  void add(double predicted_ns, double runtime_ns) noexcept {
    const double error = std::abs(predicted_ns - runtime_ns);
    errors.add(error / std::max(runtime_ns, shortest_ns));
    error_ns += error;
    actual_ns += runtime_ns;
    ++steps;
  }
  [[nodiscard]] RuntimeFigures figures() const noexcept {
    return {errors.median(), actual_ns > 0 ? error_ns / actual_ns : 0, steps};
  }
};

void judge_memory(MemoryFigures& figures, double given, double used, double runtime_ns,
                  double max_seen) noexcept {
  const Waste waste = waste_of(given, used, runtime_ns, max_seen);
  figures.wasted_byte_seconds += waste.byte_ns * byte_ns_to_byte_s;
  figures.used_byte_seconds += used * runtime_ns * byte_ns_to_byte_s;
  figures.failures += waste.failures;
  ++figures.steps;
}

// "A.B.SORT" and "C.SORT" run the same tool: a type that is new may go by its last part.
std::string_view last_part(std::string_view type) noexcept {
  const std::size_t cut = type.find_last_of(".:/");
  return cut == std::string_view::npos || cut + 1 == type.size() ? type : type.substr(cut + 1);
}

std::size_t to_bytes(double bytes) noexcept {
  constexpr double most = 9e18;
  return static_cast<std::size_t>(std::ceil(std::clamp(bytes, 1.0, most)));
}

std::int64_t to_ns(double ns) noexcept {
  return static_cast<std::int64_t>(std::llround(std::clamp(ns, 0.0, 9e18)));
}

// The candidate with the least loss: the type's own record, and while that is short, everyone's.
template <typename Model, std::size_t n>
Model choose(const std::array<double, n>& estimates, const detail::ModelLosses<n>& own,
             const detail::ModelLosses<n>& shared, Model at_first) noexcept {
  std::size_t best = static_cast<std::size_t>(at_first);
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < n; ++i) {
    if (estimates[i] < 0) continue;
    const double prior = shared.mean(i, i == static_cast<std::size_t>(at_first) ? 0.0 : 1.0);
    const double loss = (own.sum[i] + prior) / (own.weight + 1);
    if (loss < least) {
      least = loss;
      best = i;
    }
  }
  return static_cast<Model>(best);
}

struct Transparent {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>()(text);
  }
};

// What every model says of a step, before it is learned.
struct Estimates {
  MemoryEstimates memory;
  RuntimeEstimates runtime;

  Estimates(const LoadHistory& history, double input_size) noexcept
      : memory(history.memory_estimates(input_size)),
        runtime(history.runtime_estimates(input_size)) {}
};

using Histories = std::unordered_map<std::string, LoadHistory, Transparent, std::equal_to<>>;

}  // namespace

std::string_view to_string(LoadSource source) noexcept {
  switch (source) {
    case LoadSource::fallback:
      return "fallback";
    case LoadSource::requested:
      return "requested";
    case LoadSource::similar_types:
      return "similar_types";
    case LoadSource::past:
      return "past";
    case LoadSource::history:
      return "history";
  }
  return "unknown";
}

struct LoadPredictor::Impl {
  explicit Impl(const LoadPredictorOptions& given) : options(given) {
    options.default_memory_bytes = std::max<std::size_t>(1, options.default_memory_bytes);
    options.default_runtime_ns = std::max<std::int64_t>(1, options.default_runtime_ns);
    options.window = std::clamp<std::size_t>(options.window, 8, detail::largest_window);
    options.max_types = std::max<std::size_t>(1, options.max_types);
    if (!(options.failure_weight >= 0)) options.failure_weight = 0;
    options.failure_weight = std::min(options.failure_weight, 1e6);
  }

  const LoadHistory* find(const Histories& where, std::string_view type) const noexcept {
    const auto at = where.find(type);
    return at == where.end() ? nullptr : &at->second;
  }

  LoadHistory& touch(Histories& where, std::string_view type) {
    ++ticks;
    auto at = where.find(type);
    if (at == where.end()) {
      if (where.size() >= options.max_types) {
        where.erase(std::min_element(where.begin(), where.end(), [](const auto& a, const auto& b) {
          return a.second.touched < b.second.touched;
        }));
      }
      at = where.emplace(std::string(type), LoadHistory(options.window)).first;
    }
    at->second.touched = ticks;
    return at->second;
  }

  /// The history that other types are guessed by: of all types with this last part. As long as
  /// only the type of just that name was seen, its own serves, so that it is not kept twice.
  const LoadHistory* find_part(std::string_view part) const noexcept {
    const LoadHistory* shared = find(parts, part);
    return shared != nullptr ? shared : find(histories, part);
  }

  LoadHistory& touch_part(std::string_view part) {
    const LoadHistory* own = parts.contains(part) ? nullptr : find(histories, part);
    LoadHistory& shared = touch(parts, part);
    if (own != nullptr) {
      const std::uint64_t touched = shared.touched;
      shared = *own;
      shared.touched = touched;
    }
    return shared;
  }

  double memory_guess(const LoadHistory& history, double input_size,
                      const MemoryEstimates& estimates, MemoryModel& model) const noexcept {
    model = choose(estimates, history.memory_losses, shared_memory, MemoryModel::max_plus_5);
    return std::max(estimates[static_cast<std::size_t>(model)],
                    history.extrapolated_bytes(input_size));
  }

  double runtime_guess(const LoadHistory& history, const RuntimeEstimates& estimates,
                       RuntimeModel& model) const noexcept {
    model = choose(estimates, history.runtime_losses, shared_runtime, RuntimeModel::median);
    return estimates[static_cast<std::size_t>(model)];
  }

  // Marks every model by what it would have cost on this step, then learns the step.
  void learn(LoadHistory& history, const LoadSample& sample, const Estimates& estimates,
             MemoryLosses* shared_memory_losses, RuntimeLosses* shared_runtime_losses) const;
  void judge(const LoadHistory& history, const LoadSample& sample, const Estimates& estimates);
  void fill(LoadPrediction& out, const LoadHistory& history, double input_size, LoadSource source,
            bool memory, bool runtime) const;
  LoadPrediction predict(const LoadQuery& query) const;

  LoadPredictorOptions options;
  mutable std::mutex mutex;
  Histories histories;  // By type.
  Histories parts;      // By the last part of the type's name.
  MemoryLosses shared_memory;
  RuntimeLosses shared_runtime;
  double typical_log_ns = 0;  // Decayed mean of log run time over all types.
  bool any_runtime = false;
  std::uint64_t ticks = 0;
  LoadFigures memory_totals;
  RuntimeScore runtime_score;
  RuntimeScore last_score;
  RuntimeScore mean_score;
};

void LoadPredictor::Impl::learn(LoadHistory& history, const LoadSample& sample,
                                const Estimates& estimates, MemoryLosses* shared_memory_losses,
                                RuntimeLosses* shared_runtime_losses) const {
  const auto used = static_cast<double>(sample.peak_bytes);
  const auto runtime_ns = static_cast<double>(sample.runtime_ns);
  if (sample.out_of_memory) {
    history.failed_bytes = std::max(history.failed_bytes, used);
    return;
  }
  if (used > 0 && history.memory_samples() > 0) {
    MemoryEstimates losses = estimates.memory;
    for (double& loss : losses) {
      const double given = loss < 0 ? history.max_peak_bytes() * 1.05 : loss;
      const Waste waste = waste_of(given, used, 1.0, history.max_peak_bytes());
      const double weight = waste.failures > 0 ? 1 + options.failure_weight : 1;
      loss = std::min(largest_loss,
                      waste.byte_ns * weight / used + static_cast<double>(waste.failures));
    }
    history.memory_losses.add(losses, type_decay);
    if (shared_memory_losses != nullptr) shared_memory_losses->add(losses, shared_decay);
  }
  if (runtime_ns >= 0 && history.runtime_samples() > 0) {
    RuntimeEstimates losses = estimates.runtime;
    for (double& loss : losses) {
      const double ns = loss < 0 ? history.mean_runtime_ns() : loss;
      loss = std::min(3.0, std::abs(std::log((ns + 1e7) / (runtime_ns + 1e7))));
    }
    history.runtime_losses.add(losses, type_decay);
    if (shared_runtime_losses != nullptr) shared_runtime_losses->add(losses, shared_decay);
  }
  history.add(sample.input_size, used, runtime_ns);
}

void LoadPredictor::Impl::judge(const LoadHistory& history, const LoadSample& sample,
                                const Estimates& estimates) {
  const auto used = static_cast<double>(sample.peak_bytes);
  const auto runtime_ns = static_cast<double>(sample.runtime_ns);
  if (used > 0 && runtime_ns >= 0 && history.memory_samples() > 0) {
    MemoryModel model{};
    const double guess = memory_guess(history, sample.input_size, estimates.memory, model);
    const double max_seen = history.max_peak_bytes();
    judge_memory(memory_totals.memory, guess, used, runtime_ns, max_seen);
    judge_memory(memory_totals.memory_max_seen, max_seen, used, runtime_ns, max_seen);
  }
  if (runtime_ns >= 0 && history.runtime_samples() > 0) {
    RuntimeModel model{};
    runtime_score.add(runtime_guess(history, estimates.runtime, model), runtime_ns);
    last_score.add(history.last_runtime_ns(), runtime_ns);
    mean_score.add(history.mean_runtime_ns(), runtime_ns);
  }
}

void LoadPredictor::Impl::fill(LoadPrediction& out, const LoadHistory& history, double input_size,
                               LoadSource source, bool memory, bool runtime) const {
  if (memory && history.memory_samples() > 0) {
    MemoryModel model{};
    out.memory_bytes =
        to_bytes(memory_guess(history, input_size, history.memory_estimates(input_size), model));
    out.memory_model = detail::to_string(model);
    out.memory_source = source;
  }
  if (runtime && history.runtime_samples() > 0) {
    RuntimeModel model{};
    out.runtime_ns = to_ns(runtime_guess(history, history.runtime_estimates(input_size), model));
    out.runtime_model = detail::to_string(model);
    out.runtime_source = source;
  }
}

LoadPrediction LoadPredictor::Impl::predict(const LoadQuery& query) const {
  LoadPrediction out;
  const double input =
      std::isfinite(query.input_size) && query.input_size >= 0 ? query.input_size : 0;
  const bool requested = query.requested_bytes > 0;
  out.memory_bytes = requested ? query.requested_bytes : options.default_memory_bytes;
  out.memory_source = requested ? LoadSource::requested : LoadSource::fallback;
  out.memory_model = requested ? "request" : "default";
  out.runtime_ns = any_runtime ? to_ns(std::exp(typical_log_ns)) : options.default_runtime_ns;
  out.runtime_model = any_runtime ? "typical step" : "default";

  const LoadHistory* own = find(histories, query.step_type);
  const std::uint64_t own_samples =
      own == nullptr ? 0 : std::max(own->memory_samples(), own->runtime_samples());
  const bool own_will_do = own_samples > 0 && own_samples >= query.past.size();
  const LoadHistory* part = find_part(last_part(query.step_type));
  if (part != nullptr && !(part == own && own_will_do)) {
    fill(out, *part, input, LoadSource::similar_types, !requested, true);
  }
  if (own != nullptr && own->memory_samples() == 0 && own->failed_bytes > 0) {
    out.memory_bytes = std::max(out.memory_bytes, to_bytes(own->failed_bytes * 2));
    out.memory_source = LoadSource::history;
    out.memory_model = "twice what failed";
  }
  if (own_samples < query.past.size()) {
    LoadHistory remembered(options.window);
    // Best first, so learnt last: the newest sample weighs most.
    for (std::size_t i = query.past.size(); i-- > 0;) {
      const LoadSample& sample = query.past[i];
      if (std::isfinite(sample.input_size) && sample.input_size >= 0) {
        const Estimates estimates(remembered, sample.input_size);
        learn(remembered, sample, estimates, nullptr, nullptr);
      }
    }
    fill(out, remembered, input, LoadSource::past, true, true);
    out.samples = query.past.size();
  }
  if (own_will_do) {
    fill(out, *own, input, LoadSource::history, true, true);
    out.samples = static_cast<std::size_t>(own_samples);
  }
  return out;
}

LoadPredictor::LoadPredictor(const LoadPredictorOptions& options)
    : impl_(std::make_unique<Impl>(options)) {}
LoadPredictor::~LoadPredictor() = default;
LoadPredictor::LoadPredictor(LoadPredictor&&) noexcept = default;
LoadPredictor& LoadPredictor::operator=(LoadPredictor&&) noexcept = default;

LoadPrediction LoadPredictor::predict(const LoadQuery& query) const noexcept {
  try {
    const std::lock_guard lock(impl_->mutex);
    return impl_->predict(query);
  } catch (const std::bad_alloc&) {
    LoadPrediction out;
    out.memory_bytes = std::max(query.requested_bytes, impl_->options.default_memory_bytes);
    out.runtime_ns = impl_->options.default_runtime_ns;
    out.memory_model = out.runtime_model = "default";
    return out;
  }
}

std::size_t LoadPredictor::retry_bytes(std::string_view step_type, std::size_t failed_bytes,
                                       std::size_t limit_bytes) const noexcept {
  if (failed_bytes >= limit_bytes) return failed_bytes;
  const std::lock_guard lock(impl_->mutex);
  const LoadHistory* own = impl_->find(impl_->histories, step_type);
  const double doubled = std::max(static_cast<double>(failed_bytes) * 2, 2.0);
  const double wanted = own == nullptr ? doubled : std::max(doubled, own->max_peak_bytes());
  return std::min(to_bytes(wanted), limit_bytes);
}

Status LoadPredictor::observe(const LoadSample& sample) noexcept {
  if (sample.step_type.empty()) {
    return Status(ErrorCode::invalid_argument, "observe: the step type is empty; name one");
  }
  if (!std::isfinite(sample.input_size) || sample.input_size < 0) {
    return Status(ErrorCode::invalid_argument,
                  "observe: input_size must be finite and not negative; nothing was learned");
  }
  try {
    const std::lock_guard lock(impl_->mutex);
    Impl& self = *impl_;
    LoadHistory& history = self.touch(self.histories, sample.step_type);
    const std::string_view part = last_part(sample.step_type);
    if (part != sample.step_type || self.parts.contains(part)) {
      LoadHistory& shared = self.touch_part(part);
      self.learn(shared, sample, Estimates(shared, sample.input_size), nullptr, nullptr);
    }
    const Estimates estimates(history, sample.input_size);
    if (!sample.out_of_memory) self.judge(history, sample, estimates);
    self.learn(history, sample, estimates, &self.shared_memory, &self.shared_runtime);
    if (sample.runtime_ns >= 0 && !sample.out_of_memory) {
      const double log_ns = std::log(std::max(1.0, static_cast<double>(sample.runtime_ns)));
      self.typical_log_ns = self.any_runtime ? 0.95 * self.typical_log_ns + 0.05 * log_ns : log_ns;
      self.any_runtime = true;
    }
    return {};
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

LoadFigures LoadPredictor::figures() const noexcept {
  const std::lock_guard lock(impl_->mutex);
  LoadFigures figures = impl_->memory_totals;
  figures.runtime = impl_->runtime_score.figures();
  figures.runtime_last = impl_->last_score.figures();
  figures.runtime_mean = impl_->mean_score.figures();
  return figures;
}

std::vector<LoadTypeSummary> LoadPredictor::types() const {
  const std::lock_guard lock(impl_->mutex);
  std::vector<LoadTypeSummary> all;
  all.reserve(impl_->histories.size());
  for (const auto& [type, history] : impl_->histories) {
    LoadTypeSummary summary;
    summary.step_type = type;
    summary.samples = std::max(history.memory_samples(), history.runtime_samples());
    summary.max_peak_bytes = history.max_peak_bytes() > 0 ? to_bytes(history.max_peak_bytes()) : 0;
    summary.mean_runtime_ns = to_ns(history.mean_runtime_ns());
    LoadPrediction now;
    impl_->fill(now, history, 0, LoadSource::history, true, true);
    summary.memory_model = now.memory_model;
    summary.runtime_model = now.runtime_model;
    all.push_back(std::move(summary));
  }
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return a.step_type < b.step_type; });
  return all;
}

}  // namespace frys
