// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The lake's folder as the system sees it: what RocksDB does not look after.

#pragma once

#include <cstddef>
#include <string>

#include "frys/core/result.hpp"

namespace frys::detail {

/// Makes the folder if need be. RocksDB knows a lock by its path, so the one true path is returned.
/// Errors: invalid_argument, io_error.
Result<std::string> prepare_folder(const std::string& path);

/// Whether there is a store, or what is left of one.
bool holds_store(const std::string& path);

/// Whether the folder holds tables: then something was stored.
bool has_tables(const std::string& path);

/// RocksDB takes a folder without CURRENT for an empty one, and would clear away what lies there.
/// Errors: corruption, io_error.
Status check_not_headless(const std::string& path);

/// Puts on the device what an earlier process left in write-ahead logs: RocksDB will read them, but
/// sync only the one that it writes to. Returns how many there are with anything in
/// them. Errors: io_error.
Result<std::size_t> sync_logs(const std::string& path);

/// Takes away the empty logs that earlier openings left, all but the newest; to be called by who
/// holds the store. RocksDB would keep them until the next table is written.
void remove_empty_logs(const std::string& path) noexcept;

/// Who holds the lock, as far as the system tells.
std::string lock_holder(const std::string& path, const std::string& rocksdb_message);

/// Whether the folder takes a write to the device: a full disk has room again, and the like.
/// Errors: io_error.
Status probe_folder(const std::string& path);

}  // namespace frys::detail
