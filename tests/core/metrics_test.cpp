// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/core/metrics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "frys/core/random.hpp"

namespace frys {
namespace {

TEST(MetricsRegistry, GivesOneMetricAName) {
  MetricsRegistry registry;
  registry.counter("a_total").add(2);
  registry.counter("a_total").add();
  registry.gauge("b_bytes").set(-5);
  registry.histogram("c").record(1000);
  EXPECT_EQ(registry.counter("a_total").value(), 3U);
  EXPECT_EQ(registry.to_prometheus(),
            "a_total 3\nb_bytes -5\nc_count 1\nc_p50_ns 1023\nc_p99_ns 1023\n");
}

TEST(MetricsRegistry, CountsFromManyThreads) {
  MetricsRegistry registry;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) registry.counter("hits_total").add();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(registry.counter("hits_total").value(), 4000U);
}

TEST(MetricsRegistry, AsksItsSourcesAndAddsThemUp) {
  MetricsRegistry registry;
  registry.counter("b_total").add(2);
  int asked = 0;
  const auto first = registry.add_source([&](std::vector<MetricSample>& samples) {
    ++asked;
    samples.push_back({"c_bytes", 10});
    samples.push_back({"a_bytes", 1});
  });
  const auto second = registry.add_source(
      [](std::vector<MetricSample>& samples) { samples.push_back({"c_bytes", 5}); });
  EXPECT_EQ(registry.to_prometheus(), "a_bytes 1\nb_total 2\nc_bytes 15\n");
  registry.remove_source(first);
  registry.remove_source(first);
  EXPECT_EQ(registry.to_prometheus(), "b_total 2\nc_bytes 5\n");
  registry.remove_source(second);
  EXPECT_EQ(registry.to_prometheus(), "b_total 2\n");
  EXPECT_EQ(asked, 1);
}

TEST(LatencyHistogram, QuantilesAreRightToAnEighth) {
  SeededRandom random(7);
  LatencyHistogram histogram;
  std::vector<std::int64_t> values;
  for (int i = 0; i < 20000; ++i) {
    values.push_back(static_cast<std::int64_t>(random.next_below(1ULL << random.next_below(50))));
    histogram.record(values.back());
  }
  std::sort(values.begin(), values.end());
  for (const double q : {0.0, 0.01, 0.5, 0.9, 0.99, 1.0}) {
    const auto exact = values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))];
    const std::int64_t estimate = histogram.quantile_ns(q);
    EXPECT_GE(estimate, exact) << q;
    EXPECT_LE(static_cast<double>(estimate), 1.125 * static_cast<double>(exact) + 1) << q;
  }
}

TEST(LatencyHistogram, HoldsTheExtremes) {
  LatencyHistogram histogram;
  EXPECT_EQ(histogram.quantile_ns(0.5), 0);
  histogram.record(-3);
  histogram.record(INT64_MAX);
  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_EQ(histogram.quantile_ns(0.0), 0);
  EXPECT_EQ(histogram.quantile_ns(1.0), INT64_MAX);
  EXPECT_EQ(histogram.occupied().size(), 2U);
}

}  // namespace
}  // namespace frys
