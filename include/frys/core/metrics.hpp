// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Counters, gauges and latency histograms in one registry, read by the host when it likes.
//
//   frys::Counter& stored = registry.counter("frys_experience_stored_total");
//   stored.add(1);
//   std::string text = registry.to_prometheus();

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "frys/core/export.hpp"
#include "frys/core/function.hpp"

namespace frys {

/// Only ever grows. Threads: safe. Cost: one relaxed atomic add.
class Counter {
 public:
  void add(std::uint64_t amount = 1) noexcept {
    value_.fetch_add(amount, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t value() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// Goes up and down. Threads: safe. Cost: one relaxed atomic operation.
class Gauge {
 public:
  void set(std::int64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
  void add(std::int64_t amount) noexcept { value_.fetch_add(amount, std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t value() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::int64_t> value_{0};
};

/// A histogram of durations in log-linear buckets (eight an octave, as in HdrHistogram), so that a
/// quantile is right to 12.5 %. Threads: safe. Cost of `record`: one relaxed add, no allocation.
class FRYS_API LatencyHistogram {
 public:
  void record(std::int64_t duration_ns) noexcept;
  [[nodiscard]] std::uint64_t count() const noexcept;
  /// The upper edge in ns of the bucket that holds quantile `q` in [0, 1]; 0 when empty.
  [[nodiscard]] std::int64_t quantile_ns(double q) const noexcept;

  static constexpr std::size_t buckets = 8 * 62;
  /// Occupied buckets as (upper edge in ns, count), ascending.
  [[nodiscard]] std::vector<std::pair<std::int64_t, std::uint64_t>> occupied() const;

 private:
  std::array<std::atomic<std::uint64_t>, buckets> counts_{};
};

/// One value of a snapshot.
struct MetricSample {
  std::string name;
  double value;
};

/// Owns metrics by name. Names follow Prometheus (`frys_<part>_<what>_<unit>`), labels are part of
/// the name as `name{label="x"}`. A metric's address is stable as long as the registry.
/// Threads: safe. Cost of a look-up: a lock and a hash; keep the reference.
class FRYS_API MetricsRegistry {
 public:
  MetricsRegistry();
  ~MetricsRegistry();
  MetricsRegistry(const MetricsRegistry&) = delete;
  MetricsRegistry& operator=(const MetricsRegistry&) = delete;

  Counter& counter(std::string_view name);
  Gauge& gauge(std::string_view name);
  LatencyHistogram& histogram(std::string_view name);

  /// Adds to each snapshot what is too dear to be counted as it happens. It is called by who takes
  /// the snapshot, one at a time, and must not take one itself. Returns what `remove_source` needs.
  std::uint64_t add_source(UniqueFunction<void(std::vector<MetricSample>&)> source);
  /// When this returns, the source is not running and never will again.
  void remove_source(std::uint64_t source) noexcept;

  /// Every metric, sorted by name; a histogram gives `_count`, `_p50_ns`, `_p99_ns`. What sources
  /// give under one name is added up.
  [[nodiscard]] std::vector<MetricSample> snapshot() const;
  /// The snapshot in Prometheus' text format, one `name value` a line.
  [[nodiscard]] std::string to_prometheus() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace frys
