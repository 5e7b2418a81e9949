// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The end of a table, looked at before RocksDB does. All of a table has checksums, but RocksDB
// believes its footer, which has none, whatever lengths stand there, and reads the block of its
// properties before it compares the checksum; where it was built with assertions it ends the
// process then.

#pragma once

#include <rocksdb/file_system.h>

#include <string>

namespace frys::detail {

/// Whether footer, metaindex and properties of the table `file` are such as were written. Of tables
/// of another checksum than CRC-32C (see lake_options.cpp) only the footer is looked at.
/// Errors: corruption, and those of reading. Cost: a read of some 2 KiB.
rocksdb::IOStatus check_table_end(const rocksdb::FSRandomAccessFile& file, const std::string& name,
                                  std::uint64_t file_bytes);

}  // namespace frys::detail
