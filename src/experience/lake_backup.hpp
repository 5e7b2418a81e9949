// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A copy of a lake that is in use. RocksDB names the files that made it up at one moment, and how
// much of those that grow; tables never change, so they are linked where they can be. Its own
// checkpoints would have our files' wrappers write to the copy, which tell their errors to the
// lake (table_keeper.hpp), and would copy options that are never written.

#pragma once

#include <rocksdb/db.h>

#include <cstdint>
#include <string>
#include <vector>

#include "frys/core/environment.hpp"
#include "frys/core/result.hpp"

namespace frys::detail {

/// A folder that is made beside the place where it is wanted, and goes there when it is whole; else
/// it goes with the object.
class StagedFolder {
 public:
  /// `target` must not exist, its parent must; who may enter it is as for the folder `like`. A
  /// process that is killed leaves target.part-<six letters>. Errors: already_exists, io_error.
  static Result<StagedFolder> make(const std::string& target, const std::string& like);
  ~StagedFolder();
  StagedFolder(StagedFolder&& other) noexcept;
  StagedFolder& operator=(StagedFolder&&) = delete;

  Status make_folder(const std::string& name);
  /// Another name of the file `from`, which never changes; a copy, where there can't be one.
  Status link(const std::string& from, const std::string& name);
  /// A copy of the first `bytes` of `from`, on the device.
  Status copy(const std::string& from, const std::string& name, std::uint64_t bytes);
  /// A file with this content, on the device.
  Status write(const std::string& name, const std::string& content);
  /// All of it has the wanted name, and is on the device. Errors: already_exists, io_error.
  Status put();

 private:
  StagedFolder(std::string target, std::string path) noexcept;
  [[nodiscard]] Status taken() const;
  Status rename();

  std::string target_;
  std::string path_;                  // Where it is; empty: nothing is to be removed.
  std::vector<std::string> folders_;  // In it.
};

/// Copies the store in the folder `store`, whose database is `db` and which has so many spaces, to
/// `target`. Writers go on.
/// Errors: invalid_argument, already_exists, io_error. Throws bad_alloc.
Status back_up_lake(rocksdb::DB& db, const std::string& store, const std::string& target,
                    std::size_t spaces, const Environment& environment);

}  // namespace frys::detail
