// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>

#include "report/format.hpp"
#include "report/sections.hpp"
#include "text/words.hpp"

namespace crew {
namespace {

constexpr std::size_t most_clusters = 12;  ///< Shown at first; the rest unfolds.

std::string listed(const std::vector<std::string>& names, std::size_t most, const char* between) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i) {
    text += (i == 0 ? "" : between) + escape(names[i]);
  }
  if (names.size() > most) text += std::string(between) + "…";
  return text;
}

/// The kinds of the steps, each once, in order: "read", "centre", …
std::vector<std::string> kinds_of(const std::vector<std::string>& steps) {
  std::vector<std::string> kinds;
  for (const std::string& step : steps) {
    const std::string kind = role_of(step);
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) kinds.push_back(kind);
  }
  return kinds;
}

std::string plan_sentence(const PlanRow& plan) {
  std::string text =
      "Asked after " + format_duration(static_cast<double>(plan.asked_ns)) + ", with " +
      counted(plan.steps_left, "step") + " to come, the scheduler foresaw <b>" +
      format_duration(static_cast<double>(plan.least_makespan_ns)) + "</b> of work at least";
  if (!plan.critical_steps.empty()) {
    text += ", the longest way through " + listed(kinds_of(plan.critical_steps), 9, " → ");
  }
  if (plan.ready_bytes > 0) {
    text += ", and made " + format_bytes(static_cast<double>(plan.ready_bytes)) + " ready ahead";
  }
  return text + ". ";
}

/// The words of an answer that its question asked for, marked.
std::string marked(const std::string& text, const std::string& question) {
  std::vector<std::string> asked;
  for_each_word(question, [&](std::size_t, std::string_view word) {
    if (word.size() > 4) asked.push_back(lower_case(word));
  });
  std::string html;
  std::size_t done = 0;
  for_each_word(text, [&](std::size_t at, std::string_view word) {
    if (std::find(asked.begin(), asked.end(), lower_case(word)) == asked.end()) return;
    html += escape(std::string_view(text).substr(done, at - done)) + "<mark>" + escape(word) +
            "</mark>";
    done = at + word.size();
  });
  return html + escape(std::string_view(text).substr(done));
}

std::string terms_of(const ClusterRow& cluster) {
  std::string html = "<span class=\"terms\">";
  for (std::size_t i = 0; i < cluster.terms.size(); ++i) {
    const std::string term = escape(cluster.terms[i]);
    html += (i == 0 ? "" : " · ") + (i < 3 ? "<b>" + term + "</b>" : term);
  }
  return html + "</span>";
}

std::string cluster_row(const ClusterRow& cluster, double most) {
  const double length = 90 * static_cast<double>(cluster.passages) / std::max(most, 1.0);
  return "<tr><td>" + terms_of(cluster) +
         "</td><td><i class=\"meter\" style=\"width:" + format_fixed(length, 0) + "px\"></i>" +
         format_count(cluster.passages) + "</td><td class=\"number\">" +
         format_percent(cluster.agreement) + "</td><td class=\"number\">" +
         format_fixed(cluster.cohesion, 2) + "</td><td><span class=\"where\">" +
         escape(cluster.where) + "</span><br><span class=\"excerpt\">" + escape(cluster.text) +
         "</span></td></tr>\n";
}

}  // namespace

std::string collaboration_section(const Runs& runs) {
  std::string html =
      "<h2>How the agents worked together</h2>\n<p class=\"why\">The graph as the collaboration "
      "detector saw it, from the hand-offs alone. A line is as wide as the bytes that went along "
      "it; above the gaps, what crossed them. Red goes back.</p>\n";
  for (const RunSummary& run : latest_two(runs)) {
    html += "<h3>Run " + std::to_string(run.run) + ": " + pattern_words(run.pattern) +
            ", with a confidence of " + format_percent(run.pattern_confidence) + "</h3>\n" +
            collaboration_chart(run);
    html += "<p class=\"why\">";
    for (const PlanRow& plan : run.plans) {
      if (plan.steps_left > 0) html += plan_sentence(plan);
    }
    html += "</p>\n";
  }
  return html;
}

std::string sharing_section(const RunSummary& run) {
  return "<h2>Bytes shared, bytes copied</h2>\n<p class=\"why\">Tensors changed hands <b>" +
         format_count(run.hand_offs) + "</b> times; <b>" + format_count(run.same_memory) +
         "</b> times giver and taker held the very same memory. Copies would have moved <b>" +
         format_bytes(static_cast<double>(run.shared_bytes)) +
         "</b>. Bytes between agents below include the text itself, which readers keep in host "
         "memory. What is kept there of tensors is copied: labels that the clusterer revises, "
         "and the centres that go into the store.</p>\n" +
         sharing_chart(run);
}

std::string clusters_section(const RunSummary& run) {
  double most = 0;
  for (const ClusterRow& cluster : run.clusters) {
    most = std::max(most, static_cast<double>(cluster.passages));
  }
  std::string html = "<h2>What the folder is about</h2>\n<p class=\"why\">" +
                     counted(run.clusters.size(), "cluster") + " after " +
                     counted(run.rounds, "round") + " of review" +
                     (run.warm_start ? ", begun from what an earlier run had settled on" : "") +
                     ". The critic: “" + escape(run.verdict) + "”" +
                     ". Agreement is the share of the passages’ nearest neighbours that are in the "
                     "same cluster, cohesion their mean cosine to its centre.</p>\n";
  html +=
      "<div class=\"scroll\"><table><thead><tr><th>Key terms</th><th "
      "style=\"width:150px\">Passages</th>"
      "<th class=\"number\">Agreement</th><th class=\"number\">Cohesion</th>"
      "<th style=\"width:42%\">In its middle</th></tr></thead><tbody>\n";
  const std::size_t shown = std::min(run.clusters.size(), most_clusters);
  for (std::size_t c = 0; c < shown; ++c) html += cluster_row(run.clusters[c], most);
  html += "</tbody></table></div>\n";
  if (shown == run.clusters.size()) return html;
  html += "<details><summary>" + counted(run.clusters.size() - shown, "smaller cluster") +
          "</summary>\n<div class=\"scroll\"><table><tbody>\n";
  for (std::size_t c = shown; c < run.clusters.size(); ++c) {
    html += cluster_row(run.clusters[c], most);
  }
  return html + "</tbody></table></div></details>\n";
}

std::string duplicates_section(const RunSummary& run) {
  std::string html = "<h2>Said twice</h2>\n";
  if (run.duplicates.empty()) {
    return html + "<p class=\"why\">No two passages are nearly the same.</p>\n";
  }
  html +=
      "<p class=\"why\">Passages in different places that are nearly the same.</p>\n"
      "<div class=\"scroll\"><table><thead><tr><th>Likeness</th><th "
      "style=\"width:34%\">Where</th><th>What</th></tr></thead>"
      "<tbody>\n";
  for (const DuplicateRow& row : run.duplicates) {
    html += "<tr><td>" + format_fixed(row.similarity, 2) + "</td><td class=\"where\">" +
            listed(row.where, 6, "<br>") + "</td><td class=\"excerpt\">" + escape(row.text) +
            "</td></tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string answers_section(const RunSummary& run) {
  if (run.answers.empty()) return {};
  std::string html =
      "<h2>Asked and found</h2>\n<p class=\"why\">The passages nearest to each "
      "question, by the cosine of their vectors.</p>\n";
  std::string question;
  for (const AnswerRow& row : run.answers) {
    if (row.question != question) {
      html += (question.empty() ? "" : "</tbody></table>\n") +
              ("<p class=\"question\">" + escape(row.question) + "</p>\n<table><tbody>\n");
      question = row.question;
    }
    html += "<tr><td class=\"number\" style=\"width:56px\">" + format_fixed(row.score, 2) +
            "</td><td><span class=\"where\">" + escape(row.where) +
            "</span><br><span class=\"excerpt\">" + marked(row.text, question) +
            "</span></td></tr>\n";
  }
  return html + "</tbody></table>\n";
}

std::string closing_section(const RunSummary& run) {
  std::string html =
      "<footer><p>Folder " + escape(run.folder) + ". Vectors by " + escape(run.embedder) + ". ";
  if (run.skipped > 0) {
    html += counted(run.skipped, "file") + (run.skipped == 1 ? " was" : " were") + " left out: ";
    for (std::size_t i = 0; i < run.skipped_files.size(); ++i) {
      html += (i == 0 ? "" : "; ") + escape(run.skipped_files[i].first) + " (" +
              escape(run.skipped_files[i].second) + ")";
    }
    html += run.skipped > run.skipped_files.size() ? "; and others. " : ". ";
  }
  return html + "The store holds " + counted(run.experiences_after, "experience") +
         " now.</p></footer>\n";
}

}  // namespace crew
