// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>

#include "report/format.hpp"
#include "report/sections.hpp"
#include "run/figures.hpp"

namespace crew {
namespace {

std::string run_name(const RunSummary& run) { return "run " + std::to_string(run.run); }

std::string folder_name(const RunSummary& run) {
  const std::size_t slash = run.folder.find_last_of('/');
  const std::string name = slash == std::string::npos ? run.folder : run.folder.substr(slash + 1);
  return name.empty() ? run.folder : name;
}

std::string rounds(std::uint64_t count) {
  return count == 1 ? "one round" : counted(count, "round");
}

/// What the prediction errors of a run leave out, in words; empty when that is nothing.
std::string left_out(const RunSummary& run, std::uint64_t steps) {
  if (steps == 0) return {};
  std::string types;
  for (const std::string& type : run.new_types) types += (types.empty() ? "" : ", ") + escape(type);
  return " Left out of the predictions: " + counted(steps, "step") +
         " of a type never seen before (" + types + ").";
}

/// The sentence that compares the last run with the one before it.
std::string comparison(const RunSummary& before, const RunSummary& after) {
  const Figures then = figures_of(before);
  const Figures now = figures_of(after);
  std::string text = "<p class=\"lede\">";
  if (after.experiences_before == 0) {
    text += before.experiences_before == 0
                ? "Both runs began with an empty experience store"
                : "The experience store was emptied after " + run_name(before);
    return text + ": the later run had nothing to learn from.</p>";
  }
  text += "<b>Run " + std::to_string(after.run) + "</b> began with the " +
          format_count(after.experiences_before) +
          " experiences that earlier runs had left. Its "
          "memory predictions were off by <b>" +
          format_percent(now.memory_error) + "</b> (" + run_name(before) + ": " +
          format_percent(then.memory_error) + "), <b>" + format_count(now.first_touch_pages) +
          "</b> tensor pages faulted at their first use (" + format_count(then.first_touch_pages) +
          "), and the critic was content after <b>" + rounds(after.rounds) + "</b> (" +
          rounds(before.rounds) + ").";
  return text + left_out(after, now.new_steps) + "</p>";
}

std::string tile(const Runs& runs, const std::string& title, const std::string& meaning,
                 double (*value)(const RunSummary&), std::string (*words)(double)) {
  std::vector<double> values;
  std::vector<std::string> labels;
  for (const RunSummary& run : runs) {
    values.push_back(value(run));
    labels.push_back(words(values.back()));
  }
  return "<div class=\"tile\"><h3>" + title + "</h3><p>" + meaning + "</p>" +
         figure_bars(runs, values, labels, title) + "</div>\n";
}

std::string whole(double value) { return format_count(static_cast<std::uint64_t>(value)); }

std::int64_t longest(const Runs& runs) {
  std::int64_t end_ns = 1;
  for (const RunSummary& run : runs) end_ns = std::max(end_ns, run.wall_ns);
  return end_ns;
}

std::string key(const Runs& runs) {
  std::string text;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    text += "<span class=\"" + run_class(runs, i) + "\"><i class=\"key\"></i></span>" +
            run_name(runs[i]) + "&ensp;";
  }
  return text;
}

/// Runs that were kept before this was noted have no picture.
std::string arena_section(const Runs& shown) {
  std::string pictures;
  for (const RunSummary& run : shown) {
    if (run.segments.empty()) continue;
    pictures +=
        "<div><h3>Run " + std::to_string(run.run) + "</h3>\n" + arena_chart(run) + "</div>\n";
  }
  if (pictures.empty()) return {};
  return "<h3>Where the blocks lay when most were live</h3>\n<p class=\"why\">The pool’s addresses "
         "from end to end, and the blocks they are cut into: "
         "<span class=\"run-latest\"><i class=\"key\"></i></span>used&ensp;"
         "<span class=\"run-early\"><i class=\"key\"></i></span>free, and touched before. Free "
         "blocks that threads keep count as used above.</p>\n<div class=\"pair\">\n" +
         pictures + "</div>\n";
}

}  // namespace

Runs latest_two(const Runs& runs) {
  if (runs.size() <= 2) return runs;
  return {runs[runs.size() - 2], runs.back()};
}

std::string opening_section(const Runs& runs) {
  const RunSummary& last = runs.back();
  std::string html =
      "<h1>A crew of " + counted(last.agents.size(), "agent") + " reads “" +
      escape(folder_name(last)) + "”</h1>\n<p class=\"facts\">" + counted(last.files, "file") +
      " · " + format_bytes(static_cast<double>(last.text_bytes)) + " of text · " +
      counted(last.passages, "passage") + " · " + counted(last.clusters.size(), "cluster") + " · " +
      counted(last.cores, "core") + ", " + escape(last.simd) + " · run " +
      std::to_string(last.run) + ", " + format_time(last.started_wall_ns) + "</p>\n";
  if (runs.size() > 1) return html + comparison(runs[runs.size() - 2], last);
  return html +
         "<p class=\"lede\">This is the first run: nothing was known of the folder. Run it again "
         "over the same data, and the crew starts with what this run has learned.</p>";
}

std::string figures_section(const Runs& runs) {
  std::string html = "<section class=\"tiles\">\n";
  html += tile(
      runs, "Memory prediction error",
      "Σ |predicted − used| ÷ Σ used; once a crew has experience, over the types of step it knows",
      [](const RunSummary& run) { return figures_of(run).memory_error; },
      [](double value) { return format_percent(value); });
  html += tile(
      runs, "Tensor pages faulted", "not made ready before their first use",
      [](const RunSummary& run) { return static_cast<double>(figures_of(run).first_touch_pages); },
      &whole);
  html += tile(
      runs, "Run time prediction error", "Σ |predicted − actual| ÷ Σ actual, over the same steps",
      [](const RunSummary& run) { return figures_of(run).time_error; },
      [](double value) { return format_percent(value); });
  html += tile(
      runs, "Rounds of review", "until the critic was content with the clusters",
      [](const RunSummary& run) { return static_cast<double>(run.rounds); }, &whole);
  html += tile(
      runs, "Time", "from handing the work in to the end",
      [](const RunSummary& run) { return static_cast<double>(run.wall_ns); },
      [](double value) { return format_duration(value); });
  html += tile(
      runs, "Copied between agents", "while agents handed each other tensors",
      [](const RunSummary& run) { return static_cast<double>(run.copied_bytes); },
      [](double value) { return format_bytes(value); });
  return html + "</section>\n";
}

std::string timeline_section(const Runs& runs) {
  const Runs shown = latest_two(runs);
  std::string html =
      "<h2>Who worked when</h2>\n<p class=\"why\">One lane an agent; a dotted line is "
      "a step that waits for a free core.</p>\n";
  for (const RunSummary& run : shown) {
    html += "<h3>Run " + std::to_string(run.run) + "</h3>\n" + timeline_chart(run, longest(shown));
  }
  return html;
}

std::string memory_section(const Runs& runs) {
  const Runs shown = latest_two(runs);
  double most = 0;
  for (const RunSummary& run : shown) most = std::max(most, most_live_bytes(run));
  std::string html =
      "<h2>Memory by scope</h2>\n<p class=\"why\">Live tensor bytes in the agents’ "
      "scopes. What an agent has published stays charged to it until the workflow "
      "ends, also when another agent writes on.</p>\n<div class=\"pair\">\n";
  for (const RunSummary& run : shown) {
    html += "<div><h3>Run " + std::to_string(run.run) + ", at most " +
            format_bytes(most_live_bytes(run)) + "</h3>\n" +
            memory_chart(run, longest(shown), most) + "</div>\n";
  }
  return html + "</div>\n" + arena_section(shown);
}

std::string prediction_section(const Runs& runs) {
  const Runs shown = latest_two(runs);
  return "<h2>Prediction against truth</h2>\n<p class=\"why\">" + key(shown) +
         "One dot a step, on the line when the prediction was right. A hollow dot at the left "
         "edge: nothing was predicted.</p>\n" +
         prediction_chart(shown);
}

std::string latency_section(const Runs& runs) {
  const Runs shown = latest_two(runs);
  return "<h2>How long calls took</h2>\n<p class=\"why\">" + key(shown) +
         "Each histogram is as tall as its own commonest value. Tensors come from pools; "
         "experiences from the store on disk, found through an index in memory.</p>\n" +
         latency_chart(shown);
}

}  // namespace crew
