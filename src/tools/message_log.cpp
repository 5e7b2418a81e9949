// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tools/message_log.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <map>
#include <string_view>
#include <utility>

namespace frys::tools {
namespace {

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> cells;
  std::size_t begin = 0;
  while (true) {
    const std::size_t tab = line.find('\t', begin);
    cells.push_back(line.substr(begin, tab - begin));
    if (tab == std::string::npos) return cells;
    begin = tab + 1;
  }
}

struct Columns {
  std::size_t dataset, trace, label, kind, agent, target, chars;
};
constexpr std::size_t absent = static_cast<std::size_t>(-1);

Status broken(const std::string& path, std::size_t line, std::string_view field,
              const std::string& what) {
  return Status(ErrorCode::invalid_argument, path + ":" + std::to_string(line) + ": field \"" +
                                                 std::string(field) + "\": " + what);
}

Result<Columns> find_columns(const std::string& path, const std::vector<std::string>& header) {
  const auto column = [&](std::string_view name) {
    const auto at = std::find(header.begin(), header.end(), name);
    return at == header.end() ? absent : static_cast<std::size_t>(at - header.begin());
  };
  for (const std::string_view name : {"dataset", "trace", "kind", "agent", "target"}) {
    if (column(name) == absent) return broken(path, 1, name, "is missing from the header");
  }
  return Columns{column("dataset"), column("trace"),  column("pattern_label"), column("kind"),
                 column("agent"),   column("target"), column("chars")};
}

std::optional<LoggedMove> move_of(const std::vector<std::string>& cells, const Columns& columns) {
  const std::string& kind = cells[columns.kind];
  const std::string& agent = cells[columns.agent];
  if (agent.empty() || kind == "phase_start") return std::nullopt;
  LoggedMove move{agent, cells[columns.target], 0};
  if (move.to == "*") move.to.clear();
  if (kind == "thought" || kind == "terminate") move.to = agent;
  if (columns.chars != absent) {
    const std::string& chars = cells[columns.chars];
    std::from_chars(chars.data(), chars.data() + chars.size(), move.bytes);  // Else it stays 0.
  }
  return move;
}

}  // namespace

Result<std::vector<LoggedTrace>> read_message_log(const std::string& path) {
  errno = 0;
  std::ifstream file(path);
  std::string line;
  if (!file || !std::getline(file, line)) {
    const std::string why = errno != 0 ? std::strerror(errno) : "it is empty";
    return Status(ErrorCode::io_error, path + ": cannot be read: " + why);
  }
  if (line.ends_with('\r')) line.pop_back();
  const std::vector<std::string> header = split(line);
  const Result<Columns> columns = find_columns(path, header);
  if (!columns) return columns.error();

  std::vector<LoggedTrace> traces;
  std::map<std::pair<std::string, std::string>, std::size_t> index;
  for (std::size_t number = 2; std::getline(file, line); ++number) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty()) continue;
    const std::vector<std::string> cells = split(line);
    if (cells.size() != header.size()) {
      return broken(path, number, header[std::min(cells.size(), header.size() - 1)],
                    "the header has " + std::to_string(header.size()) + " columns, the line " +
                        std::to_string(cells.size()));
    }
    if (cells[columns->trace].empty()) return broken(path, number, "trace", "is empty");
    const auto [at, fresh] =
        index.try_emplace({cells[columns->dataset], cells[columns->trace]}, traces.size());
    if (fresh) {
      traces.push_back({cells[columns->dataset],
                        cells[columns->trace],
                        columns->label == absent ? "" : cells[columns->label],
                        {}});
    }
    if (auto move = move_of(cells, *columns)) traces[at->second].moves.push_back(*std::move(move));
  }
  return traces;
}

std::optional<CollaborationPattern> pattern_of_label(const std::string& label) {
  struct Word {
    std::string_view part;
    CollaborationPattern pattern;
  };
  // In this order: "pipeline+review_loop" is a pipeline whose stages are loops.
  constexpr Word words[] = {
      {"pipeline", CollaborationPattern::pipeline},
      {"sequential", CollaborationPattern::pipeline},
      {"debate", CollaborationPattern::debate},
      {"mesh", CollaborationPattern::debate},
      {"group_chat", CollaborationPattern::group_chat},
      {"supervisor", CollaborationPattern::hub},
      {"tool_loop", CollaborationPattern::hub},
      {"hub", CollaborationPattern::hub},
      {"star", CollaborationPattern::hub},
      {"reflection", CollaborationPattern::review_loop},
      {"review", CollaborationPattern::review_loop},
      {"scatter", CollaborationPattern::scatter_gather},
      {"fan_out", CollaborationPattern::scatter_gather},
      {"map_reduce", CollaborationPattern::scatter_gather},
      {"solo", CollaborationPattern::solo},
      {"single", CollaborationPattern::solo},
  };
  for (const Word& word : words) {
    if (label.find(word.part) != std::string::npos) return word.pattern;
  }
  return std::nullopt;
}

}  // namespace frys::tools
