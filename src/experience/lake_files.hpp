// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The files of a lake as RocksDB sees them, which are the system's, but for two things.
//
// On opening, RocksDB takes away tables that its manifest does not name: what a flush left that was
// killed. Of a manifest whose end is gone it believes that it was never written, and takes away
// what was named there, too. So while it opens, tables are kept; then it is seen which it was.
//
// Where its logs, its manifest or a folder can't be written, RocksDB 7.8 runs into its own
// assertions, which end the process: of two threads that use the same log, the second comes upon
// the error of the first, and where several families need a new log that can't be made, or noted in
// the manifest, it forgets to let go of some. So it is not told. From the first such error on none
// of these is written any more, no table is begun and no file is deleted; what is there then is
// what a kill at that moment would have left, and whoever writes or syncs learns of the error from
// `error`.

#pragma once

#include <rocksdb/db.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "frys/core/result.hpp"

namespace frys::detail {

/// Beside what is said above: tables are not opened with an end that is not as it was written, and
/// options are not written. Threads: safe.
class LakeFiles final : public rocksdb::FileSystemWrapper {
 public:
  using FileSystemWrapper::FileSystemWrapper;
  const char* Name() const override { return "frys"; }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewRandomAccessFile(const std::string& name,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                        rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewDirectory(const std::string& name, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* folder,
                                 rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;

  /// The first error that RocksDB was not told, or ok.
  [[nodiscard]] rocksdb::IOStatus error() const;

  /// The tables that would have been deleted.
  [[nodiscard]] std::vector<std::string> kept() const;
  /// Deletes them, and from now on each at once.
  void let_go();

 private:
  class RecordFile;
  class NoFile;
  class Folder;

  /// Runs `call`, unless there was an error; answers that all is well.
  template <typename Call>
  rocksdb::IOStatus untold(Call&& call);

  mutable std::mutex mutex_;
  bool keeps_ = true;
  std::vector<std::string> kept_;
  rocksdb::IOStatus error_;
  std::atomic<bool> failed_{false};  // There is an error_.
};

/// Whether all that `tables` hold of the sequence log is in `log`, too; if not, they were named by
/// a part of the manifest that is not there any more. A flush that was killed leaves no such table:
/// before it begins, the logs that it is made from are put on the device.
/// Errors: corruption (names the table), io_error. Cost: nothing without tables, else a read each.
Status check_kept_tables(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* log,
                         const std::vector<std::string>& tables);

}  // namespace frys::detail
