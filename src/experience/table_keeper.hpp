// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// On opening, RocksDB takes away tables that its manifest does not name: what a flush left that was
// killed. Of a manifest whose end is gone it believes that it was never written, and takes away
// what was named there, too. So while it opens, tables are kept; then it is seen which it was.

#pragma once

#include <rocksdb/db.h>
#include <rocksdb/file_system.h>

#include <mutex>
#include <string>
#include <vector>

#include "frys/core/result.hpp"

namespace frys::detail {

/// The system's files, but that tables are not deleted at first nor opened with an end that is not
/// as it was written, and that options are not written. Threads: safe.
class TableKeeper final : public rocksdb::FileSystemWrapper {
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
  rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;

  /// Why a write-ahead log could not be made, written or put on the device, or ok. RocksDB is not
  /// told: of two of its threads that use the same log, the second comes upon the error of the
  /// first, and where several families need a new log that can't be made, it forgets to let go of
  /// some. A build with assertions ends the process for either. So whoever writes or syncs asks
  /// here.
  [[nodiscard]] rocksdb::IOStatus log_error() const;

  /// The tables that would have been deleted.
  [[nodiscard]] std::vector<std::string> kept() const;
  /// Deletes them, and from now on each at once.
  void let_go();

 private:
  class LogFile;
  class NoFile;

  /// Into `log_error`; answers that all is well.
  rocksdb::IOStatus remember(const rocksdb::IOStatus& status);

  mutable std::mutex mutex_;
  bool keeps_ = true;
  std::vector<std::string> kept_;
  rocksdb::IOStatus log_error_;
};

/// Whether all that `tables` hold of the sequence log is in `log`, too; if not, they were named by
/// a part of the manifest that is not there any more. A flush that was killed leaves no such table:
/// before it begins, the logs that it is made from are put on the device.
/// Errors: corruption (names the table), io_error. Cost: nothing without tables, else a read each.
Status check_kept_tables(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* log,
                         const std::vector<std::string>& tables);

}  // namespace frys::detail
