// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/lake_salvage.hpp"

#include <rocksdb/sst_file_reader.h>

#include <memory>
#include <string>

#include "experience/log_codec.hpp"

namespace frys::detail {
namespace {

constexpr std::size_t batch_bytes = std::size_t{1} << 20;

}  // namespace

rocksdb::Status close_gaps(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* log,
                           rocksdb::ColumnFamilyHandle* vectors,
                           FunctionRef<rocksdb::Status(rocksdb::WriteBatch&)> write,
                           std::uint64_t& lost) {
  // Iterators keep to the state in which they were made, whatever is written meanwhile.
  const std::unique_ptr<rocksdb::Iterator> entry(db.NewIterator(rocksdb::ReadOptions(), log));
  const std::unique_ptr<rocksdb::Iterator> vector(db.NewIterator(rocksdb::ReadOptions(), vectors));
  rocksdb::WriteBatch batch;
  std::uint64_t kept = 0;
  std::uint64_t last = 0;
  entry->SeekToFirst();
  vector->SeekToFirst();
  while (entry->Valid() || vector->Valid()) {
    const int order = !entry->Valid()    ? 1
                      : !vector->Valid() ? -1
                                         : entry->key().compare(vector->key());
    const std::string key = (order <= 0 ? entry : vector)->key().ToString();
    if (!parse_sequence_key(key, last)) return rocksdb::Status::Corruption("a key is no sequence");
    const std::string dense = sequence_key(kept + 1);
    rocksdb::Status status;
    if (order != 0 || key != dense) {
      if (order == 0) {
        status = batch.Put(log, dense, entry->value());
        if (status.ok()) status = batch.Put(vectors, dense, vector->value());
      }
      if (status.ok()) status = batch.Delete(log, key);
      if (status.ok()) status = batch.Delete(vectors, key);
    }
    if (status.ok() && batch.GetDataSize() > batch_bytes) {
      status = write(batch);
      batch.Clear();
    }
    if (!status.ok()) return status;
    if (order == 0) ++kept;
    if (order <= 0) entry->Next();
    if (order >= 0) vector->Next();
  }
  if (!entry->status().ok()) return entry->status();
  if (!vector->status().ok()) return vector->status();
  lost = last - kept;
  return batch.Count() == 0 ? rocksdb::Status::OK() : write(batch);
}

rocksdb::Status check_tables(rocksdb::DB& db,
                             std::initializer_list<rocksdb::ColumnFamilyHandle*> families) {
  for (rocksdb::ColumnFamilyHandle* family : families) {
    rocksdb::ColumnFamilyMetaData metadata;
    db.GetColumnFamilyMetaData(family, &metadata);
    for (const rocksdb::LevelMetaData& level : metadata.levels) {
      for (const rocksdb::SstFileMetaData& table : level.files) {
        rocksdb::Options options;
        options.env = db.GetEnv();
        rocksdb::SstFileReader reader(options);
        rocksdb::Status status = reader.Open(table.directory + "/" + table.relative_filename);
        if (status.ok()) status = reader.VerifyChecksum();
        if (!status.ok()) return status;
      }
    }
  }
  return {};
}

}  // namespace frys::detail
