// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/table_keeper.hpp"

#include <rocksdb/sst_file_reader.h>

#include <memory>
#include <utility>

#include "experience/log_codec.hpp"
#include "experience/table_check.hpp"

namespace frys::detail {
namespace {

/// The sequence of the last key; 0: there is none.
std::uint64_t last_sequence(rocksdb::Iterator& entries) {
  std::uint64_t sequence = 0;
  entries.SeekToLast();
  if (!entries.Valid()) return 0;
  const rocksdb::Slice key = entries.key();
  return parse_sequence_key({key.data(), key.size()}, sequence) ? sequence : 0;
}

/// 0 where it is not a whole table: what is being written when the process is killed.
std::uint64_t last_sequence_in(const std::string& table, const std::string& family,
                               rocksdb::Env* env) {
  rocksdb::Options options;
  options.env = env;
  rocksdb::SstFileReader reader(options);
  if (!reader.Open(table).ok()) return 0;
  const auto properties = reader.GetTableProperties();
  if (properties == nullptr || properties->column_family_name != family) return 0;
  const std::unique_ptr<rocksdb::Iterator> entries(reader.NewIterator(rocksdb::ReadOptions()));
  return last_sequence(*entries);
}

}  // namespace

/// A write-ahead log that always succeeds; what really came of it is in `log_error`. Behind what
/// could not be written nothing else is.
class TableKeeper::LogFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  using Base = FSWritableFileOwnerWrapper;
  using IOStatus = rocksdb::IOStatus;
  using IOOptions = rocksdb::IOOptions;
  using Debug = rocksdb::IODebugContext;

  LogFile(std::unique_ptr<rocksdb::FSWritableFile>&& file, TableKeeper& keeper)
      : Base(std::move(file)), keeper_(keeper) {}

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, Debug* debug) override {
    return write([&] { return Base::Append(data, options, debug); });
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& sums, Debug* debug) override {
    return write([&] { return Base::Append(data, options, sums, debug); });
  }
  IOStatus Flush(const IOOptions& options, Debug* debug) override {
    return write([&] { return Base::Flush(options, debug); });
  }
  IOStatus Sync(const IOOptions& options, Debug* debug) override {
    return keeper_.remember(Base::Sync(options, debug));
  }
  IOStatus Fsync(const IOOptions& options, Debug* debug) override {
    return keeper_.remember(Base::Fsync(options, debug));
  }
  IOStatus Close(const IOOptions& options, Debug* debug) override {
    return keeper_.remember(Base::Close(options, debug));
  }

 private:
  template <typename Write>
  IOStatus write(Write&& call) {
    if (broken_) return IOStatus::OK();
    const IOStatus status = call();
    broken_ = !status.ok();
    return keeper_.remember(status);
  }
  TableKeeper& keeper_;
  bool broken_ = false;  // Logs are written by one thread at a time.
};

/// Takes the place of a log that could not be made.
class TableKeeper::NoFile final : public rocksdb::FSWritableFile {
 public:
  using IOStatus = rocksdb::IOStatus;
  IOStatus Append(const rocksdb::Slice&, const rocksdb::IOOptions&,
                  rocksdb::IODebugContext*) override {
    return IOStatus::OK();
  }
  IOStatus Append(const rocksdb::Slice&, const rocksdb::IOOptions&,
                  const rocksdb::DataVerificationInfo&, rocksdb::IODebugContext*) override {
    return IOStatus::OK();
  }
  IOStatus Close(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return IOStatus::OK();
  }
  IOStatus Flush(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return IOStatus::OK();
  }
  IOStatus Sync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return IOStatus::OK();
  }
};

rocksdb::IOStatus TableKeeper::remember(const rocksdb::IOStatus& status) {
  if (!status.ok()) {
    const std::lock_guard lock(mutex_);
    log_error_ = status;
  }
  return rocksdb::IOStatus::OK();
}

rocksdb::IOStatus TableKeeper::log_error() const {
  const std::lock_guard lock(mutex_);
  return log_error_;
}

/// RocksDB writes its options to a file, reads it back and syncs it, once for each column family
/// that it makes; a fifth of a second on a slow disk, for what lake_options.cpp says anyway. It
/// goes on when it can't.
rocksdb::IOStatus TableKeeper::NewWritableFile(const std::string& name,
                                               const rocksdb::FileOptions& options,
                                               std::unique_ptr<rocksdb::FSWritableFile>* file,
                                               rocksdb::IODebugContext* debug) {
  if (name.find("/OPTIONS-") != std::string::npos) {
    return rocksdb::IOStatus::NotSupported("the options are in the program");
  }
  rocksdb::IOStatus status = FileSystemWrapper::NewWritableFile(name, options, file, debug);
  if (!name.ends_with(".log")) return status;
  if (!status.ok()) *file = std::make_unique<NoFile>();
  *file = std::make_unique<LogFile>(std::move(*file), *this);
  return remember(status);
}

rocksdb::IOStatus TableKeeper::NewRandomAccessFile(
    const std::string& name, const rocksdb::FileOptions& options,
    std::unique_ptr<rocksdb::FSRandomAccessFile>* file, rocksdb::IODebugContext* debug) {
  rocksdb::IOStatus status = FileSystemWrapper::NewRandomAccessFile(name, options, file, debug);
  if (!status.ok() || !name.ends_with(".sst")) return status;
  std::uint64_t bytes = 0;
  status = GetFileSize(name, rocksdb::IOOptions(), &bytes, debug);
  if (status.ok()) status = check_table_end(**file, name, bytes);
  if (!status.ok()) file->reset();
  return status;
}

rocksdb::IOStatus TableKeeper::DeleteFile(const std::string& name,
                                          const rocksdb::IOOptions& options,
                                          rocksdb::IODebugContext* debug) {
  if (name.ends_with(".sst")) {
    const std::lock_guard lock(mutex_);
    if (keeps_) {
      kept_.push_back(name);
      return rocksdb::IOStatus::OK();
    }
  }
  return FileSystemWrapper::DeleteFile(name, options, debug);
}

std::vector<std::string> TableKeeper::kept() const {
  const std::lock_guard lock(mutex_);
  return kept_;
}

void TableKeeper::let_go() {
  std::vector<std::string> tables;
  {
    const std::lock_guard lock(mutex_);
    keeps_ = false;
    tables = std::exchange(kept_, {});
  }
  for (const std::string& table : tables) {
    DeleteFile(table, rocksdb::IOOptions(), nullptr).PermitUncheckedError();
  }
}

Status check_kept_tables(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* log,
                         const std::vector<std::string>& tables) {
  if (tables.empty()) return {};
  const std::unique_ptr<rocksdb::Iterator> entries(db.NewIterator(rocksdb::ReadOptions(), log));
  const std::uint64_t known = last_sequence(*entries);
  if (!entries->status().ok()) return Status(ErrorCode::corruption, entries->status().ToString());
  for (const std::string& table : tables) {
    const std::uint64_t sequence = last_sequence_in(table, log->GetName(), db.GetEnv());
    if (sequence <= known) continue;
    return Status(ErrorCode::corruption, table + " holds sequence " + std::to_string(sequence) +
                                             ", but what the manifest (MANIFEST-*) names ends at " +
                                             std::to_string(known) +
                                             ": its end was cut; restore a backup");
  }
  return {};
}

}  // namespace frys::detail
