// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "text/corpus.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>

#include "text/utf8.hpp"

namespace crew {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t largest_file_bytes = std::uint64_t{1} << 20;
constexpr std::uint64_t batch_bytes = std::uint64_t{64} << 10;

/// Folders that hold what tools made, not what people wrote.
bool is_made_by_tools(std::string_view name) {
  if (name.starts_with(".") || name.starts_with("build-") || name.starts_with("cmake-build")) {
    return true;
  }
  return name == "build" || name == "node_modules" || name == "__pycache__" || name == "target";
}

bool is_same_folder(const fs::path& path, const std::string& other) {
  std::error_code error;
  return !other.empty() && fs::equivalent(path, other, error);
}

/// Keeps an even choice of `files` within `limit_bytes`: every file whose share of the bytes so far
/// crosses the next step of the limit's share.
void thin_out(Listing& listing, std::size_t limit_bytes) {
  std::uint64_t total = 0;
  for (const FileEntry& file : listing.files) total += file.size_bytes;
  if (total <= limit_bytes) return;
  const double share = static_cast<double>(limit_bytes) / static_cast<double>(total);
  std::vector<FileEntry> kept;
  double allowance = 0;
  std::size_t left_out = 0;
  for (FileEntry& file : listing.files) {
    const auto size = static_cast<double>(file.size_bytes);
    allowance += size * share;
    if (size <= allowance) {
      allowance -= size;
      kept.push_back(std::move(file));
    } else {
      ++left_out;
    }
  }
  listing.files = std::move(kept);
  listing.skipped.push_back({std::to_string(left_out) + " files",
                             "the folder holds more than the limit; an even choice was read"});
}

void consider(const fs::directory_entry& entry, const fs::path& root, Listing& listing) {
  std::error_code error;
  if (entry.is_symlink(error) || !entry.is_regular_file(error)) return;
  const std::string path = entry.path().lexically_relative(root).generic_string();
  const std::uintmax_t size = entry.file_size(error);
  if (error) {
    listing.skipped.push_back({path, error.message()});
  } else if (size > largest_file_bytes) {
    listing.skipped.push_back({path, "over 1 MiB"});
  } else if (size > 0) {
    listing.files.push_back({path, static_cast<std::uint64_t>(size)});
  }
}

}  // namespace

frys::Result<Listing> list_folder(const std::string& folder, const std::string& excluded,
                                  std::size_t limit_bytes) {
  std::error_code error;
  const fs::path root(folder);
  fs::recursive_directory_iterator entry(root, fs::directory_options::skip_permission_denied,
                                         error);
  if (error) {
    return frys::Status(frys::ErrorCode::io_error,
                        "the folder \"" + folder + "\" can't be listed: " + error.message());
  }
  Listing listing;
  for (; entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (error) break;
    std::error_code ignored;
    if (entry->is_directory(ignored)) {
      if (is_made_by_tools(entry->path().filename().string()) ||
          is_same_folder(entry->path(), excluded)) {
        entry.disable_recursion_pending();
      }
    } else {
      consider(*entry, root, listing);
    }
  }
  if (error) listing.skipped.push_back({folder, "the listing broke off: " + error.message()});
  std::sort(listing.files.begin(), listing.files.end(),
            [](const FileEntry& a, const FileEntry& b) { return a.path < b.path; });
  thin_out(listing, limit_bytes);
  return listing;
}

bool is_text(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size();) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    const bool blank = byte == '\t' || byte == '\n' || byte == '\r' || byte == '\f' ||
                       byte == '\v' || byte == '\b' || byte == 0x1B;
    if (byte < 0x20 && !blank) return false;
    const std::size_t length = utf8_length(bytes, i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

frys::Result<std::string> read_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  if (file == nullptr) {
    return frys::Status(frys::ErrorCode::io_error, std::strerror(errno));
  }
  std::string content;
  char buffer[1 << 14];
  std::size_t got = 0;
  while ((got = std::fread(buffer, 1, sizeof(buffer), file.get())) > 0) {
    content.append(buffer, got);
  }
  if (std::ferror(file.get()) != 0) {
    return frys::Status(frys::ErrorCode::io_error, "reading broke off");
  }
  return content;
}

std::vector<Batch> make_batches(std::vector<FileEntry> files, std::size_t max_batches) {
  std::uint64_t total = 0;
  for (const FileEntry& file : files) total += file.size_bytes;
  std::size_t count = std::clamp<std::size_t>(total / batch_bytes, 2, max_batches);
  count = std::min(count, std::max<std::size_t>(files.size(), 1));
  std::vector<Batch> batches(count);
  std::uint64_t before = 0;
  for (FileEntry& file : files) {
    const std::uint64_t middle = before + file.size_bytes / 2;
    before += file.size_bytes;
    const std::size_t index = total == 0 ? 0 : middle * count / total;
    batches[std::min(index, count - 1)].files.push_back(std::move(file));
  }
  std::erase_if(batches, [](const Batch& batch) { return batch.files.empty(); });
  return batches;
}

}  // namespace crew
