// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Gives back the room that what was removed has on disk. RocksDB's own call for that has its jobs
// done by threads that an inline executor does not have; here the caller does them.

#pragma once

#include <rocksdb/db.h>

#include "frys/core/function.hpp"

namespace frys::detail {

/// Makes one void entry of each run of entries of the `log` that tell of nothing that is left.
/// `write` puts a batch in; others may write meanwhile.
rocksdb::Status merge_void_entries(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* log,
                                   FunctionRef<rocksdb::Status(rocksdb::WriteBatch&)> write);

/// Makes tables of all that is in memory; `make_way` has jobs of RocksDB done, and answers false
/// when there are none.
rocksdb::Status flush_all(rocksdb::DB& db,
                          const std::vector<rocksdb::ColumnFamilyHandle*>& families,
                          FunctionRef<bool()> make_way);

/// Merges all tables of `family`, without what was deleted. Cost: reads and writes them.
rocksdb::Status merge_tables(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family,
                             FunctionRef<bool()> make_way);

}  // namespace frys::detail
