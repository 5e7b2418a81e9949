// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/lake_backup.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "core/file.hpp"
#include "experience/graph_checkpoint.hpp"
#include "experience/lake_options.hpp"

namespace frys::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t copy_bytes = std::size_t{1} << 20;

std::string parent_of(const std::string& path) {
  const std::string parent = fs::path(path).parent_path();
  return parent.empty() ? "." : parent;
}

/// Whether `path` is `folder` or in it; both are real.
bool is_within(const fs::path& path, const fs::path& folder) {
  const fs::path relative = path.lexically_relative(folder);
  return !relative.empty() && *relative.begin() != "..";
}

Status check_target(const std::string& store, const std::string& target) {
  if (target.empty()) {
    return {ErrorCode::invalid_argument, "backup: the folder's name is empty; give one"};
  }
  std::error_code error;
  const fs::path parent = fs::canonical(parent_of(target), error);
  if (error || !is_within(parent, store)) return {};
  return {ErrorCode::invalid_argument,
          "backup: " + target + " is in the store's own folder; choose a place outside of it"};
}

/// Copies the rest of `from`, `bytes` at most; returns how many there were.
Result<std::uint64_t> copy_rest(int from, const std::string& from_path, int to,
                                const std::string& to_path, std::uint64_t bytes) {
  std::vector<char> buffer(std::min<std::uint64_t>(bytes, copy_bytes));
  std::uint64_t done = 0;
  while (done < bytes) {
    const ssize_t got =
        ::read(from, buffer.data(), std::min<std::uint64_t>(buffer.size(), bytes - done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error("cannot read", from_path, errno);
    if (got == 0) break;
    Status status = write_all(to, to_path, {buffer.data(), static_cast<std::size_t>(got)});
    if (!status.ok()) return status;
    done += static_cast<std::uint64_t>(got);
  }
  return done;
}

}  // namespace

StagedFolder::StagedFolder(std::string target, std::string path) noexcept
    : target_(std::move(target)), path_(std::move(path)) {}

StagedFolder::StagedFolder(StagedFolder&& other) noexcept
    : target_(std::move(other.target_)),
      path_(std::exchange(other.path_, {})),
      folders_(std::move(other.folders_)) {}

StagedFolder::~StagedFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

Status StagedFolder::taken() const {
  return {ErrorCode::already_exists, target_ + " exists already; name a folder that does not"};
}

Result<StagedFolder> StagedFolder::make(const std::string& target, const std::string& like) {
  std::string name = target;
  while (name.size() > 1 && name.ends_with('/')) name.pop_back();
  std::string path = name + ".part-XXXXXX";
  StagedFolder folder(std::move(name), {});
  struct stat info{};
  if (::lstat(folder.target_.c_str(), &info) == 0) return folder.taken();
  if (::mkdtemp(path.data()) == nullptr) {
    return io_error("cannot make the folder", folder.target_, errno);
  }
  folder.path_ = std::move(path);
  // mkdtemp's is for this user alone.
  if (::stat(like.c_str(), &info) != 0 || ::chmod(folder.path_.c_str(), info.st_mode & 0777) != 0) {
    return io_error("cannot make the folder", folder.target_, errno);
  }
  return folder;
}

Status StagedFolder::make_folder(const std::string& name) {
  const std::string path = path_ + "/" + name;
  folders_.push_back(name);
  return ::mkdir(path.c_str(), 0777) == 0 ? Status()
                                          : io_error("cannot make the folder", path, errno);
}

Status StagedFolder::link(const std::string& from, const std::string& name) {
  const std::string to = path_ + "/" + name;
  if (::link(from.c_str(), to.c_str()) == 0) return {};
  if (errno == ENOENT) return io_error("cannot find", from, errno);
  // Of another file system, or one that knows no links, or of another user.
  struct stat info{};
  if (::stat(from.c_str(), &info) != 0) return io_error("cannot open", from, errno);
  return copy(from, name, static_cast<std::uint64_t>(info.st_size));
}

Status StagedFolder::copy(const std::string& from, const std::string& name, std::uint64_t bytes) {
  const std::string path = path_ + "/" + name;
  Status status = check_file_limit(path, bytes);
  if (!status.ok()) return status;
  const File source(from, O_RDONLY);
  if (!source.is_open()) return io_error("cannot open", from, errno);
  const File file(path, O_WRONLY | O_CREAT | O_EXCL);
  if (!file.is_open()) return io_error("cannot create", path, errno);
  const Result<std::uint64_t> copied =
      copy_rest(source.descriptor(), from, file.descriptor(), path, bytes);
  if (!copied) return copied.error();
  if (*copied != bytes) {
    return {ErrorCode::corruption, from + " has " + std::to_string(*copied) +
                                       " bytes, it should have " + std::to_string(bytes)};
  }
  return ::fsync(file.descriptor()) == 0 ? Status() : io_error("cannot sync", path, errno);
}

Status StagedFolder::write(const std::string& name, const std::string& content) {
  const std::string path = path_ + "/" + name;
  Status status = check_file_limit(path, content.size());
  if (status.ok()) status = write_file(path, content);
  return status.ok() ? sync_path(path) : status;
}

Status StagedFolder::rename() {
  if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target_.c_str(), RENAME_NOREPLACE) == 0) {
    return {};
  }
  if (errno == EEXIST || errno == ENOTEMPTY) return taken();
  // A file system that can't refuse to replace: of what may be there, only an empty folder would
  // be.
  struct stat info{};
  if (errno == EINVAL && ::lstat(target_.c_str(), &info) != 0 &&
      ::rename(path_.c_str(), target_.c_str()) == 0) {
    return {};
  }
  return io_error("cannot rename", path_, errno);
}

Status StagedFolder::put() {
  Status status = sync_path(path_);
  for (const std::string& folder : folders_) {
    if (status.ok()) status = sync_path(path_ + "/" + folder);
  }
  if (status.ok()) status = rename();
  if (!status.ok()) return status;
  path_ = target_;
  status = sync_path(parent_of(target_));
  if (status.ok()) path_.clear();
  return status;
}

namespace {

/// Before the rows: a graph of more vectors than there are would be passed over.
Status add_graph(StagedFolder& folder, const std::string& store, std::uint8_t space,
                 const Environment& environment) {
  const std::string newest = GraphCheckpoint(store, space, environment).newest();
  if (newest.empty()) return {};
  const std::string name = GraphCheckpoint::folder_of(space);
  Status status = folder.make_folder(name);
  if (!status.ok()) return status;
  status = folder.link(newest, name + "/" + fs::path(newest).filename().string());
  std::error_code ignored;
  // It is gone when two newer ones were saved meanwhile: then the copy links its vectors anew.
  return status.ok() || fs::exists(newest, ignored) ? status : Status();
}

Status add_file(StagedFolder& folder, const rocksdb::LiveFileStorageInfo& file) {
  const std::string from = file.directory + "/" + file.relative_filename;
  if (!file.replacement_contents.empty()) {
    return folder.write(file.relative_filename, file.replacement_contents);
  }
  switch (file.file_type) {
    case rocksdb::kTableFile:
    case rocksdb::kBlobFile:
      return folder.link(from, file.relative_filename);
    case rocksdb::kOptionsFile:
      return {};  // There is none.
    default:
      return folder.copy(from, file.relative_filename, file.size);
  }
}

}  // namespace

Status back_up_lake(rocksdb::DB& db, const std::string& store, const std::string& target,
                    std::size_t spaces, const Environment& environment) {
  Status status = check_target(store, target);
  if (!status.ok()) return status;
  Result<StagedFolder> folder = StagedFolder::make(target, store);
  if (!folder) return folder.error();
  for (std::size_t space = 0; space <= spaces && status.ok(); ++space) {
    status = add_graph(*folder, store, static_cast<std::uint8_t>(space), environment);
  }
  if (!status.ok()) return status;
  status = to_status(db.DisableFileDeletions(), "keep its files");
  if (!status.ok()) return status;
  struct Keep {
    rocksdb::DB& db;
    ~Keep() { db.EnableFileDeletions(/*force=*/false).PermitUncheckedError(); }
  } keep{db};
  rocksdb::LiveFilesStorageInfoOptions how;
  // What is in memory is in the logs, too; to have it written out would need a job to be run.
  how.wal_size_for_flush = std::numeric_limits<std::uint64_t>::max();
  std::vector<rocksdb::LiveFileStorageInfo> files;
  status = to_status(db.GetLiveFilesStorageInfo(how, &files), "name its files");
  for (const rocksdb::LiveFileStorageInfo& file : files) {
    if (status.ok()) status = environment.check_fault("experience.backup");
    if (status.ok()) status = add_file(*folder, file);
  }
  if (status.ok()) status = environment.check_fault("experience.backup");
  return status.ok() ? folder->put() : status;
}

}  // namespace frys::detail
