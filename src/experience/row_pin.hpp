// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A row held where RocksDB has it, past the end of the database.

#pragma once

#include <rocksdb/cache.h>
#include <rocksdb/slice.h>

#include <memory>

namespace frys::detail {

/// What a value that was read by `DB::Get` needs to stay where it is. Memory layout: the cache is
/// declared first, so that it is there when the value is let go.
///
/// Why it may outlive the database: in RocksDB 7.8 the value is one of these, and none refers to
/// the database, its column family or the table's reader.
/// - From a memtable: a copy in the slice itself (`SaveValue`, db/memtable.cc, appends to a
/// string).
/// - From a block of a table that is in the block cache: the slice takes over the handle of the
///   cache (`GetContext::SaveValue`, `CachableEntry::TransferTo`). Letting go calls the cache, and
///   may delete the block, which owns its bytes: tables are not mapped (`allow_mmap_reads`).
/// - From a block that is in no cache, for there is none: a copy in the slice itself
///   (`BlockIter::IsValuePinned` is false for it).
/// - From a blob file, should values ever be kept in some: the handle of the blob cache, else a
///   buffer of its own (`BlobSource::PinCachedBlob`, `PinOwnedBlob`); then `cache` must be both.
struct RowPin {
  std::shared_ptr<rocksdb::Cache> cache;  ///< Null where there is none.
  rocksdb::PinnableSlice value;
};

}  // namespace frys::detail
