// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/lake_files.hpp"

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

/// Logs, manifests, and what will be CURRENT.
bool is_record(const std::string& name) {
  return name.ends_with(".log") || name.ends_with(".dbtmp") ||
         name.find("/MANIFEST-") != std::string::npos;
}

}  // namespace

template <typename Call>
rocksdb::IOStatus LakeFiles::untold(Call&& call) {
  if (failed_.load()) return rocksdb::IOStatus::OK();
  const rocksdb::IOStatus status = call();
  if (status.ok()) return status;
  const std::lock_guard lock(mutex_);
  if (!failed_.exchange(true)) error_ = status;
  return rocksdb::IOStatus::OK();
}

rocksdb::IOStatus LakeFiles::error() const {
  const std::lock_guard lock(mutex_);
  return error_;
}

/// A log or manifest.
class LakeFiles::RecordFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  using Base = FSWritableFileOwnerWrapper;
  using IOStatus = rocksdb::IOStatus;
  using IOOptions = rocksdb::IOOptions;
  using Debug = rocksdb::IODebugContext;

  RecordFile(std::unique_ptr<rocksdb::FSWritableFile>&& file, LakeFiles& files)
      : Base(std::move(file)), files_(files) {}

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, Debug* debug) override {
    return files_.untold([&] { return Base::Append(data, options, debug); });
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& sums, Debug* debug) override {
    return files_.untold([&] { return Base::Append(data, options, sums, debug); });
  }
  IOStatus Flush(const IOOptions& options, Debug* debug) override {
    return files_.untold([&] { return Base::Flush(options, debug); });
  }
  IOStatus Sync(const IOOptions& options, Debug* debug) override {
    return files_.untold([&] { return Base::Sync(options, debug); });
  }
  IOStatus Fsync(const IOOptions& options, Debug* debug) override {
    return files_.untold([&] { return Base::Fsync(options, debug); });
  }
  IOStatus Close(const IOOptions& options, Debug* debug) override {
    const IOStatus status = Base::Close(options, debug);
    return files_.untold([&] { return status; });
  }

 private:
  LakeFiles& files_;
};

/// Takes the place of one that could not be made.
class LakeFiles::NoFile final : public rocksdb::FSWritableFile {
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

/// What is made, renamed or deleted in it is put on the device.
class LakeFiles::Folder final : public rocksdb::FSDirectory {
 public:
  Folder(std::unique_ptr<rocksdb::FSDirectory> folder, LakeFiles& files)
      : folder_(std::move(folder)), files_(files) {}

  rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                          rocksdb::IODebugContext* debug) override {
    return files_.untold([&] { return folder_->Fsync(options, debug); });
  }
  rocksdb::IOStatus FsyncWithDirOptions(const rocksdb::IOOptions& options,
                                        rocksdb::IODebugContext* debug,
                                        const rocksdb::DirFsyncOptions& how) override {
    return files_.untold([&] { return folder_->FsyncWithDirOptions(options, debug, how); });
  }
  rocksdb::IOStatus Close(const rocksdb::IOOptions& options,
                          rocksdb::IODebugContext* debug) override {
    return folder_->Close(options, debug);
  }
  std::size_t GetUniqueId(char* id, std::size_t size) const override {
    return folder_->GetUniqueId(id, size);
  }

 private:
  const std::unique_ptr<rocksdb::FSDirectory> folder_;
  LakeFiles& files_;
};

/// RocksDB writes its options to a file, reads it back and syncs it, once for each column family
/// that it makes; a fifth of a second on a slow disk, for what lake_options.cpp says anyway. It
/// goes on when it can't.
rocksdb::IOStatus LakeFiles::NewWritableFile(const std::string& name,
                                             const rocksdb::FileOptions& options,
                                             std::unique_ptr<rocksdb::FSWritableFile>* file,
                                             rocksdb::IODebugContext* debug) {
  if (name.find("/OPTIONS-") != std::string::npos) {
    return rocksdb::IOStatus::NotSupported("the options are in the program");
  }
  if (name.ends_with(".sst") && failed_.load()) return error();
  const auto make = [&] { return FileSystemWrapper::NewWritableFile(name, options, file, debug); };
  if (!is_record(name)) return make();
  file->reset();
  const rocksdb::IOStatus status = untold(make);
  if (*file == nullptr) *file = std::make_unique<NoFile>();
  *file = std::make_unique<RecordFile>(std::move(*file), *this);
  return status;
}

rocksdb::IOStatus LakeFiles::NewDirectory(const std::string& name,
                                          const rocksdb::IOOptions& options,
                                          std::unique_ptr<rocksdb::FSDirectory>* folder,
                                          rocksdb::IODebugContext* debug) {
  rocksdb::IOStatus status = FileSystemWrapper::NewDirectory(name, options, folder, debug);
  if (status.ok()) *folder = std::make_unique<Folder>(std::move(*folder), *this);
  return status;
}

/// The manifest that is valid from now on is named so.
rocksdb::IOStatus LakeFiles::RenameFile(const std::string& from, const std::string& to,
                                        const rocksdb::IOOptions& options,
                                        rocksdb::IODebugContext* debug) {
  return untold([&] { return FileSystemWrapper::RenameFile(from, to, options, debug); });
}

rocksdb::IOStatus LakeFiles::NewRandomAccessFile(const std::string& name,
                                                 const rocksdb::FileOptions& options,
                                                 std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                                 rocksdb::IODebugContext* debug) {
  rocksdb::IOStatus status = FileSystemWrapper::NewRandomAccessFile(name, options, file, debug);
  if (!status.ok() || !name.ends_with(".sst")) return status;
  std::uint64_t bytes = 0;
  status = GetFileSize(name, rocksdb::IOOptions(), &bytes, debug);
  if (status.ok()) status = check_table_end(**file, name, bytes);
  if (!status.ok()) file->reset();
  return status;
}

rocksdb::IOStatus LakeFiles::DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                                        rocksdb::IODebugContext* debug) {
  if (failed_.load()) return rocksdb::IOStatus::OK();
  if (name.ends_with(".sst")) {
    const std::lock_guard lock(mutex_);
    if (keeps_) {
      kept_.push_back(name);
      return rocksdb::IOStatus::OK();
    }
  }
  return FileSystemWrapper::DeleteFile(name, options, debug);
}

std::vector<std::string> LakeFiles::kept() const {
  const std::lock_guard lock(mutex_);
  return kept_;
}

void LakeFiles::let_go() {
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
