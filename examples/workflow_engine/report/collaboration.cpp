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
constexpr double dive = 9;  ///< How much deeper a far edge goes for each column that it spans.

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

/// Edges leave and arrive at the sides of the boxes, so that none crosses another box of its
/// column. A neighbour's edge is a smooth step; a longer one dives below the rows.
void draw_forward(Svg& svg, const Canvas& canvas, const EdgeRow& edge, std::size_t span,
                  double stroke) {
  Point a = canvas.centre(edge.from);
  Point b = canvas.centre(edge.to);
  a.x += node_width / 2;
  b.x -= node_width / 2;
  const double bend = (canvas.pitch - node_width) / 2;
  const double depth = top + canvas.height + dive * static_cast<double>(span);
  const Point after_a = {a.x + bend, span > 1 ? depth : a.y};
  const Point before_b = {b.x - bend, span > 1 ? depth : b.y};
  svg.path("M" + pair(a) + " C" + pair(after_a) + " " + pair(before_b) + " " + pair(b),
           span > 1 ? "edge far" : "edge", stroke, describe(edge));
}

/// What is sent back goes over the rows.
void draw_back(Svg& svg, const Canvas& canvas, const EdgeRow& edge, double stroke) {
  Point a = canvas.centre(edge.from);
  Point b = canvas.centre(edge.to);
  a.y -= node_height / 2;
  b.y -= node_height / 2;
  svg.path("M" + pair(a) + " C" + pair({a.x, top - 8}) + " " + pair({b.x, top - 8}) + " " + pair(b),
           "edge back", stroke, describe(edge));
}

void draw_edge(Svg& svg, const Canvas& canvas, const EdgeRow& edge, double most_bytes) {
  const std::size_t from = canvas.layout.column_of.at(edge.from);
  const std::size_t to = canvas.layout.column_of.at(edge.to);
  const double stroke = 1 + 9 * std::sqrt(static_cast<double>(edge.bytes) / most_bytes);
  if (to > from) {
    draw_forward(svg, canvas, edge, to - from, stroke);
  } else {
    draw_back(svg, canvas, edge, stroke);
  }
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
  Svg svg(width, top + canvas.height + dive * columns,
          "Who handed how much to whom: " + pattern_words(run.pattern));
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
