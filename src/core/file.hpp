// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "frys/core/status.hpp"

namespace frys::detail {

/// `errno` as "what: strerror", for a call on `path`. ENOSPC, EROFS and the like say what to do.
Status io_error(std::string_view what, const std::string& path, int error_number);

/// Writes all of `content`; `path` is for the message.
Status write_all(int descriptor, const std::string& path, std::string_view content);

/// Replaces the file at `path` by `content`. Not atomic, not synced.
Status write_file(const std::string& path, std::string_view content);

/// The content of a small file (at most 64 KiB are read), or nothing when it cannot be read.
std::optional<std::string> read_small_file(const std::string& path);

}  // namespace frys::detail
