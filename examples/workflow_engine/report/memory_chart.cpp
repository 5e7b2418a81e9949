// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>

#include "report/charts.hpp"
#include "report/format.hpp"
#include "report/svg.hpp"

namespace crew {
namespace {

constexpr double width = 530;
constexpr double height = 220;
constexpr double left = 58;
constexpr double right = 84;
constexpr double top = 12;
constexpr double bottom = 196;

/// The samples summed by role, in order of the agents' first appearance.
struct Series {
  std::string role;
  std::vector<double> bytes;  ///< By sample.
};

std::vector<Series> by_role(const RunSummary& run) {
  std::vector<Series> series;
  for (std::size_t agent = 0; agent < run.agents.size(); ++agent) {
    const std::string role = role_of(run.agents[agent]);
    auto found =
        std::find_if(series.begin(), series.end(), [&](const Series& s) { return s.role == role; });
    if (found == series.end()) {
      series.push_back({role, std::vector<double>(run.memory.size(), 0)});
      found = series.end() - 1;
    }
    for (std::size_t i = 0; i < run.memory.size(); ++i) {
      if (agent < run.memory[i].live_bytes.size()) {
        found->bytes[i] += static_cast<double>(run.memory[i].live_bytes[agent]);
      }
    }
  }
  return series;
}

void draw_axes(Svg& svg, const Scale& x, const Scale& y) {
  const double step = round_step(y.high / (1 << 20), 4);
  for (double mib = 0; mib <= y.high / (1 << 20) * 1.0001; mib += step) {
    const double at = y(mib * (1 << 20));
    svg.line({left, at}, {width - right, at}, "grid");
    svg.text({left - 8, at + 4}, format_fixed(mib, step < 1 ? 1 : 0) + " MiB", "tick", Anchor::end);
  }
  const double step_ms = round_step(x.high / 1e6, 4);
  for (double ms = 0; ms <= x.high / 1e6 * 1.0001; ms += step_ms) {
    svg.text({x(ms * 1e6), bottom + 16}, format_tick_ms(ms), "tick", Anchor::middle);
  }
}

/// The area between what lies below and that plus the series.
std::string area(const RunSummary& run, const Scale& x, const Scale& y,
                 const std::vector<double>& below, const std::vector<double>& above) {
  std::string data;
  for (std::size_t i = 0; i < above.size(); ++i) {
    data += (i == 0 ? "M" : "L") +
            pair({x(static_cast<double>(run.memory[i].time_ns)), y(above[i])}) + " ";
  }
  for (std::size_t i = below.size(); i-- > 0;) {
    data += "L" + pair({x(static_cast<double>(run.memory[i].time_ns)), y(below[i])}) + " ";
  }
  return data + "Z";
}

/// A label's place beside the right edge, kept apart from the one before it.
struct Labels {
  double last = 1e9;
  double place(double wanted) { return last = std::min(wanted, last - 13); }
};

}  // namespace

double most_live_bytes(const RunSummary& run) {
  double most = 0;
  for (const MemorySample& sample : run.memory) {
    double sum = 0;
    for (const std::uint64_t bytes : sample.live_bytes) sum += static_cast<double>(bytes);
    most = std::max(most, sum);
  }
  return most;
}

std::string memory_chart(const RunSummary& run, std::int64_t end_ns, double most_bytes) {
  const Scale x{0, static_cast<double>(end_ns), left, width - right};
  const Scale y{0, std::max(most_bytes * 1.08, 1.0), bottom, top};
  Svg svg(width, height, "Live tensor memory of run " + std::to_string(run.run) + " by role");
  draw_axes(svg, x, y);
  std::vector<double> below(run.memory.size(), 0);
  Labels labels;
  const std::size_t last = run.memory.empty() ? 0 : run.memory.size() - 1;
  const double end = run.memory.empty() ? left : x(static_cast<double>(run.memory[last].time_ns));
  for (const Series& series : by_role(run)) {
    std::vector<double> above = below;
    double most = 0;
    for (std::size_t i = 0; i < above.size(); ++i) {
      above[i] += series.bytes[i];
      most = std::max(most, series.bytes[i]);
    }
    if (most == 0 || run.memory.empty()) continue;
    svg.path(area(run, x, y, below, above), "area " + role_class(series.role), 0,
             series.role + ": at most " + format_bytes(most));
    if (most * 20 > y.high) {
      const double middle = (below[last] + above[last]) / 2;
      svg.text({end + 6, labels.place(y(middle) + 4)}, series.role, "label");
    }
    below = std::move(above);
  }
  return svg.finish();
}

}  // namespace crew
