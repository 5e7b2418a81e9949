// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/lake_options.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace frys::detail {
namespace {

constexpr const char* spaces_family = "spaces";

/// RocksDB's information log, given to the host's sink; its warnings and errors only.
class SinkLogger final : public rocksdb::Logger {
 public:
  explicit SinkLogger(const Environment& environment)
      : rocksdb::Logger(rocksdb::WARN_LEVEL), environment_(environment) {}

  void Logv(const char* format, va_list arguments) override {
    Logv(rocksdb::WARN_LEVEL, format, arguments);
  }
  void Logv(const rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
    if (level < rocksdb::WARN_LEVEL || level >= rocksdb::HEADER_LEVEL) return;
    if (environment_.log == nullptr) return;
    // Of the options file that it is kept from writing (background_env.cpp). The typo is its own.
    if (std::strncmp(format, "Unnable to persist options", 26) == 0) return;
    char line[1024];
    std::vsnprintf(line, sizeof(line), format, arguments);
    std::replace(line, line + sizeof(line), '\n', ' ');
    environment_.write_log(level == rocksdb::WARN_LEVEL ? LogLevel::warning : LogLevel::error,
                           "experience", std::string("RocksDB: ").append(line));
  }

 private:
  Environment environment_;
};

/// Recovery from a full disk is ours (`ExperienceLake::recover`): RocksDB's would start a thread.
class NoAutomaticRecovery final : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }
};

rocksdb::CompressionType row_compression() {
  const std::vector<rocksdb::CompressionType> supported = rocksdb::GetSupportedCompressions();
  const bool has_lz4 =
      std::find(supported.begin(), supported.end(), rocksdb::kLZ4Compression) != supported.end();
  return has_lz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
}

}  // namespace

Status to_status(const rocksdb::Status& status, std::string_view what) {
  if (status.ok()) return {};
  std::string message(what);
  message += ": ";
  message += status.ToString();
  if (status.IsNotFound()) return Status(ErrorCode::not_found, message);
  if (status.IsCorruption()) return Status(ErrorCode::corruption, message);
  if (status.IsNoSpace()) {
    return Status(ErrorCode::io_error, message + ": the disk is full; free space and try again");
  }
  if (status.IsIncomplete()) {
    // A write that waits for jobs of which there are none: they ended at an error of the disk.
    return Status(ErrorCode::io_error, message + ": tables can't be written any more");
  }
  if (status.IsIOError()) return Status(ErrorCode::io_error, message);
  if (status.IsMemoryLimit()) return Status(ErrorCode::out_of_memory, message);
  if (status.IsShutdownInProgress()) return Status(ErrorCode::closed, message);
  if (status.IsBusy() || status.IsAborted() || status.IsTryAgain() || status.IsTimedOut()) {
    return Status(ErrorCode::unavailable, message);
  }
  if (status.IsNotSupported() || status.IsInvalidArgument()) {
    return Status(ErrorCode::failed_precondition, message);
  }
  return Status(ErrorCode::internal, message);
}

rocksdb::DBOptions lake_db_options(const LakeOptions& options, const Environment& environment) {
  rocksdb::DBOptions db;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  db.info_log = std::make_shared<SinkLogger>(environment);
  db.info_log_level = rocksdb::WARN_LEVEL;
  db.listeners.push_back(std::make_shared<NoAutomaticRecovery>());
  db.max_bgerror_resume_count = 0;
  // Threads: none of RocksDB's own.
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  db.max_file_opening_threads = 1;
  db.max_subcompactions = 1;
  db.max_background_jobs = 2;
  // A damaged write-ahead log is an error, not a silent loss of what follows the damage.
  db.wal_recovery_mode = options.salvage ? rocksdb::WALRecoveryMode::kPointInTimeRecovery
                                         : rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  // All column families are written out together, so that no table is ahead of what the log still
  // holds for another, and salvaging a damaged log finds them in agreement.
  db.atomic_flush = true;
  // A log that was synced and is gone, or shorter, is noticed.
  db.track_and_verify_wals_in_manifest = true;
  db.max_total_wal_size = 8 * options.write_buffer_bytes;
  db.skip_stats_update_on_db_open = true;
  db.manifest_preallocation_size = std::size_t{64} << 10;
  db.enable_pipelined_write = false;
  db.allow_concurrent_memtable_write = false;  // There is one writer: the leader of a group.
  return db;
}

std::vector<rocksdb::ColumnFamilyDescriptor> lake_families(const LakeOptions& options,
                                                           bool with_spaces) {
  rocksdb::BlockBasedTableOptions table;
  table.checksum = rocksdb::kCRC32c;  // Which check_table_end knows.
  if (options.cache_bytes > 0) {
    table.block_cache = rocksdb::NewLRUCache(options.cache_bytes, 2);
  } else {
    table.no_block_cache = true;
  }
  rocksdb::ColumnFamilyOptions small;
  small.write_buffer_size = std::size_t{1} << 20;
  // Room for several full buffers: a writer helps before they are used up (BackgroundEnv::help).
  small.max_write_buffer_number = 6;
  small.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  small.compression = rocksdb::kNoCompression;

  rocksdb::ColumnFamilyOptions vectors = small;
  vectors.write_buffer_size = options.write_buffer_bytes;
  rocksdb::ColumnFamilyOptions rows = vectors;
  rows.compression = row_compression();
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  rows.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  rows.optimize_filters_for_hits = true;
  std::vector<rocksdb::ColumnFamilyDescriptor> families = {
      {rocksdb::kDefaultColumnFamilyName, small},
      {"rows", rows},
      {"vectors", vectors},
      {"log", small}};
  if (with_spaces) families.emplace_back(spaces_family, vectors);
  return families;
}

bool has_spaces_family(const rocksdb::DBOptions& options, const std::string& path) {
  std::vector<std::string> names;
  const rocksdb::Status status = rocksdb::DB::ListColumnFamilies(options, path, &names);
  return status.ok() && std::find(names.begin(), names.end(), spaces_family) != names.end();
}

}  // namespace frys::detail
