// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>

#include "report/charts.hpp"
#include "report/format.hpp"
#include "report/graph_layout.hpp"
#include "report/svg.hpp"

namespace crew {
namespace {

constexpr double width = 1080;
constexpr double node_width = 84;
constexpr double node_height = 24;
constexpr double row_pitch = 40;
constexpr double top = 70;

/// Where everything is drawn.
struct Canvas {
  const GraphLayout& layout;
  double pitch = 0;   ///< Between columns.
  double height = 0;  ///< Of the rows.

  [[nodiscard]] Point centre(const std::string& agent) const {
    const std::size_t column = layout.column_of.at(agent);
    const auto rows = static_cast<double>(layout.columns[column].size());
    const double first = top + (height - rows * row_pitch) / 2 + row_pitch / 2;
    return {node_width / 2 + 8 + pitch * static_cast<double>(column),
            first + row_pitch * static_cast<double>(layout.row_of.at(agent))};
  }
};

std::string describe(const EdgeRow& edge) {
  return edge.from + " → " + edge.to + "\n" + format_bytes(static_cast<double>(edge.bytes)) +
         " in " + counted(edge.messages, "message");
}

/// A neighbour's edge is a smooth step to the right; a longer one dives below the rows.
void draw_edge(Svg& svg, const Canvas& canvas, const EdgeRow& edge, double most_bytes) {
  const auto from_column = canvas.layout.column_of.at(edge.from);
  const auto to_column = canvas.layout.column_of.at(edge.to);
  const double stroke = 1 + 9 * std::sqrt(static_cast<double>(edge.bytes) / most_bytes);
  Point a = canvas.centre(edge.from);
  Point b = canvas.centre(edge.to);
  std::string data;
  if (to_column == from_column + 1) {
    a.x += node_width / 2;
    b.x -= node_width / 2;
    const double bend = (b.x - a.x) / 2;
    data = "M" + pair(a) + " C" + pair({a.x + bend, a.y}) + " " + pair({b.x - bend, b.y}) + " " +
           pair(b);
  } else {
    const bool back = to_column <= from_column;
    const double side = back ? -1 : 1;
    const double depth =
        back ? top - 8 : top + canvas.height + 9 * static_cast<double>(to_column - from_column);
    a.y += side * node_height / 2;
    b.y += side * node_height / 2;
    data = "M" + pair(a) + " C" + pair({a.x, depth}) + " " + pair({b.x, depth}) + " " + pair(b);
  }
  const bool back = to_column <= from_column;
  const bool far = to_column > from_column + 1;
  svg.path(data, back ? "edge back" : far ? "edge far" : "edge", stroke, describe(edge));
}

void draw_group(Svg& svg, const Canvas& canvas, const GroupRow& group) {
  if (group.agents.size() < 2) return;
  double x0 = width;
  double x1 = 0;
  double y0 = 1e9;
  double y1 = 0;
  for (const std::string& agent : group.agents) {
    if (!canvas.layout.column_of.contains(agent)) return;
    const Point at = canvas.centre(agent);
    x0 = std::min(x0, at.x - node_width / 2);
    x1 = std::max(x1, at.x + node_width / 2);
    y0 = std::min(y0, at.y - node_height / 2);
    y1 = std::max(y1, at.y + node_height / 2);
  }
  const std::string words = pattern_words(group.pattern);
  svg.rect(x0 - 7, y0 - 9, x1 - x0 + 14, y1 - y0 + 18, 10, "group",
           words + ", confidence " + format_percent(group.confidence));
  svg.text({(x0 + x1) / 2, y0 - 16}, words, "note", Anchor::middle);
}

/// Above each gap between columns: what crosses it from one to the next.
void label_gaps(Svg& svg, const Canvas& canvas, const RunSummary& run) {
  constexpr double y = 14;
  for (std::size_t column = 0; column + 1 < canvas.layout.columns.size(); ++column) {
    std::uint64_t bytes = 0;
    for (const EdgeRow& edge : run.edges) {
      const auto from = canvas.layout.column_of.find(edge.from);
      const auto to = canvas.layout.column_of.find(edge.to);
      if (from == canvas.layout.column_of.end() || to == canvas.layout.column_of.end()) continue;
      if (from->second == column && to->second == column + 1) bytes += edge.bytes;
    }
    const double x = canvas.centre(canvas.layout.columns[column].front()).x + canvas.pitch / 2;
    svg.text({x, y}, format_bytes(static_cast<double>(bytes)), "tick", Anchor::middle);
  }
}

}  // namespace

std::string pattern_words(const std::string& pattern) {
  std::string words = pattern;
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

std::string collaboration_chart(const RunSummary& run) {
  const GraphLayout layout = lay_out(run.agents, run.edges);
  const auto columns = static_cast<double>(layout.columns.size());
  Canvas canvas{layout};
  canvas.pitch = columns > 1 ? (width - node_width - 16) / (columns - 1) : 0;
  canvas.height = row_pitch * static_cast<double>(layout.most_rows);
  const double below = top + canvas.height + 44;
  Svg svg(width, below, "Who handed how much to whom: " + pattern_words(run.pattern));
  double most_bytes = 1;
  for (const EdgeRow& edge : run.edges) {
    most_bytes = std::max(most_bytes, static_cast<double>(edge.bytes));
  }
  for (const GroupRow& group : run.groups) draw_group(svg, canvas, group);
  for (const EdgeRow& edge : run.edges) {
    const bool known = layout.column_of.contains(edge.from) && layout.column_of.contains(edge.to);
    if (known && edge.from != edge.to) draw_edge(svg, canvas, edge, most_bytes);
  }
  for (const std::string& agent : run.agents) {
    const Point at = canvas.centre(agent);
    svg.rect(at.x - node_width / 2, at.y - node_height / 2, node_width, node_height, 12,
             "node " + role_class(agent), agent);
    svg.text({at.x, at.y + 4}, agent, "label", Anchor::middle);
  }
  label_gaps(svg, canvas, run);
  return svg.finish();
}

}  // namespace crew
