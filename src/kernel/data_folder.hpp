// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The folder a kernel lives in. Its layout, which `docs/ARCHITECTURE.md` repeats for users:
//
//   LOCK          held with flock() while a kernel is open; holds the process id as text
//   experience/   the experience store (RocksDB)

#pragma once

#include <string>

#include "frys/core/result.hpp"

namespace frys::detail {

/// Holds a data folder for this process from `acquire` until destruction. Movable.
class DataFolder {
 public:
  /// Makes the folder if it is not there and locks it.
  /// Errors: invalid_argument (empty path, or something else than a folder is there),
  /// already_open (with the holder's process id), io_error (with the system's reason).
  static Result<DataFolder> acquire(const std::string& path);

  DataFolder(DataFolder&& other) noexcept;
  DataFolder& operator=(DataFolder&& other) noexcept;
  ~DataFolder();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::string experience_path() const { return path_ + "/experience"; }

 private:
  DataFolder(std::string path, int descriptor) noexcept;

  std::string path_;
  int descriptor_ = -1;
  int owner_ = -1;  // The process that holds the lock: not one forked from it.
};

}  // namespace frys::detail
