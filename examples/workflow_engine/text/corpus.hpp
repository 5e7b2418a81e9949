// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The text the crew works on, and how it gets from a folder into memory. Text stays in host memory;
// only numbers about it travel through the kernel, as tensors.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "frys/core/result.hpp"

namespace crew {

/// How much text is read when nobody says: enough for a large project, and seconds of work.
inline constexpr std::size_t default_limit_bytes = std::size_t{6} << 20;

/// A file that was found, before it is read.
struct FileEntry {
  std::string path;  ///< Relative to the folder, with '/'.
  std::uint64_t size_bytes = 0;
};

/// A file that was left out, and why.
struct SkippedFile {
  std::string path;
  std::string reason;
};

struct Listing {
  std::vector<FileEntry> files;  ///< By path.
  std::vector<SkippedFile> skipped;
};

/// The regular files below `folder`, sorted by path. Hidden and build folders (.git, build*, …)
/// and `excluded` are not entered, links are not followed; empty files and those over 1 MiB are
/// skipped. When the files together exceed `limit_bytes`, an even choice of them is kept.
/// Errors: io_error (the folder can't be listed).
frys::Result<Listing> list_folder(const std::string& folder, const std::string& excluded,
                                  std::size_t limit_bytes);

/// True for valid UTF-8 without NUL or other control characters that no text holds.
bool is_text(std::string_view bytes);

/// The content of a file. Errors: io_error (why it can't be read).
frys::Result<std::string> read_file(const std::string& path);

/// A file that was read.
struct Document {
  std::string path;
  std::string text;
};

/// Where a passage stands in its document.
struct Passage {
  std::int64_t document = 0;  ///< Index in its batch.
  std::int64_t offset_bytes = 0;
  std::int64_t length_bytes = 0;
  std::int64_t first_line = 0;  ///< From 1.
};

/// The documents of one reader's batch and the passages they were cut into. Written by one step,
/// read by the steps that come after it.
struct Batch {
  std::vector<FileEntry> files;
  std::vector<Document> documents;
  std::vector<SkippedFile> skipped;
  std::size_t passages = 0;
  std::uint64_t text_bytes = 0;  ///< Of all passages together.
};

/// Spreads the files over batches of about equal bytes, in order of path; the number of batches
/// grows with the bytes, from 2 to `max_batches` (fewer when there are fewer files).
std::vector<Batch> make_batches(std::vector<FileEntry> files, std::size_t max_batches);

}  // namespace crew
