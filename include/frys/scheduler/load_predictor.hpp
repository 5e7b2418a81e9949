// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Says how much memory a step will need and how long it will run, from steps of its type that ran
// before. Several small models are kept per type; the one that would have cost least so far
// answers. Not for steps that are never alike: then it says what was requested.
//
//   frys::LoadPredictor predictor;
//   frys::LoadPrediction guess = predictor.predict({.step_type = "embed", .input_size = 4096});
//   predictor.observe({.step_type = "embed", .input_size = 4096,
//                      .peak_bytes = peak, .runtime_ns = took});

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "frys/core/export.hpp"
#include "frys/core/status.hpp"

namespace frys {

struct LoadPredictorOptions {
  /// For a type nobody has seen and nobody requested memory for, in bytes; > 0.
  std::size_t default_memory_bytes = std::size_t{64} << 20;
  /// For a type nobody has seen, in nanoseconds; > 0.
  std::int64_t default_runtime_ns = 1'000'000'000;
  /// Samples kept per type; older ones count only through the maximum. 8 … 1024.
  std::size_t window = 64;
  /// Types kept; beyond it the one unused for longest is forgotten. ≥ 1.
  std::size_t max_types = 4096;
  /// What running out of memory costs beside the memory held in vain, as a multiple of it; ≥ 0.
  /// More makes predictions safer and more wasteful.
  double failure_weight = 1.0;
};

/// One step that ran. Views need to live only during the call.
struct LoadSample {
  std::string_view step_type;
  double input_size = 0;        ///< The host's unit; 0: not known.
  std::size_t peak_bytes = 0;   ///< Most memory it held. 0: not known, only time is learned.
  std::int64_t runtime_ns = 0;  ///< < 0: not known.
  /// It ended because memory ran out: it needed more than `peak_bytes`, and its run time says
  /// nothing.
  bool out_of_memory = false;
};

/// What is known before a step runs.
struct LoadQuery {
  std::string_view step_type;
  double input_size = 0;            ///< As in LoadSample.
  std::size_t requested_bytes = 0;  ///< The host's own estimate; 0: none. Used for unseen types.
  /// What an outside memory remembers of like steps (earlier processes, other hosts). Used as
  /// history while the predictor's own for this type is shorter than it.
  std::span<const LoadSample> past = {};
};

/// Where a prediction comes from.
enum class LoadSource : std::uint8_t { fallback, requested, similar_types, past, history };

/// "fallback", "requested", … as spelled in the enumeration.
FRYS_API std::string_view to_string(LoadSource source) noexcept;

struct LoadPrediction {
  std::size_t memory_bytes = 0;  ///< An upper estimate of the peak; > 0.
  std::int64_t runtime_ns = 0;   ///< A middling estimate.
  std::size_t samples = 0;       ///< How many steps of the type it rests on.
  LoadSource memory_source = LoadSource::fallback;
  LoadSource runtime_source = LoadSource::fallback;
  std::string_view memory_model;   ///< The model that answered; static storage.
  std::string_view runtime_model;  ///< The model that answered; static storage.
};

/// One estimator of memory, judged step by step before it learns from the step.
struct MemoryFigures {
  double wasted_byte_seconds = 0;  ///< Held and not used, and all of what was held in vain.
  double used_byte_seconds = 0;    ///< Used by the steps that were judged.
  std::uint64_t failures = 0;      ///< Steps that would have run out of memory.
  std::uint64_t steps = 0;
};

/// One estimator of run time, judged likewise.
struct RuntimeFigures {
  double median_relative_error = 0;  ///< Of |predicted − actual| ÷ max(actual, 1 ms).
  double total_relative_error = 0;   ///< Σ |predicted − actual| ÷ Σ actual.
  std::uint64_t steps = 0;
};

/// The predictor beside the trivial ones. Steps of a type seen for the first time are not judged.
struct LoadFigures {
  MemoryFigures memory;
  MemoryFigures memory_max_seen;  ///< The largest peak of the type so far.
  RuntimeFigures runtime;
  RuntimeFigures runtime_last;  ///< The last run time of the type.
  RuntimeFigures runtime_mean;  ///< The mean run time of the type.
};

/// What is known of one type.
struct LoadTypeSummary {
  std::string step_type;
  std::uint64_t samples = 0;
  std::size_t max_peak_bytes = 0;
  std::int64_t mean_runtime_ns = 0;
  std::string_view memory_model;
  std::string_view runtime_model;
};

/// Learns online, in bounded memory (window × max_types samples). Deterministic: same calls, same
/// answers. Threads: safe, one internal lock.
class FRYS_API LoadPredictor {
 public:
  /// Options out of their range are moved to its nearer end.
  explicit LoadPredictor(const LoadPredictorOptions& options = {});
  ~LoadPredictor();
  LoadPredictor(LoadPredictor&&) noexcept;
  LoadPredictor& operator=(LoadPredictor&&) noexcept;

  /// Predicts one step. Never fails: without knowledge, what was requested, what first steps of
  /// other types needed, or the defaults. Cost: O(window), microseconds; no state is changed.
  /// Sources: Witt et al., "Learning low-wastage memory allocations for scientific workflows at
  /// IceCube", 2019; Bader et al., "Sizey", 2024 (choosing the model by what it would have wasted).
  [[nodiscard]] LoadPrediction predict(const LoadQuery& query) const noexcept;

  /// How much to give a step of this type that ran out of memory with `failed_bytes`: twice that,
  /// or the largest peak of the type if that is more; at most `limit_bytes`. Equals `failed_bytes`
  /// only when there is no more to give. Cost: O(1).
  [[nodiscard]] std::size_t retry_bytes(std::string_view step_type, std::size_t failed_bytes,
                                        std::size_t limit_bytes) const noexcept;

  /// Learns from one step. Errors: invalid_argument (empty type, non-finite or negative
  /// input_size; nothing is learned), out_of_memory. Cost: O(window · log window).
  Status observe(const LoadSample& sample) noexcept;

  /// How well it did so far, beside the trivial predictors in the same run. Cost: O(1).
  [[nodiscard]] LoadFigures figures() const noexcept;

  /// Every type, by name. Cost: O(types).
  [[nodiscard]] std::vector<LoadTypeSummary> types() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace frys
