// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>

#include "report/charts.hpp"
#include "report/format.hpp"
#include "report/svg.hpp"

namespace crew {
namespace {

constexpr double width = 530;
constexpr double strip_height = 34;
constexpr double row_height = 15;
constexpr double label_width = 62;
constexpr double figure_width = 92;

double bytes_of(std::uint64_t blocks, const BlocksRow& row) {
  return static_cast<double>(blocks) * static_cast<double>(row.block_bytes);
}

double sum(const std::vector<std::uint64_t>& bytes) {
  double all = 0;
  for (const std::uint64_t each : bytes) all += static_cast<double>(each);
  return all;
}

/// From the first address to the last: used at the bottom of each cell, ready above it.
void draw_segment(Svg& svg, const SegmentRow& row, double y) {
  const Scale x{0, static_cast<double>(row.extent_bytes), 0, width};
  const double bottom = y + strip_height;
  svg.rect(0, y, width, strip_height, 0, "lane-back");
  for (std::size_t i = 0; i < std::min(row.used_bytes.size(), row.ready_bytes.size()); ++i) {
    const double begin = static_cast<double>(row.cell_bytes) * static_cast<double>(i);
    const double from = x(begin);
    const double across = x(begin + static_cast<double>(row.cell_bytes)) - from;
    const Scale height{0, static_cast<double>(row.cell_bytes), 0, strip_height};
    const double used = height(static_cast<double>(row.used_bytes[i]));
    const double ready = height(static_cast<double>(row.ready_bytes[i]));
    const std::string words = format_bytes(static_cast<double>(row.used_bytes[i])) + " used, " +
                              format_bytes(static_cast<double>(row.ready_bytes[i])) + " ready";
    if (ready > 0) {
      svg.rect(from, bottom - used - ready, across, ready, 0, "bar run-early apart", words);
    }
    if (used > 0) svg.rect(from, bottom - used, across, used, 0, "bar run-latest apart", words);
  }
}

/// Bytes in blocks of one kind.
struct Bar {
  std::string label;
  double live;
  double free;
  std::string words;
};

std::vector<Bar> bars_of(const RunSummary& run) {
  std::vector<Bar> bars;
  for (const BlocksRow& row : run.blocks) {
    bars.push_back(
        {format_bytes(static_cast<double>(row.block_bytes)), bytes_of(row.live_blocks, row),
         bytes_of(row.cached_blocks, row),
         format_count(row.live_blocks) + " live, " + format_count(row.cached_blocks) + " free"});
  }
  const auto large = static_cast<double>(run.large_block_bytes);
  if (large > 0) bars.push_back({"larger", large, 0, format_bytes(large) + " live"});
  return bars;
}

void draw_bar(Svg& svg, const Bar& bar, const Scale& x, double y) {
  const double live = x(bar.live) - x.from;
  const double free = x(bar.free) - x.from;
  svg.text({x.from - 8, y + 11}, bar.label, "tick", Anchor::end);
  if (live > 0) svg.rect(x.from, y + 2, live, row_height - 5, 0, "bar run-latest");
  if (free > 0) svg.rect(x.from + live, y + 2, free, row_height - 5, 0, "bar run-early");
  svg.text({x.from + live + free + 6, y + 11}, bar.words, "tick");
}

}  // namespace

std::string arena_chart(const RunSummary& run) {
  const std::vector<Bar> bars = bars_of(run);
  double most = 1;
  for (const Bar& bar : bars) most = std::max(most, bar.live + bar.free);
  const double strips = (strip_height + 26) * static_cast<double>(run.segments.size());
  Svg svg(width, strips + row_height * static_cast<double>(bars.size()) + 6,
          "Where the tensor blocks of run " + std::to_string(run.run) + " lay");
  double y = 0;
  for (const SegmentRow& row : run.segments) {
    svg.text({0, y + 12},
             format_bytes(static_cast<double>(row.extent_bytes)) +
                 " of addresses: " + format_bytes(sum(row.used_bytes)) + " used, " +
                 format_bytes(sum(row.ready_bytes)) + " ready for the next",
             "tick");
    draw_segment(svg, row, y + 18);
    y += strip_height + 26;
  }
  const Scale x{0, most, label_width, width - figure_width};
  for (const Bar& bar : bars) {
    draw_bar(svg, bar, x, y);
    y += row_height;
  }
  return svg.finish();
}

}  // namespace crew
