// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "report/html_report.hpp"

#include <filesystem>
#include <fstream>
#include <system_error>

#include "report/sections.hpp"
#include "report/style.hpp"

namespace crew {

std::string html_report(const Runs& runs) {
  const RunSummary& last = runs.back();
  std::string html =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>Document crew, run " +
      std::to_string(last.run) + "</title>\n<style>" + std::string(style_sheet) +
      "</style>\n</head>\n<body>\n<main>\n";
  html += opening_section(runs);
  html += figures_section(runs);
  html += timeline_section(runs);
  html += collaboration_section(runs);
  html += memory_section(runs);
  html += prediction_section(runs);
  html += sharing_section(last);
  html += latency_section(runs);
  html += clusters_section(last);
  html += duplicates_section(last);
  html += answers_section(last);
  html += closing_section(last);
  return html + "</main>\n</body>\n</html>\n";
}

frys::Status write_report(const std::string& path, const Runs& runs) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path parent = fs::path(path).parent_path();
  if (!parent.empty()) fs::create_directories(parent, error);
  std::ofstream file(path, std::ios::binary);
  file << html_report(runs);
  file.close();
  if (!file) {
    return frys::Status(frys::ErrorCode::io_error, "the report can't be written to \"" + path +
                                                       "\"; name a file in a folder that is yours");
  }
  return {};
}

}  // namespace crew
