// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <array>
#include <cstdio>

#include "tools/arguments.hpp"
#include "tools/collaboration_score.hpp"
#include "tools/message_log.hpp"

namespace frys::tools {
namespace {

struct Figure {
  const char* key;
  const char* heading;
  Share DatasetScore::* share;
};

constexpr std::array<Figure, 9> figures = {{
    {"pattern", "frys", &DatasetScore::pattern_right},
    {"pattern_nearest_neighbour", "nn", &DatasetScore::pattern_neighbour},
    {"pattern_nearest_neighbour_same_dataset", "nn same", &DatasetScore::pattern_neighbour_same},
    {"pattern_long", "frys >=4", &DatasetScore::long_right},
    {"pattern_long_nearest_neighbour", "nn >=4", &DatasetScore::long_neighbour},
    {"pattern_long_nearest_neighbour_same_dataset", "same >=4", &DatasetScore::long_neighbour_same},
    {"next", "frys", &DatasetScore::next_right},
    {"next_top3", "frys top3", &DatasetScore::next_top3},
    {"next_nearest_neighbour", "nn", &DatasetScore::next_neighbour},
}};

constexpr const char* notes = R"(
pattern  share of traces whose labelled pattern is named. nn: nearest neighbour on counts, trained
         on the other datasets (one dataset left out at a time). nn same: trained on every other
         trace, so it may know a dataset by the way its log is written: label and log format are
         confounded. The detector is not trained; its rules were written with public logs in view.
         >=4: traces of at least four moves; shorter ones often do not show their pattern.
next     share of changes of agent that were foreseen within a trace, from its beginning on.
         nn: who followed the same agent the last time.
mean     over datasets, each counting the same.
)";

void print_text(const std::vector<DatasetScore>& scores) {
  std::printf("%-20s %-14s %6s | %-59s | %s\n", "", "", "", "pattern", "next agent");
  std::printf("%-20s %-14s %6s |", "dataset", "pattern", "traces");
  for (const Figure& figure : figures) {
    std::printf("%s%10s", figure.share == &DatasetScore::next_right ? " |" : "", figure.heading);
  }
  std::printf("\n");
  const auto row = [&](const char* name, const char* pattern, std::size_t traces, auto value) {
    std::printf("%-20.20s %-14s %6zu |", name, pattern, traces);
    for (const Figure& figure : figures) {
      const char* bar = figure.share == &DatasetScore::next_right ? " |" : "";
      std::printf("%s%10.4f", bar, value(figure));
    }
    std::printf("\n");
  };
  std::size_t traces = 0;
  for (const DatasetScore& score : scores) {
    traces += score.traces;
    row(score.dataset.c_str(), score.pattern.empty() ? "(unknown)" : score.pattern.c_str(),
        score.traces, [&](const Figure& figure) { return (score.*figure.share).value(); });
  }
  row("mean", "", traces,
      [&](const Figure& figure) { return mean_over_datasets(scores, figure.share); });
  std::fputs(notes, stdout);
}

void print_json(const std::vector<DatasetScore>& scores) {
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> json(buffer);
  json.SetIndent(' ', 2);
  json.StartObject();
  json.Key("datasets");
  json.StartArray();
  for (const DatasetScore& score : scores) {
    json.StartObject();
    json.Key("dataset");
    json.String(score.dataset.c_str());
    json.Key("pattern_label");
    json.String(score.pattern.c_str());
    json.Key("traces");
    json.Uint64(score.traces);
    for (const Figure& figure : figures) {
      json.Key(figure.key);
      json.Double((score.*figure.share).value());
    }
    json.EndObject();
  }
  json.EndArray();
  json.Key("mean");
  json.StartObject();
  for (const Figure& figure : figures) {
    json.Key(figure.key);
    json.Double(mean_over_datasets(scores, figure.share));
  }
  json.EndObject();
  json.EndObject();
  std::printf("%s\n", buffer.GetString());
}

}  // namespace

int collaboration_command(const std::vector<std::string>& words) {
  const Result<Arguments> given = parse_arguments(words, {{"--json", false}});
  if (!given) return complain(given.error().message());
  if (given->operands.size() != 1) return complain("collaboration needs exactly one file");
  const auto traces = read_message_log(given->operands[0]);
  if (!traces) {
    std::fprintf(stderr, "%s\n", std::string(traces.error().message()).c_str());
    return exit_bad_input;
  }
  const auto scores = score_collaboration(*traces);
  if (given->has("--json")) {
    print_json(scores);
  } else {
    print_text(scores);
  }
  return exit_ok;
}

}  // namespace frys::tools
