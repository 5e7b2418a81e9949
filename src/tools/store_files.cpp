// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tools/store_files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
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
  Status add(ExperienceLine experience, std::size_t number) {
    rows_.push_back(std::move(experience.experience));
    standings_.push_back(experience.standing);
    lines_.push_back(number);
    return rows_.size() == batch_rows ? store() : Status();
  }
  /// All of them, or where one is refused those before it.
  Status store() {
    const Result<std::vector<ExperienceId>> ids = store_.store_many(rows_);
    Status status;
    for (std::size_t i = 0; status.ok() && i < rows_.size(); ++i) {
      const Result<ExperienceId> id = ids ? Result((*ids)[i]) : store_.store(rows_[i]);
      status = id ? amend(*id, standings_[i]) : id.error();
      if (!status.ok()) status = status.with_context(path_ + ":" + std::to_string(lines_[i]));
    }
    rows_.clear();
    standings_.clear();
    lines_.clear();
    return status;
  }

 private:
  /// Has what is stored stand so; the same line may come again.
  Status amend(const ExperienceId& id, const std::optional<Standing>& standing) {
    if (!standing) return {};
    const Result<ScanRow> row = store_.look_up(id);
    if (!row) return row.error();
    const bool stands = row->outcome == standing->outcome && row->reward == standing->reward &&
                        row->uses >= standing->uses;
    if (stands) return {};
    return store_.amend(id, {.outcome = standing->outcome,
                             .reward = standing->reward,
                             .uses = standing->uses - std::min(standing->uses, row->uses),
                             .used_at_ns = standing->used_at_ns});
  }

  ExperienceStore& store_;
  const std::string& path_;
  std::vector<Experience> rows_;
  std::vector<std::optional<Standing>> standings_;
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
    const Standing standing{row.outcome, row.reward, row.uses, row.used_at_ns};
    const std::string line = to_json_line(*experience, standing) + "\n";
    if (std::fwrite(line.data(), 1, line.size(), out) == line.size()) return Status();
    return cannot("written to", "the output");
  });
  if (!status.ok()) return status;
  return read;
}

std::uintmax_t bytes_on_disk(const std::string& folder) {
  std::uintmax_t bytes = 0;
  std::error_code error;
  std::filesystem::recursive_directory_iterator entry(folder, error);
  for (; entry != std::filesystem::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code gone;
    const std::uintmax_t size = entry->is_regular_file(gone) ? entry->file_size(gone) : 0;
    if (!gone) bytes += size;
  }
  return bytes;
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
    Result<ExperienceLine> experience = from_json_line(line);
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
