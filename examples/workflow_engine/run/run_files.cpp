// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Where runs are kept: DIR/runs/run-0001.txt and so on.

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

#include "run/run_summary.hpp"
#include "text/corpus.hpp"

namespace crew {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> run_files(const std::string& data_folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(fs::path(data_folder) / "runs", error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("run-") && name.ends_with(".txt")) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// 12 for run-0012.txt; 0 when there is no number in the name.
std::int64_t number_of(const fs::path& file) {
  const std::string name = file.filename().string();
  std::int64_t number = 0;
  std::from_chars(name.data() + std::string_view("run-").size(), name.data() + name.size(), number);
  return number;
}

frys::Result<RunSummary> load_run(const fs::path& file) {
  const frys::Result<std::string> text = read_file(file.string());
  if (!text) return text.error();
  return from_text(*text);
}

}  // namespace

frys::Status save_run(const std::string& data_folder, const RunSummary& run) {
  const fs::path folder = fs::path(data_folder) / "runs";
  std::error_code error;
  fs::create_directories(folder, error);
  char name[32];
  std::snprintf(name, sizeof(name), "run-%04lld.txt", static_cast<long long>(run.run));
  const fs::path unfinished = folder / "unfinished";
  std::ofstream file(unfinished, std::ios::binary);
  file << to_text(run);
  file.close();
  if (file) fs::rename(unfinished, folder / name, error);
  if (!file || error) {
    return frys::Status(frys::ErrorCode::io_error, "the run can't be written to \"" +
                                                       (folder / name).string() + "\"" +
                                                       (error ? ": " + error.message() : ""));
  }
  return {};
}

KeptRuns load_runs(const std::string& data_folder, std::size_t count) {
  KeptRuns kept;
  std::vector<fs::path> files = run_files(data_folder);
  for (const fs::path& file : files) kept.next = std::max(kept.next, number_of(file) + 1);
  if (files.size() > count) files.erase(files.begin(), files.end() - static_cast<long>(count));
  for (const fs::path& file : files) {
    frys::Result<RunSummary> run = load_run(file);
    if (run) {
      kept.runs.push_back(*std::move(run));
    } else {
      kept.unreadable.push_back(file.string() + ": " + std::string(run.error().message()));
    }
  }
  return kept;
}

}  // namespace crew
