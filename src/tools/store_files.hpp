// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// An experience store and files of JSON lines: what of the one goes into the other.

#pragma once

#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "frys/experience/experience_store.hpp"

namespace frys::tools {

struct StoreOverview {
  std::uint64_t experiences = 0;
  std::size_t dimension = 0;
  std::uint64_t outcomes[3] = {};     ///< By `Outcome`.
  std::int64_t first_started_ns = 0;  ///< Of those whose time is known; 0: of none.
  std::int64_t last_started_ns = 0;
};
Result<StoreOverview> look_over(const ExperienceStore& store);

/// Calls `visit(row)` for every row that the query names, in order; its first error ends the scan.
template <typename Visit>
Status for_each_row(const ExperienceStore& store, ScanQuery query, Visit&& visit) {
  do {
    const Result<ScanPage> page = store.scan(query);
    if (!page) return page.error();
    for (const ScanRow& row : page->rows) {
      if (Status status = visit(row); !status.ok()) return status;
    }
    query.after_sequence = page->next;
  } while (query.after_sequence != 0);
  return {};
}

struct ReadRows {
  std::uint64_t whole = 0;
  std::vector<std::string> damaged;  ///< What is wrong with each of the others.
};
/// Reads what the query names and writes it to `out`, when there is one, a line each.
/// Errors: io_error (`out`), and those of `scan`.
Result<ReadRows> read_rows(const ExperienceStore& store, const ScanQuery& query, std::FILE* out);

/// Of the files in `folder`; those that go meanwhile are not counted.
std::uintmax_t bytes_on_disk(const std::string& folder);

/// Stores every line of a file. Lines before one that is wrong are stored.
/// Errors: io_error, invalid_argument and the store's, with file and line.
Status import_lines(ExperienceStore& store, const std::string& path);

}  // namespace frys::tools
