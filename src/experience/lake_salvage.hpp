// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Makes the sequence log dense again after a loss in its middle: of several write-ahead logs an
// older one was damaged, or never reached the device.

#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <cstdint>

#include "frys/core/function.hpp"

namespace frys::detail {

/// Moves entries and their vectors up, so that sequences count from 1 without a gap; what lacks its
/// other half is taken out. `lost` is how many sequences there are fewer than the last one says.
/// After a kill at any instruction the next call goes on: each move is one atomic write.
rocksdb::Status close_gaps(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* log,
                           rocksdb::ColumnFamilyHandle* vectors,
                           FunctionRef<rocksdb::Status(rocksdb::WriteBatch&)> write,
                           std::uint64_t& lost);

}  // namespace frys::detail
