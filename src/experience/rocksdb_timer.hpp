// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <rocksdb/db.h>

namespace frys::detail {

/// Ends the one thread that an open RocksDB 7.8 keeps whatever its options say: a timer that
/// flushes its information log every ten seconds, which ours has no need of. Should another build
/// of RocksDB lack the entry points for that, the thread stays until the database is closed.
void stop_rocksdb_timer(rocksdb::DB& db) noexcept;

}  // namespace frys::detail
