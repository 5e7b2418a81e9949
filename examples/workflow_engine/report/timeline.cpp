// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <map>

#include "report/charts.hpp"
#include "report/format.hpp"
#include "report/svg.hpp"

namespace crew {
namespace {

constexpr double width = 1080;
constexpr double left = 104;
constexpr double right = 14;
constexpr double lane_height = 19;
constexpr double bar_height = 12;
constexpr double top = 8;

std::string describe(const StepRow& step) {
  std::string text = step.name + " by " + step.agent;
  if (step.iteration > 0) text += ", round " + std::to_string(step.iteration + 1);
  const auto runtime = static_cast<double>(step.end_ns - step.start_ns);
  text += "\nran " + format_duration(runtime) + ", predicted " +
          (step.predicted_ns > 0 ? format_duration(static_cast<double>(step.predicted_ns))
                                 : std::string("nothing"));
  text += "\nused " + format_bytes(static_cast<double>(step.peak_bytes)) + " of " +
          format_bytes(static_cast<double>(step.given_bytes)) + " given, predicted " +
          format_bytes(static_cast<double>(step.predicted_bytes));
  return text;
}

void draw_axis(Svg& svg, const Scale& x, double bottom) {
  const double span_ms = x.high / 1e6;
  const double step_ms = round_step(span_ms, 8);
  for (double ms = 0; ms <= span_ms * 1.0001; ms += step_ms) {
    const double at = x(ms * 1e6);
    svg.line({at, top}, {at, bottom}, "grid");
    svg.text({at, bottom + 15}, format_tick_ms(ms), "tick",
             ms == 0 ? Anchor::start : Anchor::middle);
  }
}

/// From when a step could have begun to when it did.
void draw_waiting(Svg& svg, const Scale& x, const StepRow& step, double y) {
  const double queued = x(static_cast<double>(std::max<std::int64_t>(step.queued_ns, 0)));
  const double start = x(static_cast<double>(step.start_ns));
  if (start - queued > 1) svg.line({queued, y}, {start, y}, "wait");
}

}  // namespace

std::string timeline_chart(const RunSummary& run, std::int64_t end_ns) {
  const double bottom = top + lane_height * static_cast<double>(run.agents.size());
  const Scale x{0, static_cast<double>(end_ns), left, width - right};
  Svg svg(width, bottom + 22, "Timeline of run " + std::to_string(run.run) + ", agents as lanes");
  draw_axis(svg, x, bottom);
  std::map<std::string, double> lanes;
  for (std::size_t i = 0; i < run.agents.size(); ++i) {
    const double y = top + lane_height * static_cast<double>(i);
    lanes[run.agents[i]] = y;
    svg.text({left - 10, y + 13}, run.agents[i], "label", Anchor::end);
    svg.line({left, y + lane_height}, {width - right, y + lane_height}, "lane");
  }
  for (const StepRow& step : run.steps) {
    const auto lane = lanes.find(step.agent);
    if (lane != lanes.end()) draw_waiting(svg, x, step, lane->second + lane_height / 2);
  }
  for (const StepRow& step : run.steps) {
    const auto lane = lanes.find(step.agent);
    if (lane == lanes.end()) continue;
    const double y = lane->second + (lane_height - bar_height) / 2;
    const double start = x(static_cast<double>(step.start_ns));
    const double length = std::max(x(static_cast<double>(step.end_ns)) - start, 1.5);
    svg.rect(start, y, length, bar_height, 2,
             (length > 4 ? "bar apart " : "bar ") + role_class(step.agent), describe(step));
  }
  const double end = x(static_cast<double>(run.wall_ns));
  svg.line({end, top - 4}, {end, bottom}, "mark");
  const bool near_end = end > width - 150;
  svg.text({near_end ? end - 6 : end + 6, top + 10},
           "done after " + format_duration(static_cast<double>(run.wall_ns)), "note",
           near_end ? Anchor::end : Anchor::start);
  return svg.finish();
}

}  // namespace crew
