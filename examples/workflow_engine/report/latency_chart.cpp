// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>

#include "report/charts.hpp"
#include "report/format.hpp"
#include "report/svg.hpp"

namespace crew {
namespace {

constexpr double width = 1080;
constexpr double left = 136;
constexpr double right = 250;
constexpr double top = 30;
constexpr double row_height = 62;
constexpr double low_ns = 50;
constexpr double high_ns = 5e7;
constexpr int parts_a_decade = 6;

const Latency* find(const RunSummary& run, const std::string& name) {
  for (const Latency& latency : run.latencies) {
    if (latency.name == name) return &latency;
  }
  return nullptr;
}

/// Shares of all calls by equal parts of the logarithmic axis.
std::vector<double> shares(const Latency& latency) {
  const int parts = static_cast<int>(std::log10(high_ns / low_ns) * parts_a_decade + 0.5);
  std::vector<double> counts(static_cast<std::size_t>(parts), 0);
  double total = 0;
  for (const auto& [edge_ns, count] : latency.buckets) {
    const double place =
        std::log10(static_cast<double>(std::max<std::int64_t>(edge_ns, 1)) / low_ns) *
        parts_a_decade;
    counts[static_cast<std::size_t>(std::clamp(place, 0.0, parts - 1.0))] +=
        static_cast<double>(count);
    total += static_cast<double>(count);
  }
  for (double& count : counts) count /= std::max(total, 1.0);
  return counts;
}

/// The outline of a histogram standing on `base`, closed along it.
std::string outline(const std::vector<double>& parts, const Scale& x, double base, double tall) {
  const double most = *std::max_element(parts.begin(), parts.end());
  const double step = (x.to - x.from) / static_cast<double>(parts.size());
  std::string data = "M" + pair({x.from, base});
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const double y = base - tall * parts[i] / std::max(most, 1e-9);
    const double from = x.from + step * static_cast<double>(i);
    data += " L" + pair({from, y}) + " L" + pair({from + step, y});
  }
  return data + " L" + pair({x.to, base}) + " Z";
}

void draw_axis(Svg& svg, const Scale& x, double bottom) {
  for (double ns = 100; ns <= high_ns; ns *= 10) {
    svg.line({x(ns), top - 6}, {x(ns), bottom}, "grid");
    svg.text({x(ns), top - 12}, format_duration(ns), "tick", Anchor::middle);
  }
  svg.text({width - right + 26, top - 12}, "half took less than", "tick");
  svg.text({width - 4, top - 12}, "99 of 100", "tick", Anchor::end);
}

}  // namespace

std::string latency_chart(const Runs& runs) {
  const std::vector<Latency>& kinds = runs.back().latencies;
  const double bottom = top + row_height * static_cast<double>(kinds.size());
  const Scale x{low_ns, high_ns, left, width - right, true};
  Svg svg(width, bottom + 4, "How long calls took");
  draw_axis(svg, x, bottom);
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    const double base = top + row_height * static_cast<double>(k + 1);
    svg.line({left, base}, {width - right, base}, "lane");
    svg.text({left - 12, base - 22}, kinds[k].name, "label", Anchor::end);
    double y = base - 8 - 16 * static_cast<double>(runs.size() - 1);
    for (std::size_t r = 0; r < runs.size(); ++r, y += 16) {
      const Latency* latency = find(runs[r], kinds[k].name);
      if (latency == nullptr) continue;
      const std::string css = run_class(runs, r);
      svg.path(outline(shares(*latency), x, base, row_height - 16), "histogram " + css, 0,
               "run " + std::to_string(runs[r].run));
      svg.text({width - right + 26, y}, format_duration(static_cast<double>(latency->p50_ns)),
               "value " + css);
      svg.text({width - 4, y}, format_duration(static_cast<double>(latency->p99_ns)),
               "value " + css, Anchor::end);
    }
  }
  return svg.finish();
}

}  // namespace crew
