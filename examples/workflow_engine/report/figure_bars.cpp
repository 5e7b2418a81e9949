// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>

#include "report/charts.hpp"
#include "report/svg.hpp"

namespace crew {

std::string run_class(const Runs& runs, std::size_t index) {
  return index + 1 == runs.size() && runs.size() > 1 ? "run-latest" : "run-early";
}

std::string figure_bars(const Runs& runs, const std::vector<double>& values,
                        const std::vector<std::string>& labels, const std::string& title) {
  constexpr double width = 330;
  constexpr double row_height = 24;
  Svg svg(width, row_height * static_cast<double>(runs.size()) + 2, title);
  const double most = *std::max_element(values.begin(), values.end());
  const Scale x{0, most > 0 ? most : 1, 48, width - 96};
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const double y = row_height * static_cast<double>(i);
    const std::string css = run_class(runs, i);
    svg.text({0, y + 16}, "run " + std::to_string(runs[i].run), "value " + css);
    const double length = std::max(x(values[i]) - 48, values[i] > 0 ? 2.0 : 1.0);
    svg.rect(48, y + 4, length, row_height - 9, 2, "bar " + css);
    svg.text({48 + length + 8, y + 16}, labels[i], "figure " + css);
  }
  return svg.finish();
}

}  // namespace crew
