// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// How the lake speaks to RocksDB: its options, its log, its errors in our words.

#pragma once

#include <rocksdb/db.h>
#include <rocksdb/options.h>

#include <string_view>

#include "experience/lake.hpp"

namespace frys::detail {

/// `what` is "experience store <path>: <verb>".
Status to_status(const rocksdb::Status& status, std::string_view what);

/// Everything but `env` and what becomes of the logs at opening. The information log goes to the
/// environment's sink, or nowhere.
rocksdb::DBOptions lake_db_options(const LakeOptions& options, const Environment& environment);

/// The column families in the order default, rows, vectors, log, spaces.
std::vector<rocksdb::ColumnFamilyDescriptor> lake_families(const LakeOptions& options,
                                                           bool with_spaces);

/// Whether the manifest of the store in `path` names the family of spaces; where it can't be read,
/// who opens the store says why.
bool has_spaces_family(const rocksdb::DBOptions& options, const std::string& path);

}  // namespace frys::detail
