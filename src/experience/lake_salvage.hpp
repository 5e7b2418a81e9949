// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Makes the sequence log whole again after a loss in its middle: of several write-ahead logs an
// older one was damaged, or never reached the device.

#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <cstdint>
#include <initializer_list>

#include "experience/lake_scan.hpp"
#include "frys/core/function.hpp"

namespace frys::detail {

/// Has `batch` delete the vectors of `sequence` in `spaces` (see LogEntry).
rocksdb::Status delete_in_spaces(rocksdb::WriteBatch& batch, rocksdb::ColumnFamilyHandle* family,
                                 std::uint64_t sequence, std::uint16_t spaces);

/// Writes void entries where entries are missing, so that sequences count from 1 without a gap;
/// what lacks its other half is taken out. `lost` is how many sequences that makes void.
/// After a kill at any instruction the next call goes on.
rocksdb::Status close_gaps(rocksdb::DB& db, const LakeFamilies& families,
                           FunctionRef<rocksdb::Status(rocksdb::WriteBatch&)> write,
                           std::uint64_t& lost);

/// Whether all tables of these families, of which some may be null, are as they were written.
/// RocksDB's iterators may pass over what is behind a damaged block and say nothing of it (7.8
/// does, below the first level), so a gap is none before this was asked. Errors: corruption. Cost:
/// reads all of them.
rocksdb::Status check_tables(rocksdb::DB& db,
                             std::initializer_list<rocksdb::ColumnFamilyHandle*> families);

}  // namespace frys::detail
