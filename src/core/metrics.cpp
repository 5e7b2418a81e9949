// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/core/metrics.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <functional>
#include <map>
#include <mutex>

namespace frys {
namespace {

constexpr int sub_bits = 3;  // Eight buckets an octave.

// Values below 8 have a bucket each; above, the bucket is the octave and the three bits after the
// leading one.
std::size_t bucket_of(std::uint64_t value) noexcept {
  if (value < (1U << sub_bits)) return value;
  const int octave = std::bit_width(value) - 1;
  const std::uint64_t sub = (value >> (octave - sub_bits)) & ((1U << sub_bits) - 1);
  return (static_cast<std::size_t>(octave - sub_bits + 1) << sub_bits) + sub;
}

std::int64_t upper_edge(std::size_t bucket) noexcept {
  if (bucket < (1U << sub_bits)) return static_cast<std::int64_t>(bucket);
  const int shift = static_cast<int>(bucket >> sub_bits) - 1;
  const std::uint64_t sub = bucket & ((1U << sub_bits) - 1);
  const std::uint64_t next = ((1ULL << sub_bits) + sub + 1) << shift;
  return static_cast<std::int64_t>(std::min<std::uint64_t>(next - 1, INT64_MAX));
}

}  // namespace

void LatencyHistogram::record(std::int64_t duration_ns) noexcept {
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(duration_ns, 0));
  const std::size_t bucket = std::min(bucket_of(value), buckets - 1);
  counts_[bucket].fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t LatencyHistogram::count() const noexcept {
  std::uint64_t total = 0;
  for (const auto& count : counts_) total += count.load(std::memory_order_relaxed);
  return total;
}

std::int64_t LatencyHistogram::quantile_ns(double q) const noexcept {
  const std::uint64_t total = count();
  if (total == 0) return 0;
  const double clamped = std::clamp(q, 0.0, 1.0);
  const auto wanted = static_cast<std::uint64_t>(clamped * static_cast<double>(total - 1)) + 1;
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < buckets; ++bucket) {
    seen += counts_[bucket].load(std::memory_order_relaxed);
    if (seen >= wanted) return upper_edge(bucket);
  }
  return upper_edge(buckets - 1);
}

std::vector<std::pair<std::int64_t, std::uint64_t>> LatencyHistogram::occupied() const {
  std::vector<std::pair<std::int64_t, std::uint64_t>> result;
  for (std::size_t bucket = 0; bucket < buckets; ++bucket) {
    const std::uint64_t count = counts_[bucket].load(std::memory_order_relaxed);
    if (count != 0) result.emplace_back(upper_edge(bucket), count);
  }
  return result;
}

namespace {

bool by_name(const MetricSample& a, const MetricSample& b) { return a.name < b.name; }

// Leaves one sample a name.
void add_up(std::vector<MetricSample>& samples) {
  std::sort(samples.begin(), samples.end(), by_name);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (kept != 0 && samples[kept - 1].name == samples[i].name) {
      samples[kept - 1].value += samples[i].value;
    } else {
      if (kept != i) samples[kept] = std::move(samples[i]);
      ++kept;
    }
  }
  samples.erase(samples.begin() + static_cast<std::ptrdiff_t>(kept), samples.end());
}

}  // namespace

struct MetricsRegistry::Impl {
  template <typename Metric>
  using Table = std::map<std::string, std::unique_ptr<Metric>, std::less<>>;

  template <typename Metric>
  Metric& find_or_make(Table<Metric>& table, std::string_view name) {
    const std::lock_guard lock(mutex);
    auto found = table.find(name);
    if (found == table.end()) {
      found = table.emplace(std::string(name), std::make_unique<Metric>()).first;
    }
    return *found->second;
  }

  mutable std::mutex mutex;
  Table<Counter> counters;
  Table<Gauge> gauges;
  Table<LatencyHistogram> histograms;

  /// Held while sources run, so not the other.
  mutable std::mutex sources_mutex;
  std::map<std::uint64_t, UniqueFunction<void(std::vector<MetricSample>&)>> sources;
  std::uint64_t sources_added = 0;
};

MetricsRegistry::MetricsRegistry() : impl_(std::make_unique<Impl>()) {}
MetricsRegistry::~MetricsRegistry() = default;

Counter& MetricsRegistry::counter(std::string_view name) {
  return impl_->find_or_make(impl_->counters, name);
}
Gauge& MetricsRegistry::gauge(std::string_view name) {
  return impl_->find_or_make(impl_->gauges, name);
}
LatencyHistogram& MetricsRegistry::histogram(std::string_view name) {
  return impl_->find_or_make(impl_->histograms, name);
}

std::uint64_t MetricsRegistry::add_source(UniqueFunction<void(std::vector<MetricSample>&)> source) {
  const std::lock_guard lock(impl_->sources_mutex);
  impl_->sources.emplace(++impl_->sources_added, std::move(source));
  return impl_->sources_added;
}

void MetricsRegistry::remove_source(std::uint64_t source) noexcept {
  const std::lock_guard lock(impl_->sources_mutex);
  impl_->sources.erase(source);
}

std::vector<MetricSample> MetricsRegistry::snapshot() const {
  std::vector<MetricSample> samples;
  {
    const std::lock_guard lock(impl_->sources_mutex);
    for (auto& [number, source] : impl_->sources) source(samples);
  }
  add_up(samples);
  {
    const std::lock_guard lock(impl_->mutex);
    for (const auto& [name, metric] : impl_->counters) {
      samples.push_back({name, static_cast<double>(metric->value())});
    }
    for (const auto& [name, metric] : impl_->gauges) {
      samples.push_back({name, static_cast<double>(metric->value())});
    }
    for (const auto& [name, metric] : impl_->histograms) {
      samples.push_back({name + "_count", static_cast<double>(metric->count())});
      samples.push_back({name + "_p50_ns", static_cast<double>(metric->quantile_ns(0.50))});
      samples.push_back({name + "_p99_ns", static_cast<double>(metric->quantile_ns(0.99))});
    }
  }
  std::sort(samples.begin(), samples.end(), by_name);
  return samples;
}

std::string MetricsRegistry::to_prometheus() const {
  std::string text;
  for (const MetricSample& sample : snapshot()) {
    char number[32];  // to_chars, not printf: the host's locale must not change the dot.
    const auto end = std::to_chars(number, number + sizeof number, sample.value).ptr;
    text.append(sample.name).append(" ").append(number, end).append("\n");
  }
  return text;
}

}  // namespace frys
