// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "frys/core/status.hpp"

namespace frys::detail {

/// `errno` as "what: strerror", for a call on `path`. ENOSPC, EROFS and the like say what to do.
Status io_error(std::string_view what, const std::string& path, int error_number);

/// Writes all of `content`; `path` is for the message.
Status write_all(int descriptor, const std::string& path, std::string_view content);

/// Puts the file or folder at `path` on the device.
Status sync_path(const std::string& path);

/// Refuses what would end the process by a signal (SIGXFSZ): a file of more bytes than the process
/// may write.
Status check_file_limit(const std::string& path, std::uint64_t bytes);

/// A descriptor that is closed when it goes.
class File {
 public:
  /// `flags` as open(2) has them; what is made, others may read.
  File(const std::string& path, int flags) noexcept;
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  [[nodiscard]] bool is_open() const noexcept { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

/// Replaces the file at `path` by `content`. Not atomic, not synced.
Status write_file(const std::string& path, std::string_view content);

/// The content of a small file (at most 64 KiB are read), or nothing when it cannot be read.
std::optional<std::string> read_small_file(const std::string& path);

}  // namespace frys::detail
