// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/lake_compact.hpp"

#include <rocksdb/metadata.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "experience/log_codec.hpp"

namespace frys::detail {
namespace {

constexpr std::size_t most_merged = 4096;  // Entries of one batch.
constexpr std::uint64_t table_bytes = std::uint64_t{64} << 20;
// Others may be merging tables: then theirs come first.
constexpr int most_attempts = 100;

/// Entries that follow one another and tell of nothing that is left.
struct Run {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  ///< The last sequence that they speak for.
  std::size_t entries = 0;
  rocksdb::WriteBatch batch;  ///< Deletes all but the first.
};

rocksdb::Status end_run(Run& run, rocksdb::ColumnFamilyHandle* log,
                        FunctionRef<rocksdb::Status(rocksdb::WriteBatch&)> write) {
  rocksdb::Status status;
  if (run.entries > 1) {
    status = run.batch.Put(log, sequence_key(run.first), encode_log_item(LogVoid{run.last}));
    if (status.ok()) status = write(run.batch);
  }
  run.entries = 0;
  run.batch.Clear();
  return status;
}

bool is_nothing(const LogItem& item) {
  return std::holds_alternative<LogVoid>(item) || std::holds_alternative<LogRemoval>(item);
}

/// The tables of a family, and where they go.
struct Merge {
  std::vector<std::string> tables;
  int to_level = 1;
  bool needed = false;
};

Merge plan(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family) {
  rocksdb::ColumnFamilyMetaData all;
  db.GetColumnFamilyMetaData(family, &all);
  Merge merge;
  int levels = 0;
  for (const rocksdb::LevelMetaData& level : all.levels) {
    if (level.files.empty()) continue;
    merge.to_level = std::max(merge.to_level, level.level);
    merge.needed |= level.level == 0 || ++levels > 1;
    for (const rocksdb::SstFileMetaData& table : level.files) {
      merge.tables.push_back(table.name);
      merge.needed |= table.num_deletions > 0;
    }
  }
  return merge;
}

}  // namespace

rocksdb::Status merge_void_entries(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* log,
                                   FunctionRef<rocksdb::Status(rocksdb::WriteBatch&)> write) {
  // It keeps to the state in which it was made, whatever is written meanwhile.
  const std::unique_ptr<rocksdb::Iterator> entry(db.NewIterator(rocksdb::ReadOptions(), log));
  Run run;
  rocksdb::Status status;
  for (entry->SeekToFirst(); status.ok() && entry->Valid(); entry->Next()) {
    const rocksdb::Slice key = entry->key();
    std::uint64_t sequence = 0;
    const Result<LogItem> item = decode_log_item(entry->value().ToStringView());
    if (!item || !parse_sequence_key(key.ToStringView(), sequence)) {
      return rocksdb::Status::Corruption("a log entry can't be read");
    }
    if (run.entries == most_merged || !is_nothing(*item)) status = end_run(run, log, write);
    if (!is_nothing(*item) || !status.ok()) continue;
    if (run.entries == 0) run.first = sequence;
    if (run.entries > 0) status = run.batch.Delete(log, key);
    run.last = last_of(sequence, *item);
    ++run.entries;
  }
  if (status.ok()) status = entry->status();
  return status.ok() ? end_run(run, log, write) : status;
}

rocksdb::Status flush_all(rocksdb::DB& db,
                          const std::vector<rocksdb::ColumnFamilyHandle*>& families,
                          FunctionRef<bool()> make_way) {
  rocksdb::FlushOptions flush;
  flush.wait = false;
  flush.allow_write_stall = true;
  const rocksdb::Status status = db.Flush(flush, families);
  const auto waits = [&](rocksdb::ColumnFamilyHandle* family) {
    std::uint64_t waiting = 0;
    db.GetIntProperty(family, rocksdb::DB::Properties::kNumImmutableMemTable, &waiting);
    return waiting > 0;
  };
  while (status.ok() && std::ranges::any_of(families, waits) && make_way()) {
  }
  return status;
}

rocksdb::Status merge_tables(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family,
                             FunctionRef<bool()> make_way) {
  rocksdb::CompactionOptions options;
  options.compression = rocksdb::kDisableCompressionOption;  // That is: the family's.
  options.output_file_size_limit = table_bytes;
  rocksdb::Status status;
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    const Merge merge = plan(db, family);
    if (!merge.needed) return {};
    status = db.CompactFiles(options, family, merge.tables, merge.to_level);
    // Some of them are being merged, or were since they were looked up.
    if (!status.IsAborted() && !status.IsInvalidArgument()) return status;
    make_way();
  }
  return status;
}

}  // namespace frys::detail
