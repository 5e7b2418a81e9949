// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>

#include "report/charts.hpp"
#include "report/format.hpp"
#include "report/svg.hpp"
#include "run/figures.hpp"

namespace crew {
namespace {

constexpr double width = 1080;
constexpr double label_width = 84;
constexpr double panel_width = 380;
constexpr double truth_width = 108;  ///< Right of each panel: what the truth was.
constexpr double top = 46;
constexpr double row_height = 17;  ///< Of one run of one type.
constexpr double type_gap = 12;

/// Which of a step's two predictions a panel is about.
struct Panel {
  const char* title;
  double left;
  double (*predicted)(const StepRow&);
  double (*actual)(const StepRow&);
  std::string (*words)(double);
};

double predicted_bytes(const StepRow& step) { return static_cast<double>(step.predicted_bytes); }
double actual_bytes(const StepRow& step) { return static_cast<double>(step.peak_bytes); }
double predicted_ns(const StepRow& step) { return static_cast<double>(step.predicted_ns); }
double actual_ns(const StepRow& step) { return static_cast<double>(step.end_ns - step.start_ns); }

Scale ratio_scale(const Panel& panel) {
  return {0.01, 100, panel.left + 10, panel.left + panel_width - 10, true};
}

void draw_axis(Svg& svg, const Panel& panel, double bottom) {
  const Scale x = ratio_scale(panel);
  svg.text({panel.left + 10, 14}, panel.title, "heading");
  const struct {
    double ratio;
    const char* words;
  } ticks[] = {
      {0.01, "100× less"}, {0.1, "10×"}, {1, "as it was"}, {10, "10×"}, {100, "100× more"}};
  for (const auto& tick : ticks) {
    svg.line({x(tick.ratio), top - 8}, {x(tick.ratio), bottom}, tick.ratio == 1 ? "mark" : "grid");
    svg.text({x(tick.ratio), top - 14}, tick.words, "tick",
             tick.ratio < 0.05   ? Anchor::start
             : tick.ratio > 50.0 ? Anchor::end
                                 : Anchor::middle);
  }
  svg.text({panel.left + panel_width + 4, top - 14}, "truth, mean", "tick");
}

void draw_step(Svg& svg, const Panel& panel, const StepRow& step, double y,
               const std::string& css) {
  const double actual = panel.actual(step);
  const double predicted = panel.predicted(step);
  if (actual <= 0) return;
  const std::string tooltip =
      step.name + ": predicted " + panel.words(predicted) + ", was " + panel.words(actual);
  const Scale x = ratio_scale(panel);
  if (predicted <= 0) {
    svg.circle({x.from - 4, y}, 3, "unknown " + css, step.name + ": no prediction was made");
  } else {
    svg.circle({x(predicted / actual), y}, 4, "dot " + css, tooltip);
  }
}

/// One run's row of one type: its steps as dots, the mean truth beside them.
void draw_row(Svg& svg, const Panel& panel, const RunSummary& run, const std::string& type,
              double y, const std::string& css) {
  double sum = 0;
  double count = 0;
  for (const StepRow& step : run.steps) {
    if (step.type != type) continue;
    draw_step(svg, panel, step, y, css);
    sum += panel.actual(step);
    count += 1;
  }
  if (count > 0) {
    svg.text({panel.left + panel_width + 4, y + 4}, sum > 0 ? panel.words(sum / count) : "none",
             "value " + css);
  }
}

std::vector<std::string> types_of(const Runs& runs) {
  std::vector<std::string> types;
  for (const TypeFigures& type : figures_by_type(runs.back())) types.push_back(type.type);
  return types;
}

}  // namespace

std::string prediction_chart(const Runs& runs) {
  const double second = label_width + panel_width + truth_width;
  const Panel panels[] = {{"Memory: predicted, against what was used", label_width,
                           &predicted_bytes, &actual_bytes, &format_bytes},
                          {"Run time: predicted, against what it took", second, &predicted_ns,
                           &actual_ns, &format_duration}};
  const std::vector<std::string> types = types_of(runs);
  const double type_height = row_height * static_cast<double>(runs.size()) + type_gap;
  const double bottom = top + type_height * static_cast<double>(types.size()) - type_gap + 4;
  Svg svg(width, bottom + 6, "Prediction against truth by type of step");
  for (const Panel& panel : panels) draw_axis(svg, panel, bottom);
  for (std::size_t t = 0; t < types.size(); ++t) {
    const double y = top + type_height * static_cast<double>(t);
    svg.text({label_width - 6, y + type_height / 2}, types[t], "label", Anchor::end);
    if (t > 0) svg.line({8, y - type_gap / 2}, {width, y - type_gap / 2}, "lane");
    for (std::size_t r = 0; r < runs.size(); ++r) {
      for (const Panel& panel : panels) {
        const double middle = y + row_height * (static_cast<double>(r) + 0.5);
        draw_row(svg, panel, runs[r], types[t], middle, run_class(runs, r));
      }
    }
  }
  return svg.finish();
}

}  // namespace crew
