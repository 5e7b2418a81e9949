// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tools/store_files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "tools/experience_json.hpp"

namespace frys::tools {
namespace {

constexpr std::size_t batch_rows = 256;  ///< Stored at one go.

/// Lines that wait to be stored together.
class Batch {
 public:
  Batch(ExperienceStore& store, const std::string& path) : store_(store), path_(path) {}
  Status add(Experience experience, std::size_t line) {
    rows_.push_back(std::move(experience));
    lines_.push_back(line);
    return rows_.size() == batch_rows ? store() : Status();
  }
  /// All of them, or where one is refused those before it.
  Status store() {
    if (rows_.empty()) return {};
    const std::vector<Experience> rows = std::exchange(rows_, {});
    const std::vector<std::size_t> lines = std::exchange(lines_, {});
    if (store_.store_many(rows)) return {};
    for (std::size_t i = 0; i < rows.size(); ++i) {
      Status status = store_.store(rows[i]).status();
      if (!status.ok()) return status.with_context(path_ + ":" + std::to_string(lines[i]));
    }
    return {};
  }

 private:
  ExperienceStore& store_;
  const std::string& path_;
  std::vector<Experience> rows_;
  std::vector<std::size_t> lines_;
};

bool is_blank(const std::string& line) {
  return std::all_of(line.begin(), line.end(),
                     [](char c) { return c == ' ' || c == '\t' || c == '\r'; });
}

Status cannot(const char* what, const std::string& path) {
  return {ErrorCode::io_error, path + " can't be " + what + ": " + std::strerror(errno)};
}

}  // namespace

Result<StoreOverview> look_over(const ExperienceStore& store) {
  StoreOverview overview;
  const ExperienceStoreStats stats = store.stats();
  overview.experiences = stats.experiences;
  overview.dimension = stats.dimension;
  const Status status = for_each_row(store, {.limit = 65536}, [&](const ScanRow& row) {
    ++overview.outcomes[static_cast<int>(row.outcome)];
    if (row.started_at_ns == 0) return Status();
    const bool first = overview.last_started_ns == 0;
    overview.first_started_ns =
        first ? row.started_at_ns : std::min(overview.first_started_ns, row.started_at_ns);
    overview.last_started_ns =
        first ? row.started_at_ns : std::max(overview.last_started_ns, row.started_at_ns);
    return Status();
  });
  if (!status.ok()) return status;
  return overview;
}

Result<ReadRows> read_rows(const ExperienceStore& store, const ScanQuery& query, std::FILE* out) {
  ReadRows read;
  Status status = for_each_row(store, query, [&](const ScanRow& row) {
    const Result<Experience> experience = store.get(row.id);
    if (!experience) {
      read.damaged.emplace_back(experience.error().message());
      return Status();
    }
    ++read.whole;
    if (out == nullptr) return Status();
    const std::string line = to_json_line(*experience) + "\n";
    if (std::fwrite(line.data(), 1, line.size(), out) == line.size()) return Status();
    return cannot("written to", "the output");
  });
  if (!status.ok()) return status;
  return read;
}

Status import_lines(ExperienceStore& store, const std::string& path) {
  std::ifstream file(path);
  if (!file) return cannot("opened", path);
  Batch batch(store, path);
  std::string line;
  std::size_t number = 0;
  while (std::getline(file, line)) {
    ++number;
    if (is_blank(line)) continue;
    Result<Experience> experience = from_json_line(line);
    Status status = experience ? batch.add(*std::move(experience), number) : Status();
    if (!status.ok()) return status;
    if (experience) continue;
    status = batch.store();
    if (!status.ok()) return status;
    return experience.error().with_context(path + ":" + std::to_string(number));
  }
  if (file.bad()) return cannot("read", path);
  return batch.store();
}

}  // namespace frys::tools
