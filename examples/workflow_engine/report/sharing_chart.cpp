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
constexpr double left = 210;
constexpr double row_height = 22;
constexpr std::size_t most_rows = 9;

struct Flow {
  std::string name;
  double bytes = 0;
  std::uint64_t messages = 0;
};

/// Edges summed by role, the largest first.
std::vector<Flow> flows_of(const RunSummary& run) {
  std::map<std::string, Flow> by_name;
  for (const EdgeRow& edge : run.edges) {
    if (edge.from == edge.to) continue;
    Flow& flow = by_name[role_of(edge.from) + " → " + role_of(edge.to)];
    flow.bytes += static_cast<double>(edge.bytes);
    flow.messages += edge.messages;
  }
  std::vector<Flow> flows;
  for (auto& [name, flow] : by_name) {
    flow.name = name;
    flows.push_back(std::move(flow));
  }
  std::stable_sort(flows.begin(), flows.end(),
                   [](const Flow& a, const Flow& b) { return a.bytes > b.bytes; });
  if (flows.size() > most_rows) flows.resize(most_rows);
  return flows;
}

void draw_copies(Svg& svg, const Scale& x, double y, const char* name, std::uint64_t copies,
                 std::uint64_t bytes) {
  const auto copied = static_cast<double>(bytes);
  svg.text({left - 12, y + 14}, name, "label", Anchor::end);
  const double length = copies > 0 ? std::max(x(copied) - left, 1.0) : 0;
  if (copies > 0) svg.rect(left, y + 3, length, row_height - 8, 2, "bar role-critic");
  svg.text({left + length + 8, y + 14},
           copies == 0 ? "nothing"
                       : format_bytes(copied) + " in " + format_count(copies) +
                             (copies == 1 ? " copy" : " copies"),
           "value strong");
}

}  // namespace

std::string sharing_chart(const RunSummary& run) {
  const std::vector<Flow> flows = flows_of(run);
  const double bottom = 8 + row_height * static_cast<double>(flows.size());
  Svg svg(width, bottom + 2 * row_height + 14, "Bytes handed on between roles, and bytes copied");
  const double most = flows.empty() ? 1 : std::max(flows.front().bytes, 1.0);
  const Scale x{0, most, left, width - 230};
  double y = 8;
  for (const Flow& flow : flows) {
    const std::string from = flow.name.substr(0, flow.name.find(' '));
    svg.text({left - 12, y + 14}, flow.name, "label", Anchor::end);
    const double length = std::max(x(flow.bytes) - left, 1.0);
    svg.rect(left, y + 3, length, row_height - 8, 2, "bar " + role_class(from), flow.name);
    svg.text({left + length + 8, y + 14},
             format_bytes(flow.bytes) + " in " + counted(flow.messages, "message"), "value");
    y += row_height;
  }
  svg.line({8, y + 5}, {width, y + 5}, "lane");
  y += 10;
  draw_copies(svg, x, y, "copied on the way", run.copies, run.copied_bytes);
  draw_copies(svg, x, y + row_height, "kept in host memory", run.host_copies,
              run.host_copied_bytes);
  return svg.finish();
}

}  // namespace crew
